using System.Buffers.Binary;
using Microsoft.ML.CnnZoo.Weights.PyTorch;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>Opens files of weights of any kind: the content tells which, not the name.</summary>
internal static class TensorFiles
{
    /// <summary>What is read, for messages.</summary>
    public const string Kinds = "safetensors, their index of shards (.index.json), or a state dict of torch.save";

    /// <summary>Opens a file and checks what describes its tensors.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged or of another kind.</exception>
    public static ITensorSource Open(string path) => Open(path, allowIndex: true);

    /// <summary>Opens a shard, which is no index itself.</summary>
    public static ITensorSource OpenShard(string path) => Open(path, allowIndex: false);

    private static ITensorSource Open(string path, bool allowIndex)
    {
        if (Directory.Exists(path))
            throw SafetensorsFile.Invalid(path, "it is a folder");
        Span<byte> start = stackalloc byte[16];
        long length;
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read))
        {
            start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
            length = stream.Length;
        }
        if (start.Length >= 9 && start[8] == '{'
            && BinaryPrimitives.ReadUInt64LittleEndian(start) <= SafetensorsFile.MaxHeaderBytes)
            return SafetensorsFile.Open(path);
        if (PyTorchFile.IsOne(start))
            return PyTorchFile.Open(path);
        if (allowIndex && start.TrimStart(" \t\r\n"u8) is [(byte)'{', ..])
            return ShardedTensors.Open(path);
        if (start is [0x89, (byte)'H', (byte)'D', (byte)'F', ..])
            throw new InvalidDataException($"'{path}' is an HDF5 file, which the tool 'cnnzoo' reads: "
                + "cnnzoo weights convert FILE --out FILE.safetensors.");
        return Path.GetExtension(path).Equals(".safetensors", StringComparison.OrdinalIgnoreCase) || length < 8
            ? SafetensorsFile.Open(path) // says what is wrong with it
            : throw new InvalidDataException($"'{path}' is not a file of weights: expected {Kinds}.");
    }
}
