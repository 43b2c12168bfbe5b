using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// A tensor of 32-bit floats that a training step computes: what optimizers and losses of your own are written with.
/// </summary>
/// <remarks>
/// Every operation adds a node to the training graph when it is written, and is computed in each step; gradients of
/// losses are added by themselves. A float stands for a constant, and a scalar goes with any shape.
/// </remarks>
public sealed class TensorExpression
{
    private readonly GraphBuilder? _builder;
    private readonly NodeOutput _output;
    private readonly float _constant;

    internal TensorExpression(GraphBuilder builder, NodeOutput output) => (_builder, _output) = (builder, output);

    private TensorExpression(float constant) => _constant = constant;

    /// <summary>Its shape; -1 is the batch size. A constant's is that of a scalar.</summary>
    public TensorShape Shape => _builder is null ? TensorShape.Scalar : _output.Shape;

    /// <summary>A constant.</summary>
    public static implicit operator TensorExpression(float value) => FromSingle(value);

    /// <summary>A constant.</summary>
    public static TensorExpression FromSingle(float value) => new(value);

    /// <summary>x + y.</summary>
    public static TensorExpression operator +(TensorExpression x, TensorExpression y) => Combine("AddV2", x, y);
    /// <summary>x - y.</summary>
    public static TensorExpression operator -(TensorExpression x, TensorExpression y) => Combine("Sub", x, y);
    /// <summary>x · y, element by element.</summary>
    public static TensorExpression operator *(TensorExpression x, TensorExpression y) => Combine("Mul", x, y);
    /// <summary>x / y, element by element.</summary>
    public static TensorExpression operator /(TensorExpression x, TensorExpression y) => Combine("RealDiv", x, y);
    /// <summary>-x.</summary>
    public static TensorExpression operator -(TensorExpression x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Apply("Neg");
    }

    /// <summary>The larger of each pair.</summary>
    public static TensorExpression Max(TensorExpression x, TensorExpression y) => Combine("Maximum", x, y);
    /// <summary>The smaller of each pair.</summary>
    public static TensorExpression Min(TensorExpression x, TensorExpression y) => Combine("Minimum", x, y);

    /// <summary>|x|.</summary>
    public TensorExpression Abs() => Apply("Abs");
    /// <summary>eˣ.</summary>
    public TensorExpression Exp() => Apply("Exp");
    /// <summary>ln x.</summary>
    public TensorExpression Log() => Apply("Log");
    /// <summary>-1, 0 or 1.</summary>
    public TensorExpression Sign() => Apply("Sign");
    /// <summary>√x.</summary>
    public TensorExpression Sqrt() => Apply("Sqrt");
    /// <summary>x².</summary>
    public TensorExpression Square() => Apply("Square");
    /// <summary>x to a constant power.</summary>
    public TensorExpression Pow(float power) => Combine("Pow", this, power);
    /// <summary>Softmax over the last dimension of a matrix.</summary>
    public TensorExpression Softmax() => Apply("Softmax");
    /// <summary>ln of <see cref="Softmax"/>, without overflow.</summary>
    public TensorExpression LogSoftmax() => Apply("LogSoftmax");
    /// <summary>The sum of all elements: a scalar.</summary>
    public TensorExpression Sum() => Reduce([.. Enumerable.Range(0, Shape.Rank)]);
    /// <summary>The sum over the last dimension: of the classes, for [batch, classes].</summary>
    public TensorExpression SumOverLast() => Reduce([Shape.Rank - 1]);
    /// <summary>The root of the sum of all squares: a scalar.</summary>
    public TensorExpression Norm() => (2 * Apply("L2Loss")).Sqrt();

    /// <summary>Its node in a graph; a constant's is added there.</summary>
    internal NodeOutput In(GraphBuilder builder) => _builder is null
        ? builder.Constant(TensorLiteral.Scalar(_constant)) : _output;

    private TensorExpression Apply(string op)
    {
        GraphBuilder builder = _builder ?? throw OfConstants(op);
        return new TensorExpression(builder, builder.AddNode(op, [_output]).Output());
    }

    private TensorExpression Reduce(int[] axes)
    {
        GraphBuilder builder = _builder ?? throw OfConstants("Sum");
        return new TensorExpression(builder, builder.AddNode("Sum",
            [_output, builder.Constant(TensorLiteral.Vector(axes))]).Output());
    }

    private static TensorExpression Combine(string op, TensorExpression x, TensorExpression y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        GraphBuilder builder = x._builder ?? y._builder ?? throw OfConstants(op);
        return new TensorExpression(builder, builder.AddNode(op, [x.In(builder), y.In(builder)]).Output());
    }

    private static InvalidOperationException OfConstants(string op) =>
        new($"{op} of constants alone: compute it as a float.");
}
