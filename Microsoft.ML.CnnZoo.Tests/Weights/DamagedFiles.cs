namespace Microsoft.ML.CnnZoo.Tests.Weights;

/// <summary>Damaged copies of a file, the same ones on every run.</summary>
internal static class DamagedFiles
{
    /// <summary>The file cut off: at every length, or at as many as are asked for.</summary>
    public static IEnumerable<byte[]> Truncated(byte[] whole, int count = int.MaxValue)
    {
        int step = Math.Max(1, whole.Length / count);
        for (int length = 0; length < whole.Length; length += step)
            yield return whole[..length];
    }

    /// <summary>The file with bytes changed, inserted and left out.</summary>
    public static IEnumerable<byte[]> Mutated(byte[] whole, int count, int seed)
    {
        var random = new Random(seed);
        byte[] interesting = [0, 1, 0x7f, 0x80, 0xff, (byte)'(', (byte)'.', (byte)'c', (byte)'R'];
        for (int i = 0; i < count; i++)
        {
            List<byte> damaged = [.. whole];
            for (int change = random.Next(1, 6); change > 0 && damaged.Count > 0; change--)
            {
                int at = random.Next(damaged.Count);
                byte value = random.Next(2) == 0 ? interesting[random.Next(interesting.Length)]
                    : (byte)random.Next(256);
                switch (random.Next(8))
                {
                    case 0: damaged.Insert(at, value); break;
                    case 1: damaged.RemoveAt(at); break;
                    case 2: damaged.RemoveRange(at, Math.Min(damaged.Count - at, random.Next(32))); break;
                    default: damaged[at] = value; break;
                }
            }
            yield return [.. damaged];
        }
    }
}
