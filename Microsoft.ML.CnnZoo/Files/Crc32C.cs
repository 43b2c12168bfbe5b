using System.Buffers.Binary;
using System.Numerics;

namespace Microsoft.ML.CnnZoo.Files;

/// <summary>CRC-32C (Castagnoli), masked as LevelDB and TensorFlow store it beside the data.</summary>
internal static class Crc32C
{
    private const uint MaskDelta = 0xA282EAD8;

    /// <summary>The checksum of bytes that follow others of the given checksum (0 for none).</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    /// <summary>The stored form: a checksum of data that holds checksums would be weak.</summary>
    public static uint Mask(uint crc) => BitOperations.RotateRight(crc, 15) + MaskDelta;
}
