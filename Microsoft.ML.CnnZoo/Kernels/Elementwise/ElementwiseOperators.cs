using System.Numerics;
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

internal readonly struct MaximumOperator : IBinaryOperator
{
    public static Vector<float> Invoke(Vector<float> a, Vector<float> b) => Vector.Max(a, b);
}

internal readonly struct MinimumOperator : IBinaryOperator
{
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
