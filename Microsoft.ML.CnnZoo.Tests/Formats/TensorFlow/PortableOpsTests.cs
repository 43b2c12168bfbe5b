using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>What becomes of nodes that older programs do not know, and that the result is the same.</summary>
public class PortableOpsTests
{
    public static TheoryData<string, int, int, int, int, string> Pools => new()
    {
        // size, window, stride, padding after and before; then the ops
        { "x", 8, 3, 2, 1, "PadV2, MaxPool VALID" },
        { "relu", 8, 3, 2, 1, "Relu, Pad, MaxPool VALID" },
        { "x", 9, 3, 2, 1, "MaxPool SAME" },
        { "x", 9, 3, 1, 1, "MaxPool SAME" },
        { "x", 8, 3, 2, 0, "MaxPool VALID" },
    };

    [Theory]
    [MemberData(nameof(Pools))]
    public void MaxPool_ExplicitPadding_IsPaddedOrSame(string input, int size, int window, int stride, int pad, string ops)
    {
        var g = new GraphBuilder();
        NodeOutput x = Image(g, size, 2);
        if (input == "relu")
            x = g.AddNode("Relu", [x], name: "relu").Output();
        var attributes = new Pool2DAttributes(window, window, stride, stride, Padding.Symmetric(pad));
        AssertSame(g, g.AddNode("MaxPool", [x], attributes.ToAttributes(), "pool").Output(), ops);
    }

    [Fact]
    public void MaxPool_PaddingAfterThatNoWindowReads_IsValid()
    {
        var g = new GraphBuilder();
        var attributes = new Pool2DAttributes(2, 2, 2, 2, Padding.Explicit(0, 1, 0, 1));
        AssertSame(g, g.AddNode("MaxPool", [Image(g, 8, 2)], attributes.ToAttributes(), "pool").Output(),
            "MaxPool VALID");
    }

    [Theory]
    [InlineData(8, "Pad, DepthwiseConv2dNative VALID")]
    [InlineData(9, "DepthwiseConv2dNative SAME")]
    public void DepthwiseConv2dNative_ExplicitPadding_IsPaddedOrSame(int size, string ops)
    {
        var g = new GraphBuilder();
        var attributes = new Conv2DAttributes(2, 2, Padding.Symmetric(1));
        NodeOutput y = g.AddNode("DepthwiseConv2dNative", [Image(g, size, 4), Filter(g, 3, 4, 2)],
            attributes.ToAttributes(), "conv").Output();
        AssertSame(g, y, ops);
    }

    [Theory]
    [InlineData(8, "Conv2D EXPLICIT")]
    [InlineData(9, "Conv2D SAME")]
    public void Conv2D_ExplicitPadding_StaysWhereSamePadsOtherwise(int size, string ops)
    {
        var g = new GraphBuilder();
        var attributes = new Conv2DAttributes(2, 2, Padding.Symmetric(1));
        AssertSame(g, g.AddNode("Conv2D", [Image(g, size, 4), Filter(g, 3, 4, 6)], attributes.ToAttributes(),
            "conv").Output(), ops);
    }

    [Fact]
    public void Conv2D_Groups_AreConvolutionsOfTheirOwn()
    {
        var g = new GraphBuilder();
        var attributes = new Conv2DAttributes(1, 1, Padding.Same);
        AssertSame(g, g.AddNode("Conv2D", [Image(g, 8, 6), Filter(g, 3, 2, 9)], attributes.ToAttributes(),
            "conv").Output(), "Slice, Conv2D SAME, Slice, Conv2D SAME, Slice, Conv2D SAME, ConcatV2");
    }

    [Theory]
    [InlineData(1, 2, 2, 1, 15, "MaxPool VALID")]
    [InlineData(1, 3, 1, 1, 15, "MaxPool VALID")]
    [InlineData(1, 2, 2, 2, 15, "StridedSlice")]
    [InlineData(1, 1, 1, 1, 15, "StridedSlice")]
    [InlineData(1, 2, 2, 1, 11, "StridedSlice")] // ends before the image does
    public void StridedSlice_EveryNthPixel_IsAMaximum(int s0, int s1, int s2, int s3, int endMask, string ops)
    {
        var g = new GraphBuilder();
        NodeOutput Four(string name, params int[] values) => g.Constant(TensorLiteral.Vector<int>(values), name);
        NodeOutput y = g.AddNode("StridedSlice",
            [Image(g, 9, 4), Four("begin", 0, 0, 0, 0), Four("end", 0, 5, 5, 0), Four("strides", s0, s1, s2, s3)],
            [new("begin_mask", AttributeValue.Of(15L)), new("end_mask", AttributeValue.Of((long)endMask))],
            "slice").Output();
        AssertSame(g, y, ops);
    }

    private static NodeOutput Image(GraphBuilder g, int size, int channels) =>
        g.Placeholder("x", DataType.Float, new TensorShape(-1, size, size, channels));

    private static NodeOutput Filter(GraphBuilder g, int size, int channels, int filters)
    {
        var shape = new TensorShape(size, size, channels, filters);
        return g.Constant(TensorLiteral.Of<float>(shape, Numbers((int)shape.ElementCount)), "filter");
    }

    private static float[] Numbers(int count)
    {
        var random = new Random(count);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private static void AssertSame(GraphBuilder g, NodeOutput y, string ops)
    {
        GraphRequest after = new PortableOps().Apply(new(g.ToGraph(), [y], []));
        Assert.Equal(ops, string.Join(", ", after.Graph.Nodes.Where(n => n.Op is not ("Const" or "Placeholder"))
            .Select(n => n.Attributes.TryGetValue("padding", out AttributeValue? p) ? $"{n.Op} {p}" : n.Op)));
        Assert.Equal(y.Node.Name, after.Fetches[0].Node.Name);
        Assert.Equal(y.Shape, after.Fetches[0].Shape);
        TensorShape image = after.Graph["x"].Outputs[0].Shape;
        float[] x = [.. Numbers(2 * image[1] * image[2] * image[3]).Select(v => v - 0.4f)]; // mostly negative
        float[] expected = Exports.Run(g.ToGraph(), y, x), actual = Exports.Run(after.Graph, after.Fetches[0], x);
        Assert.Equal(expected.Length, actual.Length);
        Assert.InRange(expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max(), 0, 1e-6f);
    }
}
