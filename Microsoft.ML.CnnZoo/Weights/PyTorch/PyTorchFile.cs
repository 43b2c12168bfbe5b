using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text;

namespace Microsoft.ML.CnnZoo.Weights.PyTorch;

/// <summary>
/// Tensors of a file that PyTorch's <c>torch.save</c> wrote (.pth, .pt, pytorch_model.bin): a state dict, or a
/// checkpoint that has one inside. The pickle is read by <see cref="PickleReader"/>, which runs nothing; storages are
/// mapped, not loaded.
/// </summary>
internal sealed class PyTorchFile : ITensorSource
{
    private readonly MemoryMappedFile _map;
    private readonly IReadOnlyDictionary<string, ZipEntry> _storages;
    private readonly Dictionary<string, TorchTensor> _tensors = new(StringComparer.Ordinal);
    private readonly List<TensorEntry> _entries = [];

    private PyTorchFile(string path, object? root, IReadOnlyDictionary<string, ZipEntry> storages)
    {
        (Origin, _storages) = (path, storages);
        foreach ((string name, TorchTensor tensor) in StateDict.Find(root, path))
        {
            if (!_tensors.TryAdd(name, tensor))
                throw Invalid(path, $"it has the tensor '{name}' twice");
            _entries.Add(new(name, tensor.DataType, tensor.Shape));
            CheckStorage(name, tensor.Storage);
        }
        _map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
    }

    /// <inheritdoc/>
    public string Origin { get; }

    /// <summary>None: the format has no place for text.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public IEnumerable<TensorEntry> Tensors => _entries;

    /// <summary>Whether a file begins like one of torch.save.</summary>
    /// <param name="start">Its first bytes.</param>
    public static bool IsOne(ReadOnlySpan<byte> start) => IsZip(start) || start is [0x80, >= 2 and <= 5, ..];

    /// <summary>Opens a file and checks its directory and its pickles.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or holds anything but tensors.</exception>
    public static PyTorchFile Open(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        Span<byte> start = stackalloc byte[4];
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return IsZip(start[..read]) ? OpenZip(stream, path) : OpenOld(stream, path);
    }

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _tensors.TryGetValue(name, out TorchTensor? tensor)
        ? new(name, tensor.DataType, tensor.Shape) : null;

    /// <inheritdoc/>
    public Stream OpenTensor(string name)
    {
        TorchTensor tensor = _tensors[name];
        long length = tensor.Span * tensor.ElementSize;
        if (length == 0)
            return Stream.Null;
        long start = _storages[tensor.Storage.Key].Offset + (tensor.Offset * tensor.ElementSize)
            + (tensor.Storage.Start * TensorElements.SizeOf(tensor.Storage.DataType));
        MemoryMappedViewStream view = _map.CreateViewStream(start, length, MemoryMappedFileAccess.Read);
        if (tensor.IsContiguous)
            return view;
        using (view)
        {
            if (length > Array.MaxLength || tensor.ElementCount * tensor.ElementSize > Array.MaxLength)
                throw Invalid(Origin, $"the tensor '{name}' is larger than 2 GiB and not contiguous");
            var bytes = new byte[length];
            view.ReadExactly(bytes);
            return new MemoryStream(tensor.Gather(bytes), writable: false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _map.Dispose();

    private static bool IsZip(ReadOnlySpan<byte> start) => start is [(byte)'P', (byte)'K', 3, 4, ..];

    /// <summary>The form since PyTorch 1.6: name/data.pkl and name/data/KEY.</summary>
    private static PyTorchFile OpenZip(Stream stream, string path)
    {
        Dictionary<string, ZipEntry> entries = ZipDirectory.Read(stream, path);
        string[] pickles = [.. entries.Keys.Where(n => n == "data.pkl"
            || (n.EndsWith("/data.pkl", StringComparison.Ordinal) && n.Count(c => c == '/') == 1))];
        if (pickles.Length != 1)
            throw Invalid(path, "the archive has no data.pkl");
        string folder = pickles[0][..^"data.pkl".Length];
        if (entries.ContainsKey($"{folder}constants.pkl"))
            throw new InvalidDataException($"'{path}' is a TorchScript file, a program with its weights. In Python: "
                + $"torch.save(torch.jit.load('{Path.GetFileName(path)}').state_dict(), 'weights.pth').");
        if (entries.TryGetValue($"{folder}byteorder", out ZipEntry? order) && order.Length < 16 && Encoding.ASCII
            .GetString(ZipDirectory.ReadBytes(stream, order.Offset, order.Length, path)).Trim() == "big")
            throw Invalid(path, "its numbers are big-endian");
        ZipEntry pickle = entries[pickles[0]];
        if (pickle.Length > PickleReader.MaxBytes)
            throw Invalid(path, $"its pickle has {pickle.Length} bytes (at most {PickleReader.MaxBytes} are accepted)");
        byte[] data = ZipDirectory.ReadBytes(stream, pickle.Offset, pickle.Length, path);
        object? root = new PickleReader(data, path, new TorchObjects(path)).Read();
        string storages = $"{folder}data/";
        return new PyTorchFile(path, root, entries.Where(e => e.Key.StartsWith(storages, StringComparison.Ordinal))
            .ToDictionary(e => e.Key[storages.Length..], e => e.Value, StringComparer.Ordinal));
    }

    /// <summary>The form before: five pickles, then each storage with its number of elements.</summary>
    private static PyTorchFile OpenOld(Stream stream, string path)
    {
        byte[] head = ZipDirectory.ReadBytes(stream, 0, Math.Min(stream.Length, PickleReader.MaxBytes), path);
        var objects = new TorchObjects(path);
        var reader = new PickleReader(head, path, objects);
        if (reader.Read() is not System.Numerics.BigInteger magic || $"{magic:x}" != "1950a86a20f9469cfc6c")
            throw Invalid(path, "it is a pickle, but not one of torch.save");
        if (reader.Read() is not 1001L)
            throw Invalid(path, "its protocol version is unknown");
        if (reader.Read() is PickleDictionary system && system["little_endian"] is false)
            throw Invalid(path, "its numbers are big-endian");
        object? root = reader.Read();
        var keys = reader.Read() as List<object?> ?? throw Invalid(path, "it has no list of storages");
        var storages = new Dictionary<string, ZipEntry>(StringComparer.Ordinal);
        long at = reader.Position;
        foreach (object? item in keys)
        {
            if (item is not string key || !objects.Storages.TryGetValue(key, out TorchStorage? storage))
                throw Invalid(path, "it lists a storage that no tensor has");
            long count = BinaryPrimitives.ReadInt64LittleEndian(ZipDirectory.ReadBytes(stream, at, sizeof(long), path));
            if (count != storage.Count)
                throw Invalid(path, $"a storage of {storage.Count} elements has {count}");
            long length = count * TensorElements.SizeOf(storage.DataType);
            at += sizeof(long);
            if (length > stream.Length - at)
                throw Invalid(path, $"a storage claims {length} bytes at {at}, the file has {stream.Length}");
            if (!storages.TryAdd(key, new ZipEntry(at, length)))
                throw Invalid(path, "it lists a storage twice");
            at += length;
        }
        return new PyTorchFile(path, root, storages);
    }

    private void CheckStorage(string name, TorchStorage storage)
    {
        long end = (storage.Start + storage.Count) * TensorElements.SizeOf(storage.DataType);
        if (!_storages.TryGetValue(storage.Key, out ZipEntry? entry) ? end > 0 : end > entry.Length)
            throw Invalid(Origin, $"the tensor '{name}' needs {end} bytes of the storage '{storage.Key}', which "
                + (entry is null ? "is missing" : $"has {entry.Length}"));
    }

    private static InvalidDataException Invalid(string path, string why) =>
        new($"'{path}' is not a valid file of torch.save: {why}.");
}
