using System.Buffers.Binary;
using Google.Protobuf;
using Microsoft.ML.CnnZoo.Files;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Protos;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Checkpoints;

/// <summary>
/// Reads tensors from a TensorFlow checkpoint: <c>PREFIX.index</c> says where each tensor lies in the files
/// <c>PREFIX.data-00000-of-00001</c> …; checksums are verified, and sizes checked before memory is taken for them.
/// </summary>
internal sealed class Checkpoint
{
    /// <summary>The key of the graph of objects in checkpoints of TensorFlow 2.</summary>
    public const string ObjectGraphKey = "_CHECKPOINTABLE_OBJECT_GRAPH";

    private readonly string _prefix;
    private readonly int _shards;
    private readonly Dictionary<string, BundleEntryProto> _entries = new(StringComparer.Ordinal);

    private Checkpoint(string prefix)
    {
        _prefix = prefix;
        string index = $"{prefix}.index";
        BundleHeaderProto? header = null;
        foreach ((string key, byte[] value) in SortedTable.Read(File.ReadAllBytes(index), index))
            if (key.Length == 0)
                header = Parse(BundleHeaderProto.Parser, value, "the header");
            else if (!_entries.TryAdd(key, Parse(BundleEntryProto.Parser, value, $"the entry of '{key}'")))
                throw new InvalidDataException($"'{index}' lists the tensor '{key}' twice.");
        if (header is null || header.NumShards < 1)
            throw new InvalidDataException($"'{index}' has no header that states a number of data files.");
        if (header.Endianness != BundleHeaderProto.Types.Endianness.Little)
            throw new InvalidDataException($"'{index}' was written on a big-endian machine, which is not supported.");
        _shards = header.NumShards;
    }

    /// <summary>Names of the tensors.</summary>
    public IReadOnlyCollection<string> Keys => _entries.Keys;

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="prefix">The files' common path, without <c>.index</c>.</param>
    /// <exception cref="InvalidDataException">The index is damaged.</exception>
    /// <exception cref="FileNotFoundException">There is no index.</exception>
    public static Checkpoint Open(string prefix) => new(prefix);

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool Contains(string key) => _entries.ContainsKey(key);

    /// <summary>A tensor of numbers.</summary>
    /// <exception cref="InvalidDataException">No such tensor, or it is damaged, partitioned or of an unsupported type.
    /// </exception>
    public TensorLiteral Read(string key)
    {
        BundleEntryProto entry = Entry(key);
        DataType type;
        TensorShape shape;
        long length;
        try
        {
            type = AttributeProto.FromProto(entry.Dtype);
            shape = AttributeProto.FromProto(entry.Shape ?? new());
            length = new TensorSpec(type, shape).ByteLength;
        }
        catch (Exception e) when (e is GraphException or OverflowException or InvalidOperationException
            or ArgumentException)
        {
            throw Invalid(key, e.Message.TrimEnd('.'));
        }
        if (length != entry.Size)
            throw Invalid(key, $"{type}{shape} has {length} bytes, but {entry.Size} are stored");
        byte[] bytes = ReadBytes(key, entry);
        if (Crc32C.Mask(Crc32C.Append(0, bytes)) != entry.Crc32C)
            throw Invalid(key, "its checksum does not match");
        return new TensorLiteral(type, shape, bytes);
    }

    /// <summary>Which key holds which variable, by the variables' full names; empty without a graph of objects.
    /// </summary>
    public Dictionary<string, string> KeysByVariable()
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        if (!Contains(ObjectGraphKey))
            return keys;
        TrackableObjectGraph graph = Parse(TrackableObjectGraph.Parser, ReadText(ObjectGraphKey), "the object graph");
        foreach (TrackableObjectGraph.Types.TrackableObject.Types.SerializedTensor tensor
            in graph.Nodes.SelectMany(n => n.Attributes))
            if (tensor.FullName.Length > 0)
                keys.TryAdd(tensor.FullName, tensor.CheckpointKey);
        return keys;
    }

    /// <summary>A single string: its length, the length's checksum, its bytes.</summary>
    private byte[] ReadText(string key)
    {
        BundleEntryProto entry = Entry(key);
        if (entry.Dtype != Graph.Protos.DataType.DtString || entry.Shape?.Dim.Count > 0)
            throw Invalid(key, "it is not a single string");
        byte[] bytes = ReadBytes(key, entry);
        int at = 0;
        ulong length = SortedTable.ReadVarint(bytes, ref at, _prefix);
        if (length != (ulong)Math.Max(0, bytes.Length - at - sizeof(uint)))
            throw Invalid(key, $"a string of {length} bytes is stored in {bytes.Length}");
        Span<byte> prefix = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(prefix, (uint)length);
        uint crc = Crc32C.Append(Crc32C.Append(0, prefix), bytes.AsSpan(at));
        return Crc32C.Mask(crc) == entry.Crc32C ? bytes[(at + sizeof(uint))..]
            : throw Invalid(key, "its checksum does not match");
    }

    private BundleEntryProto Entry(string key)
    {
        if (!_entries.TryGetValue(key, out BundleEntryProto? entry))
            throw new InvalidDataException($"'{_prefix}.index' has no tensor '{key}'.");
        return entry.Slices.Count == 0 ? entry
            : throw Invalid(key, $"it is partitioned into {entry.Slices.Count} slices, which is not supported");
    }

    private byte[] ReadBytes(string key, BundleEntryProto entry)
    {
        if (entry.ShardId < 0 || entry.ShardId >= _shards)
            throw Invalid(key, $"it is said to be in data file {entry.ShardId} of {_shards}");
        string path = $"{_prefix}.data-{entry.ShardId:D5}-of-{_shards:D5}";
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (entry.Size < 0 || entry.Offset < 0 || entry.Size > stream.Length
            || entry.Offset > stream.Length - entry.Size || entry.Size > Array.MaxLength)
            throw Invalid(key, $"it is said to take bytes {entry.Offset} to {entry.Offset + entry.Size} of " +
                $"'{Path.GetFileName(path)}', which has {stream.Length}");
        stream.Position = entry.Offset;
        var bytes = new byte[entry.Size];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private T Parse<T>(MessageParser<T> parser, byte[] bytes, string what) where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"'{_prefix}.index': {what} cannot be read ({e.Message}).", e);
        }
    }

    private InvalidDataException Invalid(string key, string why) =>
        new($"'{_prefix}.index': the tensor '{key}' cannot be read: {why}.");
}
