using System.Numerics;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

internal readonly struct NegOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => -x;
}

internal readonly struct SquareOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => x * x;
}

internal readonly struct SqrtOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => Vector.SquareRoot(x);
}

internal readonly struct RsqrtOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => Vector<float>.One / Vector.SquareRoot(x);
}

internal readonly struct ExpOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => VectorMath.Exp(x);
}

internal readonly struct LogOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => Vector.Log(x);
}

internal readonly struct ReluOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => Vector.Max(x, Vector<float>.Zero);
}

internal readonly struct Relu6Operator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) =>
        Vector.Min(Vector.Max(x, Vector<float>.Zero), Vector.Create(6f));
}

internal readonly struct TanhOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => VectorMath.Tanh(x);
}

internal readonly struct SigmoidOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => VectorMath.Sigmoid(x);
}

internal readonly struct EluOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => Vector.ConditionalSelect(
        Vector.LessThan(x, Vector<float>.Zero), VectorMath.NegativeExpMinusOne(x), x);
}

internal readonly struct SeluOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => Vector.ConditionalSelect(
        Vector.LessThan(x, Vector<float>.Zero), VectorMath.NegativeExpMinusOne(x) * Selu.ScaledAlpha, x * Selu.Scale);
}

internal readonly struct SoftplusOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => VectorMath.Softplus(x);
}

internal readonly struct SoftsignOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => x / (Vector<float>.One + Vector.Abs(x));
}

internal readonly struct ErfOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => VectorMath.Erf(x);
}

internal readonly struct AbsOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => Vector.Abs(x);
}

/// <summary>x where it is 0 or NaN.</summary>
internal readonly struct SignOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => Vector.ConditionalSelect(
        Vector.GreaterThan(x, Vector<float>.Zero), Vector<float>.One,
        Vector.ConditionalSelect(Vector.LessThan(x, Vector<float>.Zero), -Vector<float>.One, x));
}

internal readonly struct FloorOperator : IUnaryOperator
{
    public static Vector<float> Invoke(Vector<float> x) => Vector.Floor(x);
}

internal readonly struct AddOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => a + b;
}

internal readonly struct SubtractOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => a - b;
}

internal readonly struct MultiplyOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => a * b;
}

internal readonly struct DivideOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => a / b;
}

internal readonly struct SquaredDifferenceOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => (a - b) * (a - b);
}

internal readonly struct MaximumOperator : IExtremeOperator
{
    public static float OfNothing => float.NegativeInfinity;
    public static float Invoke(float a, float b) => MathF.Max(a, b);
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => Vector.Max(a, b);
}

internal readonly struct MinimumOperator : IExtremeOperator
{
    public static float OfNothing => float.PositiveInfinity;
    public static float Invoke(float a, float b) => MathF.Min(a, b);
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => Vector.Min(a, b);
}

/// <summary>(dy, y) → dy where y &gt; 0.</summary>
internal readonly struct ReluGradOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) =>
        Vector.ConditionalSelect(Vector.GreaterThan(b, Vector<float>.Zero), a, Vector<float>.Zero);
}

/// <summary>(dy, y) → dy where 0 &lt; y &lt; 6.</summary>
internal readonly struct Relu6GradOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => Vector.ConditionalSelect(
        Vector.BitwiseAnd(Vector.GreaterThan(b, Vector<float>.Zero), Vector.LessThan(b, Vector.Create(6f))), a,
            Vector<float>.Zero);
}

/// <summary>(y, dy) → dy·(1 − y²).</summary>
internal readonly struct TanhGradOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => b * (Vector<float>.One - (a * a));
}

/// <summary>(y, dy) → dy·y·(1 − y).</summary>
internal readonly struct SigmoidGradOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => b * a * (Vector<float>.One - a);
}

/// <summary>(dy, y) → dy where y ≥ 0, else dy·(y + 1).</summary>
internal readonly struct EluGradOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => Vector.ConditionalSelect(
        Vector.LessThan(b, Vector<float>.Zero), a * (b + Vector<float>.One), a);
}

/// <summary>(dy, y) → dy·s where y ≥ 0, else dy·(y + s·α).</summary>
internal readonly struct SeluGradOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => a * Vector.ConditionalSelect(
        Vector.LessThan(b, Vector<float>.Zero), b + Vector.Create(Selu.ScaledAlpha), Vector.Create(Selu.Scale));
}

/// <summary>(dy, x) → dy/(1 + e⁻ˣ).</summary>
internal readonly struct SoftplusGradOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => a * VectorMath.Sigmoid(b);
}

/// <summary>(dy, x) → dy/(1 + |x|)².</summary>
internal readonly struct SoftsignGradOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b)
    {
        Vector<float> root = Vector<float>.One + Vector.Abs(b);
        return a / (root * root);
    }
}

/// <summary>
/// a^b: products for exponents 2 and 3, for positive numbers e^(b·ln a) in double precision, else lane by lane.
/// </summary>
internal readonly struct PowOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b)
    {
        if (Vector.EqualsAll(b, Vector.Create(2f)))
            return a * a;
        if (Vector.EqualsAll(b, Vector.Create(3f)))
            return a * a * a;
        Vector<float> infinity = Vector.Create(float.PositiveInfinity);
        if (!Vector.GreaterThanAll(a, Vector<float>.Zero) || !Vector.LessThanAll(a, infinity)
            || !Vector.LessThanAll(Vector.Abs(b), infinity))
            return LaneByLane(a, b);
        Vector.Widen(a, out Vector<double> aLow, out Vector<double> aHigh);
        Vector.Widen(b, out Vector<double> bLow, out Vector<double> bHigh);
        return Vector.Narrow(Vector.Exp(bLow * Vector.Log(aLow)), Vector.Exp(bHigh * Vector.Log(aHigh)));
    }

    private static Vector<float> LaneByLane(Vector<float> a, Vector<float> b)
    {
        Vector<float> y = a;
        for (int lane = 0; lane < Vector<float>.Count; lane++)
            y = y.WithElement(lane, MathF.Pow(a[lane], b[lane]));
        return y;
    }
}
