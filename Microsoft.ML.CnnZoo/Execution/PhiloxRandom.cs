namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>
/// What random numbers are for: each purpose draws from a stream of its own, so that changing one leaves the others as
/// they were.
/// </summary>
internal enum RandomPurpose
{
    /// <summary>First values of variables.</summary>
    Initialization,
    /// <summary>The order of the images in an epoch.</summary>
    Shuffling,
    /// <summary>Dropout masks.</summary>
    Dropout,
    /// <summary>Random crops, mirroring and color changes.</summary>
    Augmentation,
    /// <summary>Which images of a batch are mixed, and how.</summary>
    Mixing,
    /// <summary>Which rows are held out for validation.</summary>
    Splitting,
    /// <summary>Noise that explanations are averaged over.</summary>
    Explanation,
}

/// <summary>
/// Random numbers from a counter, by <see cref="Philox"/>. The stream is fixed by seed, purpose and name alone, on
/// every machine.
/// </summary>
internal sealed class PhiloxRandom
{
    private readonly ulong _key;
    private readonly ulong _stream;
    private readonly uint[] _block = new uint[4];
    private ulong _counter;
    private int _used = 4;
    private double _spareNormal = double.NaN;

    /// <summary>Starts a stream.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="purpose">What the numbers are for.</param>
    /// <param name="name">Tells streams of one purpose apart: a variable's name, an epoch.</param>
    public PhiloxRandom(long seed, RandomPurpose purpose, string name = "")
    {
        _key = unchecked((ulong)seed);
        _stream = Fnv1A($"{purpose}/{name}");
    }

    /// <summary>Starts a stream that is told apart by two numbers: no text is made of them.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="purpose">What the numbers are for.</param>
    /// <param name="first">For example the epoch.</param>
    /// <param name="second">For example the image.</param>
    public PhiloxRandom(long seed, RandomPurpose purpose, int first, int second)
    {
        _key = unchecked((ulong)seed);
        _stream = Mixed(Mixed((ulong)purpose + 1) ^ (ulong)(uint)first << 32 ^ (uint)second);
    }

    /// <summary>Begins anew after that many blocks of 128 bits from the stream's beginning.</summary>
    internal void Skip(long blocks)
    {
        _counter = (ulong)blocks;
        _used = _block.Length;
        _spareNormal = double.NaN;
    }

    /// <summary>32 random bits.</summary>
    public uint NextUInt32()
    {
        if (_used == _block.Length)
        {
            (_block[0], _block[1], _block[2], _block[3]) = Philox.Block(_key, new UInt128(_stream, _counter++));
            _used = 0;
        }
        return _block[_used++];
    }

    /// <summary>64 random bits.</summary>
    public ulong NextUInt64() => NextUInt32() | ((ulong)NextUInt32() << 32);

    /// <summary>Uniform in [0, 1), a multiple of 2⁻⁵³.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform integer in [0, <paramref name="bound"/>), without bias.</summary>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        uint limit = uint.MaxValue - (uint)(((ulong)uint.MaxValue + 1) % (uint)bound);
        uint value;
        do
            value = NextUInt32();
        while (value > limit);
        return (int)(value % (uint)bound);
    }

    /// <summary>N(0, 1), by Box and Muller's transform.</summary>
    public double NextNormal()
    {
        if (!double.IsNaN(_spareNormal))
        {
            (double spare, _spareNormal) = (_spareNormal, double.NaN);
            return spare;
        }
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble())), angle = 2 * Math.PI * NextDouble();
        _spareNormal = radius * Math.Sin(angle);
        return radius * Math.Cos(angle);
    }

    /// <summary>Puts items in random order (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>One to one, every bit depends on every bit: SplitMix64's last step (Steele, Lea, Flood 2014).</summary>
    private static ulong Mixed(ulong x)
    {
        x = unchecked((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9);
        x = unchecked((x ^ (x >> 27)) * 0x94D049BB133111EB);
        return x ^ (x >> 31);
    }

    private static ulong Fnv1A(string text)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in System.Text.Encoding.UTF8.GetBytes(text))
            hash = unchecked((hash ^ b) * 0x100000001B3);
        return hash;
    }
}
