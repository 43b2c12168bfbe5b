namespace Microsoft.ML.Runtime;

/// <summary>
/// The generator behind ML.NET's splits and shuffles: three Tausworthe streams combined by exclusive or with a linear
/// congruential generator (L'Ecuyer 1996; GPU Gems 3, chapter 37).
/// </summary>
/// <remarks>A 32-bit seed fills the four states by Murmur rounds, so the same seed gives the same rows as in ML.NET.</remarks>
internal sealed class TauswortheHybrid : Random
{
    private const uint SmallestStreamState = 128;

    private uint _first, _second, _third, _linear;

    public TauswortheHybrid(int seed)
    {
        _first = (uint)seed;
        _second = MurmurHash3.Round(_first, _first);
        _third = MurmurHash3.Round(_second, _first);
        _linear = MurmurHash3.Round(_third, _first);
    }

    /// <summary>Takes its states from another generator, which moves on by doing so.</summary>
    public TauswortheHybrid(Random source)
    {
        _first = StreamState(source);
        _second = StreamState(source);
        _third = StreamState(source);
        _linear = State(source);
    }

    /// <summary>Uniform in [0, 1), a multiple of 2^-23, so that the conversion to float never rounds up to 1.</summary>
    public override float NextSingle() => (NextUInt32() >> 9) * (1f / (1 << 23));

    public override double NextDouble() => NextUInt32() * (1.0 / (1L << 32));

    /// <summary>All 32 bits as a signed number.</summary>
    public int NextSigned() => (int)NextUInt32();

    public override int Next()
    {
        uint bits = NextUInt32();
        return (int)(bits + (bits & 0x80000000u));
    }

    public override int Next(int maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxValue);
        return (int)(((ulong)NextUInt32() * (ulong)maxValue) >> 32);
    }

    public override int Next(int minValue, int maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minValue, maxValue);
        long range = (long)maxValue - minValue;
        return (int)((long)(NextDouble() * range) + minValue);
    }

    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    public override void NextBytes(Span<byte> buffer)
    {
        foreach (ref byte b in buffer)
            b = (byte)Next();
    }

    protected override double Sample() => NextDouble();

    private uint NextUInt32()
    {
        _first = Tausworthe(_first, 13, 19, 12, ~1u);
        _second = Tausworthe(_second, 2, 25, 4, ~7u);
        _third = Tausworthe(_third, 3, 11, 17, ~15u);
        _linear = 1664525u * _linear + 1013904223u;
        return _first ^ _second ^ _third ^ _linear;
    }

    private static uint Tausworthe(uint state, int inner, int down, int up, uint mask) =>
        ((state & mask) << up) ^ (((state << inner) ^ state) >> down);

    private static uint State(Random source)
    {
        uint high = (uint)source.Next(1 << 16);
        return (high << 16) | (uint)source.Next(1 << 16);
    }

    // A Tausworthe stream degenerates when only its masked low bits are set.
    private static uint StreamState(Random source)
    {
        uint state = State(source);
        while (state < SmallestStreamState)
            state = State(source);
        return state;
    }
}
