using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Conformance;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Graph.Ops;

/// <summary>
/// Gradients as graphs: shapes with a symbolic batch, and that no unneeded node is built. Their values are checked by
/// the conformance tests.
/// </summary>
public class GradientShapeTests
{
    private readonly GraphBuilder _g = new(GraphMode.Training);

    [Fact]
    public void Conv2D_OnlyTheFilterIsAskedFor_NoInputGradientIsBuilt()
    {
        NodeOutput x = Float("x", -1, 8, 8, 3), w = Float("w", 3, 3, 3, 4);
        NodeOutput y = _g.AddNode("Conv2D", [x, w], new Conv2DAttributes(1, 1, Padding.Same).ToAttributes()).Output();
        Assert.Equal(w.Spec, Gradients(y, w)[0]!.Value.Spec);
        Assert.DoesNotContain(_g.Nodes, n => n.Op == "Conv2DBackpropInput");
    }

    [Theory]
    [InlineData("Conv2D", "3,3,2,4")]
    [InlineData("DepthwiseConv2dNative", "3,3,4,2")]
    public void Convolution_BothAskedFor_GradientsHaveTheInputsShapes(string op, string filter)
    {
        NodeOutput x = Float("x", -1, 9, 8, 4), w = Float("w", Array.ConvertAll(filter.Split(','), int.Parse));
        NodeOutput y = _g.AddNode(op, [x, w], new Conv2DAttributes(2, 2, Padding.Explicit(1, 1, 1, 0)).ToAttributes())
            .Output();
        Assert.Equal([x.Spec, w.Spec], Gradients(y, x, w).Select(g => g!.Value.Spec));
    }

    [Theory]
    [InlineData("AddV2")]
    [InlineData("Sub")]
    [InlineData("Mul")]
    [InlineData("RealDiv")]
    [InlineData("SquaredDifference")]
    [InlineData("Maximum")]
    [InlineData("Minimum")]
    [InlineData("Pow")]
    public void Binary_Broadcast_GradientsAreSummedToTheInputsShapes(string op)
    {
        NodeOutput a = Float("a", -1, 1, 5), b = Float("b", 4, 5);
        NodeOutput y = _g.AddNode(op, [a, b]).Output();
        Assert.Equal(new TensorShape(-1, 4, 5), y.Shape);
        Assert.Equal([a.Spec, b.Spec], Gradients(y, a, b).Select(g => g!.Value.Spec));
    }

    [Theory]
    [InlineData("Mean", "1,2", false)]
    [InlineData("Mean", "0", false)]
    [InlineData("Mean", "0,3", true)]
    [InlineData("Sum", "0,1,2", false)]
    [InlineData("Max", "1,2", false)]
    [InlineData("Min", "0,3", true)]
    [InlineData("Max", "0", false)]
    public void Reduction_UnknownBatch_GradientHasTheInputsShape(string op, string axes, bool keep)
    {
        NodeOutput x = Float("x", -1, 3, 4, 5);
        NodeOutput y = _g.AddNode(op, [x, Ints(axes)], [new("keep_dims", AttributeValue.Of(keep))]).Output();
        Assert.Equal(x.Spec, Gradients(y, x)[0]!.Value.Spec);
    }

    [Fact]
    public void ConcatV2_OneInputAskedFor_OnlyItsSliceIsBuilt()
    {
        NodeOutput a = Float("a", -1, 4, 4, 3), b = Float("b", -1, 4, 4, 2);
        NodeOutput y = _g.AddNode("ConcatV2", [a, b, _g.Constant(TensorLiteral.Scalar(3))],
            [new("N", AttributeValue.Of(2L))]).Output();
        Assert.Equal(b.Spec, Gradients(y, b)[0]!.Value.Spec);
        NodeDef slice = Assert.Single(_g.Nodes, n => n.Op == "Slice");
        Assert.Equal([0L, 0, 0, 3], slice.ConstantInput(1));
        Assert.Equal([-1L, -1, -1, 2], slice.ConstantInput(2));
    }

    [Theory]
    [InlineData("Neg")]
    [InlineData("Square")]
    [InlineData("Sqrt")]
    [InlineData("Rsqrt")]
    [InlineData("Exp")]
    [InlineData("Log")]
    [InlineData("Relu")]
    [InlineData("Relu6")]
    [InlineData("Tanh")]
    [InlineData("Sigmoid")]
    [InlineData("LeakyRelu")]
    [InlineData("Elu")]
    [InlineData("Selu")]
    [InlineData("Softplus")]
    [InlineData("Softsign")]
    [InlineData("Erf")]
    [InlineData("Abs")]
    [InlineData("Softmax")]
    [InlineData("LogSoftmax")]
    [InlineData("LRN")]
    [InlineData("L2Loss")]
    [InlineData("Identity")]
    [InlineData("Squeeze")]
    public void Unary_GradientHasTheInputsShape(string op)
    {
        NodeOutput x = Float("x", -1, 4, 1, 5);
        Assert.Equal(x.Spec, Gradients(_g.AddNode(op, [x]).Output(), x)[0]!.Value.Spec);
    }

    [Theory]
    [InlineData("StopGradient")]
    [InlineData("Sign")]
    [InlineData("Floor")]
    public void StopGradient_NothingPasses(string op)
    {
        NodeOutput x = Float("x", -1, 4);
        Assert.Null(Gradients(_g.AddNode(op, [x]).Output(), x)[0]);
    }

    /// <summary>As TensorFlow divides it.</summary>
    [Theory]
    [InlineData("Max", 3f)]
    [InlineData("Min", -1f)]
    public void Extreme_Ties_ShareTheGradient(string op, float extreme)
    {
        NodeOutput x = _g.Placeholder("x", DataType.Float, new(2, 4));
        NodeOutput y = _g.AddNode(op, [x, Ints("1")]).Output();
        NodeOutput dx = Gradients(y, x)[0]!.Value;
        Tensor value = Tensor.Of<float>(new(2, 4), extreme, 1, extreme, 0, 2, 1, extreme, 2);
        Tensor result = KernelHarness.Evaluate(KernelSet.Shared, _g.ToGraph(),
            new Dictionary<string, Tensor> { ["x"] = value }, [dx])![0];
        Assert.Equal([0.5f, 0, 0.5f, 0, 0, 0, 1, 0], result.Values<float>().ToArray());
    }

    [Fact]
    public void Layout_ChainOfViewsAndCopies_GradientHasTheInputsShape()
    {
        NodeOutput x = Float("x", -1, 6, 5, 3);
        NodeOutput y = _g.AddNode("Pad", [x, _g.Constant(TensorLiteral.Of<int>(new(4, 2), [0, 0, 1, 1, 0, 2, 0, 1]))])
            .Output();
        y = _g.AddNode("Transpose", [y, Ints("0,3,1,2")]).Output();
        y = _g.AddNode("StridedSlice", [y, Ints("0,1,0"), Ints("0,4,8"), Ints("1,1,2")],
            new StridedSliceAttributes(1, 1, 0, 0, 0).ToAttributes()).Output();
        y = _g.AddNode("Tile", [y, Ints("1,2,1,1")]).Output();
        y = _g.AddNode("Slice", [y, Ints("0,1,0,0"), Ints("-1,3,4,7")]).Output();
        y = _g.AddNode("ExpandDims", [y, _g.Constant(TensorLiteral.Scalar(-1))]).Output();
        Assert.Equal(new TensorShape(-1, 3, 4, 7, 1), y.Shape);
        Assert.Equal(x.Spec, Gradients(y, x)[0]!.Value.Spec);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void MatMul_Transposed_GradientsHaveTheInputsShapes(bool ta, bool tb)
    {
        NodeOutput a = ta ? Float("a", 3, 5) : Float("a", 5, 3), b = tb ? Float("b", 7, 3) : Float("b", 3, 7);
        NodeOutput y = _g.AddNode("MatMul", [a, b],
            [new("transpose_a", AttributeValue.Of(ta)), new("transpose_b", AttributeValue.Of(tb))]).Output();
        Assert.Equal([a.Spec, b.Spec], Gradients(y, a, b).Select(g => g!.Value.Spec));
    }

    [Fact]
    public void ReluGrad_OnTheWay_SaysThatItHasNoGradient()
    {
        NodeOutput x = Float("x", -1, 4);
        GraphException error = Assert.Throws<GraphException>(() =>
            Gradients(_g.AddNode("ReluGrad", [x, x]).Output(), x));
        Assert.Contains("ReluGrad", error.Message, StringComparison.Ordinal);
        Assert.Contains("has no gradient", error.Message, StringComparison.Ordinal);
    }

    private IReadOnlyList<NodeOutput?> Gradients(NodeOutput y, params NodeOutput[] sources)
    {
        NodeOutput loss = y.Shape.Rank == 0 ? y
            : _g.AddNode("Sum", [y, _g.Constant(TensorLiteral.Vector<int>([.. Enumerable.Range(0, y.Shape.Rank)]))])
            .Output();
        return ReverseMode.AddGradients(_g, loss, sources);
    }

    private NodeOutput Float(string name, params ReadOnlySpan<int> shape) =>
        _g.Placeholder(name, DataType.Float, new TensorShape(shape));

    private NodeOutput Ints(string values) =>
        _g.Constant(TensorLiteral.Vector<int>(Array.ConvertAll(values.Split(','), int.Parse)));
}
