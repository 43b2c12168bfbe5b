using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Microsoft.ML.Runtime;

/// <summary>The 32-bit MurmurHash3 (Appleby 2011), as ML.NET uses it to seed generators and to group rows by a key.</summary>
internal static class MurmurHash3
{
    /// <summary>Mixes one 32-bit block into a hash.</summary>
    public static uint Round(uint hash, uint block)
    {
        hash ^= Scramble(block);
        return BitOperations.RotateLeft(hash, 13) * 5 + 0xE6546B64;
    }

    public static uint OfBytes(uint seed, ReadOnlySpan<byte> bytes)
    {
        uint hash = seed;
        ReadOnlySpan<byte> rest = bytes;
        for (; rest.Length >= 4; rest = rest[4..])
            hash = Round(hash, BinaryPrimitives.ReadUInt32LittleEndian(rest));

        uint tail = 0;
        for (int i = rest.Length - 1; i >= 0; i--)
            tail = (tail << 8) | rest[i];
        hash ^= Scramble(tail);
        return Finish(hash ^ (uint)bytes.Length);
    }

    /// <summary>The hash of a text's UTF-8 form.</summary>
    public static uint OfText(uint seed, ReadOnlySpan<char> text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return OfBytes(seed, bytes);
    }

    private static uint Scramble(uint block) => BitOperations.RotateLeft(block * 0xCC9E2D51, 15) * 0x1B873593;

    private static uint Finish(uint hash)
    {
        hash = (hash ^ (hash >> 16)) * 0x85EBCA6B;
        hash = (hash ^ (hash >> 13)) * 0xC2B2AE35;
        return hash ^ (hash >> 16);
    }
}
