using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="DataType">The file's <c>dtype</c>.</param>
/// <param name="Shape">Dimensions, outermost first.</param>
/// <param name="Offset">First byte, counted from the end of the header.</param>
/// <param name="ByteLength">Bytes.</param>
internal sealed record SafetensorsEntry(string Name, string DataType, IReadOnlyList<long> Shape, long Offset,
    long ByteLength)
    : TensorEntry(Name, DataType, Shape);

/// <summary>
/// Reads tensors from a safetensors file: eight bytes of header length, a JSON header, raw little-endian data. The file
/// is mapped, not loaded; every number in the header is checked against the file before any memory is taken for it.
/// </summary>
internal sealed class SafetensorsFile : ITensorSource
{
    /// <summary>Longest header accepted, bytes.</summary>
    public const long MaxHeaderBytes = 100_000_000;

    private readonly MemoryMappedFile? _map;
    private readonly long _dataStart;
    private readonly Dictionary<string, SafetensorsEntry> _entries;

    private SafetensorsFile(string path, MemoryMappedFile? map, long dataStart, Dictionary<string,
        SafetensorsEntry> entries, IReadOnlyDictionary<string, string> metadata) =>
        (Path, _map, _dataStart, _entries, Metadata) = (path, map, dataStart, entries, metadata);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public string Origin => Path;

    /// <inheritdoc/>
    public IEnumerable<TensorEntry> Tensors => Entries;

    /// <summary>The header's <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Names of the tensors, in the file's order of data.</summary>
    public IEnumerable<SafetensorsEntry> Entries =>
        _entries.Values.OrderBy(e => e.Offset).ThenBy(e => e.Name, StringComparer.Ordinal);

    /// <inheritdoc/>
    public TensorEntry? Find(string name) => _entries.GetValueOrDefault(name);

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not safetensors, is truncated, or its header contradicts
    /// itself.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (Directory.Exists(path))
            throw Invalid(path, "it is a folder");
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        long length = stream.Length;
        if (length < 8)
            throw Invalid(path, $"it has {length} bytes, less than the 8 of a header length");
        Span<byte> prefix = stackalloc byte[8];
        stream.ReadExactly(prefix);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > (ulong)Math.Min(MaxHeaderBytes, length - 8))
            throw Invalid(path, $"its header claims {headerLength} bytes; the file has {length} "
                + $"(and at most {MaxHeaderBytes} are accepted)");
        var header = new byte[headerLength];
        stream.ReadExactly(header);
        long dataStart = 8 + (long)headerLength;
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        Dictionary<string, SafetensorsEntry> entries = SafetensorsHeader.Parse(path, header, length - dataStart,
            metadata);
        MemoryMappedFile? map = length == dataStart ? null : MemoryMappedFile.CreateFromFile(path, FileMode.Open, null,
            0, MemoryMappedFileAccess.Read);
        return new SafetensorsFile(path, map, dataStart, entries, metadata);
    }

    /// <inheritdoc/>
    public Stream OpenTensor(string name)
    {
        SafetensorsEntry entry = _entries[name];
        return entry.ByteLength == 0 ? Stream.Null : _map!.CreateViewStream(_dataStart + entry.Offset, entry.ByteLength,
            MemoryMappedFileAccess.Read);
    }

    /// <inheritdoc/>
    public void Dispose() => _map?.Dispose();

    internal static InvalidDataException Invalid(string path, string why, Exception? inner = null) =>
        new($"'{path}' is not a valid safetensors file: {why}.", inner);
}
