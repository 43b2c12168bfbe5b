using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Layers;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>
/// Every gradient rule against central differences in double precision, with uneven upstream gradients.
/// </summary>
public class GradientRuleTests
{
    private const double Tolerance = 1e-7;

    private sealed record Case(string[] Shapes, Func<GraphBuilder, NodeOutput[], NodeOutput> Build, double Low = -1,
        double High = 1, int[]? Sources = null);

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["AddN"] = new(["2,3", "2,3", "2,3"], (g, x) => g.AddNode("AddN", x, [new("N", AttributeValue.Of(3L))]).Output()),
        ["AddV2 broadcast"] = Simple("AddV2", "2,1,3", "4,3"),
        ["Sub broadcast"] = Simple("Sub", "3", "2,4,3"),
        ["Mul broadcast"] = Simple("Mul", "2,1,3", "4,1"),
        ["RealDiv broadcast"] = Simple("RealDiv", "2,1,3", "4,3") with { Low = 0.5, High = 1.5 },
        ["SquaredDifference broadcast"] = Simple("SquaredDifference", "2,1,3", "4,3"),
        ["Maximum broadcast"] = Simple("Maximum", "2,1,3", "4,3"),
        ["Minimum broadcast"] = Simple("Minimum", "2,1,3", "4,3"),
        ["SelectV2"] = new(["2,3", "2,3", "3"], (g, x) => g.AddNode("SelectV2",
            [g.AddNode("GreaterEqual", [x[0], x[2]]).Output(), x[1], x[2]]).Output(), Sources: [1, 2]),
        ["Neg"] = Simple("Neg", "2,5"),
        ["Square"] = Simple("Square", "2,5"),
        ["Sqrt"] = Simple("Sqrt", "2,5") with { Low = 0.5, High = 1.5 },
        ["Rsqrt"] = Simple("Rsqrt", "2,5") with { Low = 0.5, High = 1.5 },
        ["Exp"] = Simple("Exp", "2,5"),
        ["Log"] = Simple("Log", "2,5") with { Low = 0.5, High = 1.5 },
        ["Relu"] = Simple("Relu", "3,7"),
        ["Relu6"] = Simple("Relu6", "3,7") with { Low = -3, High = 9 },
        ["Tanh"] = Simple("Tanh", "3,7"),
        ["Sigmoid"] = Simple("Sigmoid", "3,7"),
        ["LeakyRelu"] = new(["3,7"], (g, x) => g.AddNode("LeakyRelu", x, [new("alpha", AttributeValue.Of(0.3f))]).Output()),
        ["Elu"] = Simple("Elu", "3,7"),
        ["Selu"] = Simple("Selu", "3,7"),
        ["Softplus"] = Simple("Softplus", "3,7"),
        ["Softsign"] = Simple("Softsign", "3,7"),
        ["Erf"] = Simple("Erf", "3,7"),
        ["Abs"] = Simple("Abs", "3,7"),
        ["Pow broadcast"] = Simple("Pow", "2,1,3", "4,3") with { Low = 0.5, High = 1.5 },
        ["Pow cube"] = new(["2,3"], (g, x) => g.AddNode("Pow", [x[0], g.Constant(TensorLiteral.Scalar(3f))]).Output()),
        ["Max"] = Reduction("Max", false, 1, 3),
        ["Max keep"] = Reduction("Max", true, 1, 2),
        ["Max all"] = Reduction("Max", false, 0, 1, 2, 3),
        ["Min"] = Reduction("Min", false, 2),
        ["MirrorPad REFLECT"] = Mirrored("REFLECT"),
        ["MirrorPad SYMMETRIC"] = Mirrored("SYMMETRIC"),
        ["ReverseV2"] = new(["2,3,4"], (g, x) => g.AddNode("ReverseV2", [x[0], Ints(g, 0, -1)]).Output()),
        ["Softmax rank 4"] = Simple("Softmax", "2,2,3,4"),
        ["LogSoftmax rank 4"] = Simple("LogSoftmax", "2,2,3,4"),
        ["Softmax"] = Simple("Softmax", "3,5"),
        ["LogSoftmax"] = Simple("LogSoftmax", "3,5"),
        ["BiasAdd"] = Simple("BiasAdd", "2,3,3,4", "4"),
        ["L2Loss"] = Simple("L2Loss", "2,5"),
        ["MatMul"] = Product(false, false, "4,3", "3,5"),
        ["MatMul transpose_a"] = Product(true, false, "3,4", "3,5"),
        ["MatMul transpose_b"] = Product(false, true, "4,3", "5,3"),
        ["MatMul both"] = Product(true, true, "3,4", "5,3"),
        ["Conv2D SAME stride 2 even"] = Convolution("Conv2D", new(2, 2, Padding.Same), "2,6,6,3", "3,3,3,4"),
        ["Conv2D VALID oblong"] = Convolution("Conv2D", new(1, 2, Padding.Valid), "1,5,7,2", "2,3,2,3"),
        ["Conv2D EXPLICIT uneven"] = Convolution("Conv2D", new(2, 1, Padding.Explicit(1, 0, 0, 2)), "2,5,4,2", "3,3,2,3"),
        ["Conv2D dilation"] = Convolution("Conv2D", new(1, 1, Padding.Same, 2, 2), "1,7,6,2", "3,3,2,2"),
        ["Conv2D groups"] = Convolution("Conv2D", new(1, 1, Padding.Same), "2,4,4,6", "3,3,2,6"),
        ["Depthwise multiplier 2"] = Convolution("DepthwiseConv2dNative", new(2, 2, Padding.Same), "2,5,6,3", "3,3,3,2"),
        ["Conv2DBackpropInput"] = new(["3,3,2,4", "2,3,3,4"], (g, x) => g.AddNode("Conv2DBackpropInput",
            [g.Constant(TensorLiteral.Vector(2, 6, 6, 2)), x[0], x[1]],
            new Conv2DAttributes(2, 2, Padding.Same).ToAttributes()).Output()),
        ["MaxPool overlap"] = new(["2,7,6,3"], (g, x) => g.MaxPool2D(x[0], 3, 2, Padding.Same, "pool")),
        ["MaxPool explicit"] = new(["2,6,6,2"], (g, x) => g.MaxPool2D(x[0], 3, 2, Padding.Explicit(1, 0, 0, 1), "pool")),
        ["AvgPool SAME"] = new(["2,5,6,3"], (g, x) => g.AveragePool2D(x[0], 3, 2, Padding.Same, "pool")),
        ["AvgPoolGrad"] =
            new(["2,3,3,2"], (g, x) => g.AddNode("AvgPoolGrad", [g.Constant(TensorLiteral.Vector(2, 5, 6, 2)), x[0]],
            new Pool2DAttributes(3, 3, 2, 2, Padding.Same).ToAttributes()).Output()),
        ["LRN"] = new(["1,2,2,7"], (g, x) => g.LocalResponseNormalization(x[0], 5, k: 2, alpha: 0.3f, beta: 0.75f, "lrn"), -3, 3),
        ["FusedBatchNormV3 training"] = Normalization(training: true),
        ["FusedBatchNormV3 inference"] = Normalization(training: false),
        ["Sum keep"] = Reduction("Sum", true, 0, 2),
        ["Mean"] = Reduction("Mean", false, 1, 2),
        ["Mean all"] = Reduction("Mean", false, 0, 1, 2, 3),
        ["Pad"] = new(["2,3"], (g, x) => g.AddNode("Pad", [x[0], g.Constant(TensorLiteral.Of<int>(new(2, 2), [1, 0, 2, 1]))]).Output()),
        ["PadV2"] = new(["2,3"],
            (g, x) => g.AddNode("PadV2", [x[0], g.Constant(TensorLiteral.Of<int>(new(2, 2), [1, 0, 2, 1])),
            g.Constant(TensorLiteral.Scalar(-5f))]).Output()),
        ["Slice"] = new(["4,5"], (g, x) => g.AddNode("Slice", [x[0], Ints(g, 1, 2), Ints(g, -1, 2)]).Output()),
        ["StridedSlice"] =
            new(["4,5"], (g, x) => g.AddNode("StridedSlice", [x[0], Ints(g, 0, 4), Ints(g, 0, 0), Ints(g, 2, -2)],
            new StridedSliceAttributes(1, 3, 0, 0, 0).ToAttributes()).Output()),
        ["ConcatV2"] = new(["2,3,1", "2,3,4"], (g, x) => g.Concat(x, "concat")),
        ["BroadcastTo"] = new(["3,1"], (g, x) => g.AddNode("BroadcastTo", [x[0], Ints(g, 2, 3, 4)]).Output()),
        ["Tile"] = new(["2,3"], (g, x) => g.AddNode("Tile", [x[0], Ints(g, 3, 2)]).Output()),
        ["Transpose"] = new(["2,3,4"], (g, x) => g.AddNode("Transpose", [x[0], Ints(g, 2, 0, 1)]).Output()),
        ["Reshape"] = new(["2,6"], (g, x) => g.AddNode("Reshape", [x[0], Ints(g, 3, -1)]).Output()),
        ["Identity"] = Simple("Identity", "2,3"),
        ["Squeeze"] = Simple("Squeeze", "2,1,3"),
        ["ExpandDims"] = new(["2,3"], (g, x) => g.AddNode("ExpandDims", [x[0], g.Constant(TensorLiteral.Scalar(1))]).Output()),
        ["SparseSoftmaxCrossEntropyWithLogits"] =
            new(["3,4"], (g, x) => g.AddNode("SparseSoftmaxCrossEntropyWithLogits", [x[0], Ints(g, 2, 0, 3)]).Output()),
        ["SoftmaxCrossEntropy smoothed"] = new(["3,4"], (g, x) => Loss(g, x[0], new SoftmaxCrossEntropyLoss(0.1f))),
        ["SoftmaxCrossEntropy smoothed and weighted"] = new(["3,4"],
            (g, x) => Loss(g, x[0], new SoftmaxCrossEntropyLoss(0.1f), new LossWeights([1, 2, 0.5f, 3], false))),
        ["Focal"] = new(["3,4"], (g, x) => Loss(g, x[0], new FocalLoss())),
        ["Focal of a root"] = new(["3,4"], (g, x) => Loss(g, x[0], new FocalLoss(0.5f, 0.25f),
            new LossWeights([1, 2, 0.5f, 3], true))),
        ["RbfMse"] = new(["3,4"], (g, x) => Loss(g, x[0], new RbfMeanSquaredErrorLoss())),
        ["RbfMap"] = new(["3,4"], (g, x) => Loss(g, x[0], new RbfMaximumAPosterioriLoss()), 0, 5),
        ["ScaledTanh"] = new(["3,4"], (g, x) => g.ScaledTanh(x[0], "squash")),
        ["Tensor used by three"] = new(["2,3"],
            (g, x) => g.Add(g.Add(g.Tanh(x[0], "a"), g.Activation(x[0], ActivationKind.Sigmoid, "b"), "c"), x[0], "d")),
    };

    private static NodeOutput Loss(GraphBuilder g, NodeOutput outputs, ClassificationLoss loss,
        LossWeights? weights = null) => loss.Build(g, outputs, Ints(g, 2, 0, 3), "loss", weights);

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradient_TenSeeds_EqualsCentralDifferences(string name)
    {
        for (int seed = 0; seed < 10; seed++)
            Assert.InRange(Worst(Cases[name], seed), 0, Tolerance);
    }

    [Theory]
    [InlineData("MatMul")]
    [InlineData("Conv2D groups")]
    [InlineData("Softmax")]
    public void Gradient_WrongByOnePercentInOneElement_IsFound(string name) =>
        Assert.True(10 * Tolerance
            < Worst(Cases[name], 1, gradient => gradient[0] += 0.01 * Math.Max(Math.Abs(gradient[0]), 1e-2)));

    [Fact]
    public void Gradient_EveryDifferentiableOp_HasACase()
    {
        var covered = new HashSet<string>();
        foreach (Case c in Cases.Values)
        {
            var g = new GraphBuilder(GraphMode.Training);
            c.Build(g, [.. c.Shapes.Select((s, i) => g.Placeholder($"x{i}", DataType.Float, Shape(s)))]);
            covered.UnionWith(g.Nodes.Select(n => n.Op));
        }
        // StopGradient, Sign and Floor have no gradient (GradientShapeTests); Cast casts the gradient, and there is only one type here.
        string[] elsewhere = ["Cast", "StopGradient", "Sign", "Floor"];
        Assert.Empty(OpCatalog.All.Where(o => o.IsDifferentiable).Select(o => o.Name).Except(covered)
            .Except(elsewhere));
    }

    private static double Worst(Case c, int seed, Action<double[]>? tamper = null) =>
        GradientChecker.WorstError(c.Build, [.. c.Shapes.Select(Shape)],
        c.Sources ?? [.. Enumerable.Range(0, c.Shapes.Length)], c.Low, c.High, seed, tamper);

    private static TensorShape Shape(string text) => new(Array.ConvertAll(text.Split(','), int.Parse));

    private static NodeOutput Ints(GraphBuilder g, params ReadOnlySpan<int> values) =>
        g.Constant(TensorLiteral.Vector(values));

    private static Case Simple(string op, params string[] shapes) => new(shapes, (g, x) => g.AddNode(op, x).Output());

    private static Case Product(bool ta, bool tb, params string[] shapes) => new(shapes,
        (g, x) => g.AddNode("MatMul", x,
            [new("transpose_a", AttributeValue.Of(ta)), new("transpose_b", AttributeValue.Of(tb))]).Output());

    private static Case Convolution(string op, Conv2DAttributes attributes, params string[] shapes) =>
        new(shapes, (g, x) => g.AddNode(op, x, attributes.ToAttributes()).Output());

    private static Case Reduction(string op, bool keep, params int[] axes) => new(["2,3,4,2"],
        (g, x) => g.AddNode(op, [x[0], Ints(g, axes)], [new("keep_dims", AttributeValue.Of(keep))]).Output());

    private static Case Mirrored(string mode) => new(["2,3,4"], (g, x) => g.AddNode("MirrorPad",
        [x[0], g.Constant(TensorLiteral.Of<int>(new(3, 2), [0, 1, 2, 1, 3, 0]))],
        [new("mode", AttributeValue.Of(mode))]).Output());

    private static Case Normalization(bool training) => new(["3,2,2,4", "4", "4", "4", "4"],
        (g, x) => g.AddNode("FusedBatchNormV3", x,
            [new("epsilon", AttributeValue.Of(1e-3f)), new("is_training", AttributeValue.Of(training))]).Output(), 0.5,
            1.5, [0, 1, 2]);
}
