using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Microsoft.ML.CnnZoo.Tests.Weights;

/// <summary>Writes pickles and files of torch.save as PyTorch does, and such as it would not.</summary>
internal sealed class PickleWriter
{
    private readonly List<byte> _bytes = [];

    public PickleWriter() => Op(0x80, 2);

    public byte[] ToArray() => [.. _bytes, (byte)'.'];

    public PickleWriter Op(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleWriter Op(char op) => Op((byte)op);

    public PickleWriter Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Op('X');
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op(length).Op(utf8);
    }

    public PickleWriter Number(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Op(0x8a, 8).Op(bytes);
    }

    public PickleWriter Global(string module, string name) => Op('c').Op(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleWriter Tuple(params long[] values)
    {
        Op('(');
        foreach (long value in values)
            Number(value);
        return Op('t');
    }

    /// <summary>('storage', torch.FloatStorage, key, 'cpu', count) as a persistent object.</summary>
    public PickleWriter Storage(string key, long count, string type = "FloatStorage") =>
        Op('(').Text("storage").Global("torch", type).Text(key).Text("cpu").Number(count).Op('t').Op('Q');

    /// <summary>A call of _rebuild_tensor_v2.</summary>
    public PickleWriter Tensor(string key, long count, long offset, long[] shape, long[] strides,
        string type = "FloatStorage") =>
        Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(key, count, type).Number(offset).Tuple(shape)
            .Tuple(strides).Op(0x89).Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R');

    /// <summary>An archive with that pickle and one storage "0" of floats.</summary>
    public static void WriteZip(string path, byte[] pickle, params ReadOnlySpan<float> storage) =>
        WriteZip(path, pickle, storage.ToArray(), "archive/version");

    public static void WriteZip(string path, byte[] pickle, float[] storage, string other,
        CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var archive = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        Add("archive/data.pkl", pickle);
        Add(other, "3\n"u8.ToArray());
        var bytes = new byte[storage.Length * 4];
        Buffer.BlockCopy(storage, 0, bytes, 0, bytes.Length);
        Add("archive/data/0", bytes);

        void Add(string name, byte[] content)
        {
            using Stream stream = archive.CreateEntry(name, level).Open();
            stream.Write(content);
        }
    }
}
