using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Numerics.Tensors;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="DataType">Element type: the file's <c>dtype</c>, for example F32, F16, BF16, I64.</param>
/// <param name="Shape">Dimensions, outermost first.</param>
/// <param name="Offset">First byte, counted from the end of the header.</param>
/// <param name="ByteLength">Bytes.</param>
internal sealed record SafetensorsEntry(string Name, string DataType, IReadOnlyList<long> Shape, long Offset,
    long ByteLength)
    : TensorEntry(Name, Shape);

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

    /// <summary>A tensor's elements as float32, widened from F16, BF16 or narrowed from F64 where needed.</summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="destination">Exactly as many elements as the tensor has.</param>
    /// <exception cref="KeyNotFoundException">No such tensor.</exception>
    /// <exception cref="InvalidDataException">Its elements are not floating, or not finite as 32-bit floats.</exception>
    public void Read(string name, Span<float> destination)
    {
        SafetensorsEntry entry = _entries.GetValueOrDefault(name)
            ?? throw new KeyNotFoundException($"'{Path}' has no tensor '{name}'.");
        if (entry.ElementCount != destination.Length)
            throw new ArgumentException(
                $"'{name}' has {entry.ElementCount} elements; {destination.Length} were asked for.",
                nameof(destination));
        if (entry.ByteLength == 0)
            return;
        using MemoryMappedViewStream view = _map!.CreateViewStream(_dataStart + entry.Offset, entry.ByteLength,
            MemoryMappedFileAccess.Read);
        SafetensorsElements.Read(view, entry, destination, Path);
        if (!TensorPrimitives.IsFiniteAll<float>(destination))
            throw new InvalidDataException($"'{Path}': the tensor '{name}' has values that are not finite as 32-bit floats.");
    }

    /// <inheritdoc/>
    public void Dispose() => _map?.Dispose();

    internal static InvalidDataException Invalid(string path, string why, Exception? inner = null) =>
        new($"'{path}' is not a valid safetensors file: {why}.", inner);
}
