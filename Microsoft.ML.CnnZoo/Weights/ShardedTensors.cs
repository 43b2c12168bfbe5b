using System.Text.Json;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>
/// Tensors in several files beside an index (<c>model.safetensors.index.json</c>): <c>weight_map</c> names the file of
/// each.
/// </summary>
internal sealed class ShardedTensors : ITensorSource
{
    private const long MaxIndexBytes = 1 << 26;

    private readonly Dictionary<string, ITensorSource> _shards = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ITensorSource> _sourceOf = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    private ShardedTensors(string path) => Origin = path;

    /// <inheritdoc/>
    public string Origin { get; }

    /// <summary>Of the first shard.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; private set; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public IEnumerable<TensorEntry> Tensors => _names.Select(n => _sourceOf[n].Find(n)!);

    /// <summary>Opens an index and all its files, which must lie in its own folder.</summary>
    /// <exception cref="InvalidDataException">
    /// The index is damaged, or a file is missing, elsewhere, or lacks a tensor.
    /// </exception>
    public static ShardedTensors Open(string path)
    {
        var tensors = new ShardedTensors(path);
        try
        {
            foreach ((string name, string file) in ReadMap(path))
                tensors.Add(name, file);
            return tensors;
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _sourceOf.GetValueOrDefault(name)?.Find(name);

    /// <inheritdoc/>
    public Stream OpenTensor(string name) => _sourceOf[name].OpenTensor(name);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ITensorSource shard in _shards.Values)
            shard.Dispose();
    }

    private void Add(string name, string file)
    {
        if (!_shards.TryGetValue(file, out ITensorSource? shard))
        {
            if (file.Length == 0 || file is "." or ".." || file.AsSpan().ContainsAny("/\\\0:"))
                throw Invalid(Origin, $"it names the file '{file}'; expected one in the index's own folder");
            string path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Origin))!, file);
            if (!File.Exists(path))
                throw Invalid(Origin, $"its file '{file}' is not there");
            shard = TensorFiles.OpenShard(path);
            _shards.Add(file, shard);
            if (_shards.Count == 1)
                Metadata = shard.Metadata;
        }
        if (shard.Find(name) is null)
            throw Invalid(Origin, $"the tensor '{name}' is not in '{file}'");
        if (!_sourceOf.TryAdd(name, shard))
            throw Invalid(Origin, $"it lists the tensor '{name}' twice");
        _names.Add(name);
    }

    private static List<(string Name, string File)> ReadMap(string path)
    {
        if (new FileInfo(path).Length > MaxIndexBytes)
            throw Invalid(path, $"it is longer than {MaxIndexBytes} bytes");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path),
                new JsonDocumentOptions { MaxDepth = 8 });
            return [.. document.RootElement.GetProperty("weight_map").EnumerateObject()
                .Select(p => (p.Name, p.Value.GetString() ?? ""))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw Invalid(path, $"it cannot be read ({e.Message})", e);
        }
    }

    private static InvalidDataException Invalid(string path, string why, Exception? inner = null) =>
        new($"'{path}' is not a valid index of tensor files: {why}.", inner);
}
