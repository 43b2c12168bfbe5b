namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>
/// The counter-based generator Philox 4x32-10: four 32-bit numbers as a function of a 128-bit counter and a 64-bit key,
/// with no state.
/// </summary>
/// <remarks>Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".</remarks>
internal static class Philox
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>The four numbers of one counter.</summary>
    public static (uint X0, uint X1, uint X2, uint X3) Block(ulong key, UInt128 counter)
    {
        ulong low = (ulong)counter, high = (ulong)(counter >> 64);
        (uint x0, uint x1, uint x2, uint x3) = ((uint)low, (uint)(low >> 32), (uint)high, (uint)(high >> 32));
        (uint k0, uint k1) = ((uint)key, (uint)(key >> 32));
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = (ulong)Multiplier0 * x0, product1 = (ulong)Multiplier1 * x2;
            (x0, x1, x2, x3) = ((uint)(product1 >> 32) ^ x1 ^ k0, (uint)product1, (uint)(product0 >> 32) ^ x3 ^ k1,
                (uint)product0);
            k0 += Weyl0;
            k1 += Weyl1;
        }
        return (x0, x1, x2, x3);
    }

    /// <summary>
    /// A number in [0, 1): the low 23 bits as the mantissa of a float in [1, 2), less 1, as in TensorFlow.
    /// </summary>
    public static float ToUniform(uint bits) => BitConverter.UInt32BitsToSingle(0x3F800000 | (bits & 0x7FFFFF)) - 1;

    /// <summary>Fills with numbers in [0, 1); element i comes from counter + i/4.</summary>
    public static void FillUniform(Span<float> target, ulong key, UInt128 counter)
    {
        for (int i = 0; i < target.Length; i += 4, counter++)
        {
            (uint x0, uint x1, uint x2, uint x3) = Block(key, counter);
            target[i] = ToUniform(x0);
            if (i + 1 < target.Length)
                target[i + 1] = ToUniform(x1);
            if (i + 2 < target.Length)
                target[i + 2] = ToUniform(x2);
            if (i + 3 < target.Length)
                target[i + 3] = ToUniform(x3);
        }
    }
}
