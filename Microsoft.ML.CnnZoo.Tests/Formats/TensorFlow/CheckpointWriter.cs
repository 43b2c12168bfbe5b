using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Microsoft.ML.CnnZoo.Files;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Checkpoints;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Protos;
using Microsoft.ML.CnnZoo.Graph;
using GraphProtos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>Writes checkpoints in as many data files as asked for, one block of the index for each few keys.</summary>
internal sealed class CheckpointWriter(int shards)
{
    private const int KeysPerBlock = 3;

    private readonly SortedDictionary<string, BundleEntryProto> _entries = new(StringComparer.Ordinal);
    private readonly MemoryStream[] _data = [.. Enumerable.Range(0, shards).Select(_ => new MemoryStream())];

    public void Add(string key, TensorLiteral value) => Add(key, (GraphProtos.DataType)value.Spec.Type,
        value.Spec.Shape, value.Bytes.ToArray(), Crc32C.Append(0, value.Bytes));

    public void AddText(string key, byte[] text)
    {
        Span<byte> length = stackalloc byte[4], checksum = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        uint crc = Crc32C.Append(0, length);
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Crc32C.Mask(crc));
        Add(key, GraphProtos.DataType.DtString, TensorShape.Scalar, [.. Varint(text.Length), .. checksum, .. text],
            Crc32C.Append(Crc32C.Append(crc, checksum), text));
    }

    /// <summary>An entry to change before it is written.</summary>
    public BundleEntryProto this[string key] => _entries[key];

    public void Write(string prefix)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(prefix)!);
        for (int i = 0; i < shards; i++)
            File.WriteAllBytes($"{prefix}.data-{i:D5}-of-{shards:D5}", _data[i].ToArray());
        var rows = new List<(string Key, byte[] Value)>
        {
            ("", new BundleHeaderProto { NumShards = shards, Version = new() { Producer = 1 } }.ToByteArray()),
        };
        rows.AddRange(_entries.Select(e => (e.Key, e.Value.ToByteArray())));
        var table = new List<byte>();
        var index = new List<(string Key, byte[] Value)>();
        foreach ((string Key, byte[] Value)[] chunk in rows.Chunk(KeysPerBlock))
            index.Add((chunk[^1].Key, Block(table, chunk)));
        byte[] meta = Block(table, []), footer = [.. meta, .. Block(table, [.. index])];
        Array.Resize(ref footer, 48);
        BinaryPrimitives.WriteUInt64LittleEndian(footer.AsSpan(40), 0xDB4775248B80FB57);
        File.WriteAllBytes($"{prefix}.index", [.. table, .. footer]);
    }

    private void Add(string key, GraphProtos.DataType type, TensorShape shape, byte[] bytes, uint crc)
    {
        int shard = _entries.Count % shards;
        _entries.Add(key, new BundleEntryProto
        {
            Dtype = type, Shape = AttributeProto.ToProto(shape), ShardId = shard, Offset = _data[shard].Length,
            Size = bytes.Length, Crc32C = Crc32C.Mask(crc),
        });
        _data[shard].Write(bytes);
    }

    /// <summary>Appends a block; what keys share with the one before is left out. Returns where it is.</summary>
    private static byte[] Block(List<byte> table, IReadOnlyList<(string Key, byte[] Value)> rows)
    {
        var block = new List<byte>();
        byte[] previous = [];
        foreach ((string text, byte[] value) in rows)
        {
            byte[] key = Encoding.UTF8.GetBytes(text);
            int shared = key.Zip(previous).TakeWhile(p => p.First == p.Second).Count();
            block.AddRange([.. Varint(shared), .. Varint(key.Length - shared), .. Varint(value.Length),
                .. key[shared..], .. value]);
            previous = key;
        }
        block.AddRange([0, 0, 0, 0, 1, 0, 0, 0]); // one restart point, at the start
        byte[] handle = [.. Varint(table.Count), .. Varint(block.Count)];
        block.Add(0);
        Span<byte> crc = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(crc, Crc32C.Mask(Crc32C.Append(0, [.. block])));
        table.AddRange([.. block, .. crc]);
        return handle;
    }

    private static byte[] Varint(int value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        return [.. bytes, (byte)value];
    }
}
