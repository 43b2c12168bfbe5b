using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.CnnZoo.Kernels.Vectors;

/// <summary>
/// Transcendental functions of whole vectors in float32, accurate to a few units in the last place. NaN gives NaN.
/// </summary>
internal static class VectorMath
{
    /// <summary>eˣ; 0 and ∞ beyond the range of float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Exp(Vector<float> x)
    {
        x = Vector.Max(Vector.Min(x, Vector.Create(90f)), Vector.Create(-105f));
        // x = n·ln 2 + r with |r| ≤ ln 2 / 2; ln 2 in two terms, so that n times the first is exact. The Taylor series'
        // error is below 6e-9.
        Vector<float> n = Vector.Floor(Vector.MultiplyAddEstimate(x, Vector.Create(1.44269504f), Vector.Create(0.5f)));
        Vector<float> r = Vector.MultiplyAddEstimate(n, Vector.Create(2.12194440e-4f),
            Vector.MultiplyAddEstimate(n, Vector.Create(-0.693359375f), x));
        Vector<float> p = Vector.MultiplyAddEstimate(r, Vector.Create(1f / 5040), Vector.Create(1f / 720));
        p = Vector.MultiplyAddEstimate(r, p, Vector.Create(1f / 120));
        p = Vector.MultiplyAddEstimate(r, p, Vector.Create(1f / 24));
        p = Vector.MultiplyAddEstimate(r, p, Vector.Create(1f / 6));
        p = Vector.MultiplyAddEstimate(r, p, Vector.Create(0.5f));
        p = Vector.MultiplyAddEstimate(r * r, p, r) + Vector<float>.One;
        // 2ⁿ in two factors: n is in -151 … 130, more than one exponent can hold.
        Vector<int> exponent = Vector.ConvertToInt32(n), half = exponent >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    /// <summary>Hyperbolic tangent: an odd polynomial near 0, 1 − 2/(e²ˣ + 1) elsewhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Tanh(Vector<float> x)
    {
        Vector<float> magnitude = Vector.Abs(x), z = x * x;
        Vector<float> p = Vector.MultiplyAddEstimate(z, Vector.Create(0.002292744715571307f),
            Vector.Create(-0.008343945405831792f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(0.0217689186069157f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(-0.05395925956936714f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(0.13333303556857576f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(-0.33333333172139035f));
        Vector<float> small = Vector.MultiplyAddEstimate(x * z, p, x);
        Vector<float> large = Vector.CopySign(
            Vector<float>.One - (Vector.Create(2f) / (Exp(magnitude + magnitude) + Vector<float>.One)), x);
        return Vector.ConditionalSelect(Vector.LessThan(magnitude, Vector.Create(0.625f)), small, large);
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Sigmoid(Vector<float> x) => Vector<float>.One / (Vector<float>.One + Exp(-x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> PowerOfTwo(Vector<int> n) => Vector.AsVectorSingle((n + Vector.Create(127)) << 23);
}
