using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Weights;

namespace CnnZoo.Cli;

/// <summary>
/// The tensors of Keras' files: <c>.h5</c> of Keras 1 to 3 with or without a model, <c>.weights.h5</c>, and the one in
/// <c>.keras</c>.
/// </summary>
/// <remarks>
/// Names are the file's: <c>conv1/kernel:0</c> as the lists <c>weight_names</c> have them, or paths such as
/// <c>layers/conv2d_1/vars/0</c>, whose layer's name stands in an attribute or in the configuration.
/// </remarks>
internal sealed partial class KerasWeightsFile : ITensorSource
{
    private const string Archived = "model.weights.h5", Configuration = "config.json", Legacy = "model_weights";
    private const int MaxDepth = 16, MaxObjects = 200_000;
    private const long MaxConfigurationBytes = 1 << 28;

    private readonly Hdf5File _file;
    private readonly Dictionary<string, (TensorEntry Entry, string Path)> _tensors = new(StringComparer.Ordinal);
    private readonly List<TensorEntry> _entries = [];
    private int _objects;

    private KerasWeightsFile(string path, Hdf5File file, Dictionary<string, string> layers)
    {
        (Origin, _file) = (path, file);
        string root = file.HasGroup(Legacy) ? Legacy : "";
        if (file.Texts(root, "layer_names") is null && file.Texts(root, "layer_names0") is null)
            AddAll("", null, layers, 0);
        else
            foreach (string layer in file.Children(root).Where(c => file.HasGroup(Join(root, c))))
                AddAll(Join(root, layer), Join(root, layer), layers, 0);
    }

    /// <inheritdoc/>
    public string Origin { get; }

    /// <summary>None.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public IEnumerable<TensorEntry> Tensors => _entries;

    /// <summary>Opens a file if it is one of Keras'.</summary>
    /// <returns>Null where it is of another kind.</returns>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static KerasWeightsFile? TryOpen(string path)
    {
        Span<byte> start = stackalloc byte[8];
        using (FileStream stream = File.OpenRead(path))
            start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (Hdf5File.IsOne(start))
            return Create(path, Hdf5File.Open(path), []);
        return start.StartsWith("PK\x3\x4"u8) ? TryOpenArchive(path) : null;
    }

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _tensors.TryGetValue(name, out var found) ? found.Entry : null;

    /// <inheritdoc/>
    public Stream OpenTensor(string name) =>
        new MemoryStream(_file.ReadBytes(_tensors[name].Path), writable: false);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static KerasWeightsFile? TryOpenArchive(string path)
    {
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            if (archive.GetEntry(Archived) is not { } weights)
                return null;
            Dictionary<string, string> layers = archive.GetEntry(Configuration) is { } configuration
                ? Layers(Read(configuration, MaxConfigurationBytes)) : [];
            return Create(path, Hdf5File.Open(Read(weights, Array.MaxLength), path), layers);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or EndOfStreamException or NotSupportedException
            || (e is InvalidDataException && !e.Message.StartsWith($"'{path}'", StringComparison.Ordinal)))
        {
            // What is wrong with an archive of torch.save, its own reader says.
            return Path.GetExtension(path) != ".keras" ? null
                : throw new InvalidDataException($"'{path}' is not a valid Keras file: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static KerasWeightsFile Create(string path, Hdf5File file, Dictionary<string, string> layers)
    {
        try
        {
            return new KerasWeightsFile(path, file, layers);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>What an entry holds, which takes no more memory than the archive can fill.</summary>
    private static MemoryStream Read(ZipArchiveEntry entry, long limit)
    {
        if (entry.Length > limit || entry.Length / 1100 > entry.CompressedLength)
            throw new InvalidDataException($"'{entry.Name}' in it claims {entry.Length} bytes");
        using Stream stream = entry.Open();
        var content = new byte[entry.Length];
        stream.ReadExactly(content);
        return new MemoryStream(content);
    }

    /// <summary>
    /// Layers' names by their groups, which Keras 2 and early versions of Keras 3 count by class: conv2d, conv2d_1.
    /// </summary>
    private static Dictionary<string, string> Layers(MemoryStream configuration)
    {
        using JsonDocument document = JsonDocument.Parse(configuration);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonElement layer in document.RootElement.GetProperty("config").GetProperty("layers").EnumerateArray())
        {
            string kind = layer.GetProperty("class_name").GetString() ?? "";
            string group = Words().Replace(Capitals().Replace(kind, "$1_$2"), "$1_$2").ToLowerInvariant();
            int count = counts.GetValueOrDefault(group);
            counts[group] = count + 1;
            names[count == 0 ? group : $"{group}_{count}"] =
                layer.GetProperty("config").GetProperty("name").GetString() ?? "";
        }
        return names;
    }

    /// <summary>Adds the data of a group and of those in it.</summary>
    /// <param name="group">Path in the file.</param>
    /// <param name="cut">What is cut off the names; null: nothing.</param>
    /// <param name="layers">Layers' names by their groups.</param>
    /// <param name="depth">Groups around this one.</param>
    private void AddAll(string group, string? cut, Dictionary<string, string> layers, int depth)
    {
        if (depth > MaxDepth)
            throw new InvalidDataException($"'{Origin}' has more than {MaxDepth} groups in each other.");
        foreach (string child in _file.Children(group))
        {
            if (++_objects > MaxObjects)
                throw new InvalidDataException($"'{Origin}' has more than {MaxObjects} objects.");
            string path = Join(group, child);
            if (_file.ShapeOf(path) is not { } shape)
            {
                AddAll(path, cut, layers, depth + 1);
                continue;
            }
            string name = cut is null ? path : path[(cut.Length + 1)..];
            var entry = new TensorEntry(name, _file.DataTypeOf(path), shape) { Layer = LayerOf(group, layers) };
            if (!_tensors.TryAdd(name, (entry, path)))
                throw new InvalidDataException($"'{Origin}' has the tensor '{name}' twice.");
            _entries.Add(entry);
        }
    }

    /// <summary>Of layers/conv2d_1/vars: the attribute's, the configuration's, or none.</summary>
    private string? LayerOf(string group, Dictionary<string, string> layers)
    {
        string[] parts = group.Split('/');
        if (parts.Length < 2 || parts[^1] != "vars")
            return null;
        return _file.Texts(group, "name") is [{ Length: > 0 } name] ? name : layers.GetValueOrDefault(parts[^2]);
    }

    private static string Join(string group, string child) => group.Length == 0 ? child : $"{group}/{child}";

    [GeneratedRegex("(.)([A-Z][a-z]+)")]
    private static partial Regex Capitals();

    [GeneratedRegex("([a-z])([A-Z])")]
    private static partial Regex Words();
}
