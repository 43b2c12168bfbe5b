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
        Vector<float> p = Reduced(x, out Vector<int> exponent) + Vector<float>.One;
        // 2ⁿ in two factors: n is in -151 … 130, more than one exponent can hold.
        Vector<int> half = exponent >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    }

    /// <summary>eˣ − 1 for x ≤ 0, without cancellation near 0. For x &gt; 0 undefined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> NegativeExpMinusOne(Vector<float> x)
    {
        x = Vector.Max(x, Vector.Create(-30f)); // where it rounds to -1
        Vector<float> p = Reduced(x, out Vector<int> exponent), scale = PowerOfTwo(exponent);
        return Vector.MultiplyAddEstimate(p, scale, scale - Vector<float>.One);
    }

    /// <summary>
    /// Hyperbolic tangent: x·p(x²)/q(x²), fitted for the least relative error up to 9, where tanh rounds to 1. Within 5
    /// units in the last place.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Tanh(Vector<float> x)
    {
        x = Clamp(x, 9);
        Vector<float> z = x * x;
        Vector<float> p = Vector.MultiplyAddEstimate(z, Vector.Create(-1.22463619e-11f), Vector.Create(3.06427062e-8f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(2.80313943e-5f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(3.86951235e-3f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(0.136808604f));
        Vector<float> q = Vector.MultiplyAddEstimate(z, Vector.Create(1.28904060e-6f), Vector.Create(3.94072093e-4f));
        q = Vector.MultiplyAddEstimate(z, q, Vector.Create(2.72501726e-2f));
        q = Vector.MultiplyAddEstimate(z, q, Vector.Create(0.470141917f));
        q = Vector.MultiplyAddEstimate(z, q, Vector<float>.One);
        return Clamp(Vector.MultiplyAddEstimate(x * z, p, x) / q, 1);
    }

    /// <summary>
    /// ln(1 + eˣ) = max(x, 0) + ln(1 + t) with t = e^−|x|; ln(1 + t) = 2·artanh(t/(2 + t)), whose Taylor series' error is
    /// below 2e-8 of it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Softplus(Vector<float> x)
    {
        Vector<float> t = Exp(-Vector.Abs(x)), s = t / (Vector.Create(2f) + t), z = s * s;
        Vector<float> p = Vector.MultiplyAddEstimate(z, Vector.Create(2f / 13), Vector.Create(2f / 11));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(2f / 9));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(2f / 7));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(2f / 5));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(2f / 3));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(2f));
        return Vector.MultiplyAddEstimate(s, p, Vector.Max(x, Vector<float>.Zero));
    }

    /// <summary>
    /// The error function: x·p(x²)/q(x²), fitted for the least relative error (2e-8, by iteratively reweighted least
    /// squares) up to 3.92, where erf rounds to 1. Within 6 units in the last place.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Erf(Vector<float> x)
    {
        x = Clamp(x, 3.92f);
        Vector<float> z = x * x;
        Vector<float> p = Vector.MultiplyAddEstimate(z, Vector.Create(2.04973724e-6f), Vector.Create(2.84797799e-4f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(3.76392685e-3f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(5.27433901e-2f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(0.190373751f));
        p = Vector.MultiplyAddEstimate(z, p, Vector.Create(1.12837915f));
        Vector<float> q = Vector.MultiplyAddEstimate(z, Vector.Create(3.8083609e-5f), Vector.Create(1.16203724e-3f));
        q = Vector.MultiplyAddEstimate(z, q, Vector.Create(1.4965879e-2f));
        q = Vector.MultiplyAddEstimate(z, q, Vector.Create(0.114094668f));
        q = Vector.MultiplyAddEstimate(z, q, Vector.Create(0.502047097f));
        q = Vector.MultiplyAddEstimate(z, q, Vector<float>.One);
        return Clamp(x * p / q, 1);
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Sigmoid(Vector<float> x) => Vector<float>.One / (Vector<float>.One + Exp(-x));

    /// <summary>
    /// eʳ − 1, where x = n·ln 2 + r with |r| ≤ ln 2 / 2; ln 2 in two terms, so that n times the first is exact. The
    /// Taylor series' error is below 6e-9.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Reduced(Vector<float> x, out Vector<int> exponent)
    {
        Vector<float> n = Vector.Floor(Vector.MultiplyAddEstimate(x, Vector.Create(1.44269504f), Vector.Create(0.5f)));
        Vector<float> r = Vector.MultiplyAddEstimate(n, Vector.Create(2.12194440e-4f),
            Vector.MultiplyAddEstimate(n, Vector.Create(-0.693359375f), x));
        Vector<float> p = Vector.MultiplyAddEstimate(r, Vector.Create(1f / 5040), Vector.Create(1f / 720));
        p = Vector.MultiplyAddEstimate(r, p, Vector.Create(1f / 120));
        p = Vector.MultiplyAddEstimate(r, p, Vector.Create(1f / 24));
        p = Vector.MultiplyAddEstimate(r, p, Vector.Create(1f / 6));
        p = Vector.MultiplyAddEstimate(r, p, Vector.Create(0.5f));
        exponent = Vector.ConvertToInt32(n);
        return Vector.MultiplyAddEstimate(r * r, p, r);
    }

    /// <summary>To ±limit. Native minima and maxima give their second operand if it is NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Clamp(Vector<float> x, float limit) =>
        Vector.MaxNative(Vector.Create(-limit), Vector.MinNative(Vector.Create(limit), x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> PowerOfTwo(Vector<int> n) => Vector.AsVectorSingle((n + Vector.Create(127)) << 23);
}
