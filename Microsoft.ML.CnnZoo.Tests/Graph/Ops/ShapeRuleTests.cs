using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Graph.Ops;

/// <summary>Shape rules: sizes with a symbolic batch, and the messages for invalid nodes.</summary>
public class ShapeRuleTests
{
    private readonly GraphBuilder _g = new();

    // Output sizes and paddings of TensorFlow and PyTorch (golden README, section 4).
    [Theory]
    [InlineData(224, 7, 2, 1, "SAME", 112, 2, 3)]
    [InlineData(224, 3, 2, 1, "SAME", 112, 0, 1)]
    [InlineData(5, 3, 1, 1, "SAME", 5, 1, 1)]
    [InlineData(7, 3, 2, 1, "SAME", 4, 1, 1)]
    [InlineData(5, 1, 2, 1, "SAME", 3, 0, 0)]
    [InlineData(9, 3, 1, 2, "SAME", 9, 2, 2)]
    [InlineData(32, 5, 1, 1, "VALID", 28, 0, 0)]
    [InlineData(227, 11, 4, 1, "VALID", 55, 0, 0)]
    [InlineData(9, 3, 1, 2, "VALID", 5, 0, 0)]
    [InlineData(224, 7, 2, 1, "3,3", 112, 3, 3)]
    [InlineData(6, 3, 2, 1, "1,0", 3, 1, 0)]
    public void Conv2D_OneAxis_GivesOutputAndPadding(int input, int kernel, int stride, int dilation, string padding,
        int output, int before, int after)
    {
        Padding pad = padding == "SAME" ? Padding.Same : padding == "VALID" ? Padding.Valid
            : Padding.Explicit(padding[0] - '0', padding[2] - '0', padding[0] - '0', padding[2] - '0');
        var attributes = new Conv2DAttributes(stride, stride, pad, dilation, dilation);
        Conv2DGeometry geometry = attributes.Geometry(new(-1, input, input, 4), new(kernel, kernel, 4, 8));
        Assert.Equal((output, output, before, after, before, after),
            (geometry.OutputHeight, geometry.OutputWidth, geometry.PadTop, geometry.PadBottom, geometry.PadLeft,
                geometry.PadRight));

        NodeDef node = _g.AddNode("Conv2D", [Float(-1, input, input, 4), Float(kernel, kernel, 4, 8)],
            attributes.ToAttributes());
        Assert.Equal(new TensorShape(-1, output, output, 8), node.Outputs[0].Shape);
        Assert.Equal(attributes, Conv2DAttributes.From(node));
    }

    [Fact]
    public void Conv2D_FilterOfHalfTheChannels_IsTwoGroups()
    {
        Conv2DGeometry geometry = new Conv2DAttributes(1, 1, Padding.Same)
            .Geometry(new(2, 27, 27, 96), new(5, 5, 48, 256));
        Assert.Equal((2, 48, 128), (geometry.Groups, geometry.ChannelsPerGroup, geometry.FiltersPerGroup));
        Assert.Equal(27L * 27 * 256 * 25 * 48, geometry.MultiplyAddsPerImage);
    }

    [Fact]
    public void DepthwiseConv2dNative_MultiplierTwo_GivesTwiceTheChannels() =>
        Assert.Equal(new TensorShape(-1, 4, 4, 6),
        _g.AddNode("DepthwiseConv2dNative", [Float(-1, 8, 8, 3), Float(3, 3, 3, 2)],
            new Conv2DAttributes(2, 2, Padding.Same).ToAttributes()).Outputs[0].Shape);

    [Theory]
    [InlineData("Conv2D", 3, 64, "Conv2D 'conv2_1/a': input has 3 channels, filter expects 64")]
    [InlineData("Conv2D", 6, 4, "Conv2D 'conv2_1/a': input has 6 channels, filter expects 4")]
    [InlineData("Conv2D", 6, 2, "Conv2D 'conv2_1/a': 8 filters do not divide into 3 groups")]
    [InlineData("DepthwiseConv2dNative", 4, 2, "DepthwiseConv2dNative 'conv2_1/a': input has 4 channels, filter expects 2")]
    public void Convolution_ChannelsMisfit_SaysWhich(string op, int channels, int expected, string message)
    {
        using (_g.Scope("conv2_1"))
            Assert.Equal(message, Assert.Throws<GraphException>(() =>
                _g.AddNode(op, [Float(-1, 8, 8, channels), Float(3, 3, expected, 8)],
                    new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), "a")).Message);
    }

    [Fact]
    public void Conv2D_FilterLargerThanImage_IsRefused() =>
        Refused("Conv2D", "a 5x5 filter (dilation 1x1, padding VALID) does not fit an image of 4x9",
        new Conv2DAttributes(1, 1, Padding.Valid).ToAttributes(), Float(-1, 4, 9, 1), Float(5, 5, 1, 1));

    [Fact]
    public void Conv2D_ExplicitWithoutPaddings_IsRefused() =>
        Refused("Conv2D", "'explicit_paddings' must be [0,0,top,bottom,left,right,0,0]",
        [new("strides", AttributeValue.OfInts(1, 1, 1, 1)), new("padding", AttributeValue.Of("EXPLICIT"))],
        Float(-1, 4, 4, 1), Float(3, 3, 1, 1));

    [Fact]
    public void Conv2D_StridesOverBatch_AreRefused() => Refused("Conv2D", "'strides' must be [1, height, width, 1]",
        [new("strides", AttributeValue.OfInts(2, 1, 1, 1)), new("padding", AttributeValue.Of("SAME"))],
        Float(-1, 4, 4, 1), Float(3, 3, 1, 1));

    [Fact]
    public void Conv2D_UnknownAttribute_IsRefused() => Refused("Conv2D", "unknown attribute 'stride'",
        [.. new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), new("stride", AttributeValue.Of(1L))],
        Float(-1, 4, 4, 1), Float(3, 3, 1, 1));

    [Fact]
    public void Conv2D_TypeAttributeUnlikeInput_IsRefused() => Refused("Conv2D", "'T' is Double, but input 0 is Float",
        [.. new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), new("T", AttributeValue.Of(DataType.Double))],
        Float(-1, 4, 4, 1), Float(3, 3, 1, 1));

    [Fact]
    public void Conv2DBackpropInput_SizesFromShape_KeepTheUnknownBatch()
    {
        NodeOutput x = Float(-1, 8, 8, 3);
        NodeDef node = _g.AddNode("Conv2DBackpropInput",
            [_g.AddNode("Shape", [x]).Output(), Float(3, 3, 3, 5), Float(-1, 4, 4, 5)],
            new Conv2DAttributes(2, 2, Padding.Same).ToAttributes());
        Assert.Equal(x.Shape, node.Outputs[0].Shape);
        Refused("Conv2DBackpropInput", "input 2 must have shape [?,4,4,5], received [?,5,5,5]",
            new Conv2DAttributes(2, 2, Padding.Same).ToAttributes(),
            _g.AddNode("Shape", [x]).Output(), Float(3, 3, 3, 5), Float(-1, 5, 5, 5));
    }

    [Theory]
    [InlineData(112, 3, 2, "SAME", 56)]
    [InlineData(55, 3, 2, "VALID", 27)]
    [InlineData(112, 3, 2, "EXPLICIT", 56)]
    [InlineData(2, 2, 2, "VALID", 1)]
    public void MaxPool_Sizes(int input, int window, int stride, string padding, int output)
    {
        Padding pad = padding == "SAME" ? Padding.Same : padding == "VALID" ? Padding.Valid
            : Padding.Explicit(0, 1, 0, 1);
        var attributes = new Pool2DAttributes(window, window, stride, stride, pad);
        NodeDef node = _g.AddNode("MaxPool", [Float(-1, input, input, 2)], attributes.ToAttributes());
        Assert.Equal(new TensorShape(-1, output, output, 2), node.Outputs[0].Shape);
        Assert.Equal(attributes, Pool2DAttributes.From(node));
    }

    [Fact]
    public void AvgPool_Explicit_IsRefused() => Refused("AvgPool", "must be one of SAME, VALID, received EXPLICIT",
        [new("ksize", AttributeValue.OfInts(1, 3, 3, 1)), new("strides", AttributeValue.OfInts(1, 2, 2, 1)),
            new("padding", AttributeValue.Of("EXPLICIT"))], Float(-1, 8, 8, 1));

    [Fact]
    public void MaxPool_PaddingAsWideAsTheWindow_IsRefused() =>
        Refused("MaxPool", "padding EXPLICIT(3,0,0,0) must be smaller than the 3x3 window",
        new Pool2DAttributes(3, 3, 2, 2, Padding.Explicit(3, 0, 0, 0)).ToAttributes(), Float(-1, 8, 8, 1));

    [Fact]
    public void MatMul_InnerDimensionsDiffer_IsRefused() =>
        Refused("MatMul", "input has 400 features, kernel expects 256", [], Float(-1, 400), Float(256, 10));

    [Fact]
    public void MatMul_Transposed_ReadsTheOtherDimension() => Assert.Equal(new TensorShape(5, 7),
        _g.AddNode("MatMul", [Float(3, 5), Float(7, 3)],
            [new("transpose_a", AttributeValue.Of(true)),
            new("transpose_b", AttributeValue.Of(true))]).Outputs[0].Shape);

    [Theory]
    [InlineData(false, "1,2", "?,16")]
    [InlineData(true, "1,2", "?,1,1,16")]
    [InlineData(false, "-1", "?,5,6")]
    [InlineData(false, "0,1,2,3", "")]
    public void Mean_Axes_DropOrKeep(bool keep, string axes, string expected) => Assert.Equal($"[{expected}]",
        _g.AddNode("Mean", [Float(-1, 5, 6, 16), Ints(axes)],
            [new("keep_dims", AttributeValue.Of(keep))]).Outputs[0].Shape.ToString());

    [Fact]
    public void Sum_AxisBeyondTheRank_IsRefused() =>
        Refused("Sum", "axis 2 does not exist in a tensor of rank 2", [], Float(3, 4), Ints("2"));

    [Theory]
    [InlineData("-1,400", "?,400")]
    [InlineData("5,-1", "5,?")]
    public void Reshape_UnknownBatch_StaysUnknown(string target, string expected) =>
        Assert.Equal($"[{expected}]",
            _g.AddNode("Reshape", [Float(-1, 5, 5, 16), Ints(target)]).Outputs[0].Shape.ToString());

    [Fact]
    public void Reshape_KnownInput_InfersTheRest() =>
        Assert.Equal(new TensorShape(4, 6), _g.AddNode("Reshape", [Float(2, 3, 4), Ints("4,-1")]).Outputs[0].Shape);

    [Fact]
    public void Reshape_OtherElementCount_IsRefused() =>
        Refused("Reshape", "[2,3] cannot be viewed as [4,2]", [], Float(2, 3), Ints("4,2"));

    [Fact]
    public void ConcatV2_Channels_Add() => Assert.Equal(new TensorShape(-1, 7, 7, 96),
        _g.AddNode("ConcatV2", [Float(-1, 7, 7, 64), Float(-1, 7, 7, 32), Scalar(3)],
            [new("N", AttributeValue.Of(2L))]).Outputs[0].Shape);

    [Fact]
    public void ConcatV2_OtherSizes_AreRefused() =>
        Refused("ConcatV2", "input 0 is Float[?,7,7,64], input 1 is Float[?,8,7,32]",
        [new("N", AttributeValue.Of(2L))], Float(-1, 7, 7, 64), Float(-1, 8, 7, 32), Scalar(3));

    [Fact]
    public void Slice_BeyondTheEnd_IsRefused() =>
        Refused("Slice", "exceed the tensor [4,4]", [], Float(4, 4), Ints("0,2"), Ints("4,3"));

    [Theory]
    [InlineData("0,0,0,0", "0,0,0,0", "1,2,2,1", 9L, 15L, 0L, 0L, 0L, "?,3,4,3")]
    [InlineData("0,1", "0,-1", "1,1", 1L, 1L, 0L, 0L, 0L, "?,3,7,3")]
    [InlineData("0,2", "0,3", "1,1", 1L, 1L, 0L, 0L, 2L, "?,7,3")]
    [InlineData("0,0", "0,2", "1,1", 0L, 0L, 1L, 0L, 0L, "?,5,7,2")]
    [InlineData("0,0", "0,0", "1,1", 2L, 2L, 0L, 1L, 0L, "1,?,5,7,3")]
    [InlineData("0,4", "0,0", "1,-2", 1L, 1L, 0L, 0L, 0L, "?,2,7,3")]
    public void StridedSlice_Masks(string begin, string end, string strides, long beginMask, long endMask,
        long ellipsis, long newAxis, long shrink, string expected) =>
        Assert.Equal($"[{expected}]",
            _g.AddNode("StridedSlice", [Float(-1, 5, 7, 3), Ints(begin), Ints(end), Ints(strides)],
            new StridedSliceAttributes(beginMask, endMask, ellipsis, newAxis, shrink)
            .ToAttributes()).Outputs[0].Shape.ToString());

    [Fact]
    public void Pad_Image_Grows() => Assert.Equal(new TensorShape(-1, 8, 10, 3), _g.AddNode("Pad",
        [Float(-1, 5, 7, 3),
            _g.Constant(TensorLiteral.Of<int>(new(4, 2), [0, 0, 1, 2, 0, 3, 0, 0]))]).Outputs[0].Shape);

    [Theory]
    [InlineData("REFLECT", "0,0,4,2,0,6,0,0", "?,11,13,3")]
    [InlineData("SYMMETRIC", "0,0,5,5,7,0,0,1", "?,15,14,4")]
    public void MirrorPad_Image_Grows(string mode, string paddings, string expected)
    {
        NodeOutput pads = Paddings(paddings);
        KeyValuePair<string, AttributeValue>[] attributes = [new("mode", AttributeValue.Of(mode))];
        NodeOutput y = _g.AddNode("MirrorPad", [Float(-1, 5, 7, 3), pads], attributes).Output();
        Assert.Equal($"[{expected}]", y.Shape.ToString());
        Assert.Equal(new TensorShape(-1, 5, 7, 3),
            _g.AddNode("MirrorPadGrad", [y, pads], attributes).Outputs[0].Shape);
    }

    [Theory]
    [InlineData("REFLECT", "0,0,5,0,0,0,0,0", "dimension 1 of [?,5,7,3] cannot be padded by 5 and 0")]
    [InlineData("SYMMETRIC", "0,0,0,0,0,8,0,0", "dimension 2 of [?,5,7,3] cannot be padded by 0 and 8")]
    [InlineData("SYMMETRIC", "0,1,0,0,0,0,0,0", "dimension 0 of [?,5,7,3] cannot be padded by 0 and 1")]
    public void MirrorPad_MoreThanThereIs_IsRefused(string mode, string paddings, string message) =>
        Refused("MirrorPad", $"{message} with mode {mode}", [new("mode", AttributeValue.Of(mode))],
            Float(-1, 5, 7, 3), Paddings(paddings));

    [Fact]
    public void ReverseV2_AxisTwice_IsRefused() =>
        Refused("ReverseV2", "axis -1 is given twice", [], Float(-1, 5, 7, 3), Ints("3,-1"));

    [Theory]
    [InlineData("Max", "1,2", true, "?,1,1,16")]
    [InlineData("Min", "-1", false, "?,5,6")]
    public void Extreme_Axes_DropOrKeep(string op, string axes, bool keep, string expected) =>
        Assert.Equal($"[{expected}]", _g.AddNode(op, [Float(-1, 5, 6, 16), Ints(axes)],
            [new("keep_dims", AttributeValue.Of(keep))]).Outputs[0].Shape.ToString());

    [Fact]
    public void FusedBatchNormV3_HasSixOutputs()
    {
        NodeDef node = _g.AddNode("FusedBatchNormV3", [Float(-1, 5, 5, 3), Float(3), Float(3), Float(3), Float(3)]);
        Assert.Equal(["[?,5,5,3]", "[3]", "[3]", "[3]", "[3]", "[]"], node.Outputs.Select(o => o.Shape.ToString()));
        Refused("FusedBatchNormV3", "the image has 3 channels: input 2 must be Float[3], received Float[4]", [],
            Float(-1, 5, 5, 3), Float(3), Float(4), Float(3), Float(3));
    }

    [Fact]
    public void SparseSoftmaxCrossEntropyWithLogits_HasLossAndGradient()
    {
        NodeDef node = _g.AddNode("SparseSoftmaxCrossEntropyWithLogits",
            [Float(-1, 10), _g.Placeholder("labels", DataType.Int32, new(-1))]);
        Assert.Equal(["Float[?]", "Float[?,10]"], node.Outputs.Select(o => o.ToString()));
    }

    [Fact]
    public void FusedConv2D_ArgumentsAndSequence_AreChecked()
    {
        KeyValuePair<string, AttributeValue>[] Attributes(long count, params string[] ops) =>
            [.. new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), new("num_args", AttributeValue.Of(count)),
                new("fused_ops", AttributeValue.OfStrings(ops))];
        Assert.Equal(new TensorShape(-1, 4, 4, 8),
            _g.AddNode("_FusedConv2D", [Float(-1, 4, 4, 3), Float(3, 3, 3, 8), Float(8), Float(-1, 4, 4, 8)],
            Attributes(2, "BiasAdd", "Add", "Relu")).Outputs[0].Shape);
        Refused("_FusedConv2D", "needs 2 arguments, received 1", Attributes(1, "BiasAdd", "Add"), Float(-1, 4, 4, 3),
            Float(3, 3, 3, 8), Float(8));
        Refused("_FusedConv2D", "'fused_ops' must be BiasAdd", Attributes(1, "Relu", "BiasAdd"), Float(-1, 4, 4, 3),
            Float(3, 3, 3, 8), Float(8));
    }

    [Fact]
    public void ResourceApplyMomentum_GradientOfOtherShape_IsRefused()
    {
        NodeOutput Handle(string name) =>
            _g.VariableHandle(new(name, new(DataType.Float, new(3, 4)), VariableRole.Kernel, Initializer.Zeros));
        Refused("ResourceApplyMomentum", "input 3 must have shape [3,4], received [4,3]", [], Handle("w"),
            Handle("w/momentum"), Float(), Float(4, 3), Float());
        Refused("ResourceApplyMomentum", "input 0 must be a variable's handle", [], Float(3, 4), Handle("w/momentum"),
            Float(), Float(3, 4), Float());
    }

    private NodeOutput Float(params ReadOnlySpan<int> shape) =>
        _g.AddNode("Placeholder", [], [new("dtype", AttributeValue.Of(DataType.Float)),
        new("shape", AttributeValue.Of(new TensorShape(shape)))]).Output();

    private NodeOutput Ints(string values) =>
        _g.Constant(TensorLiteral.Vector<int>(Array.ConvertAll(values.Split(','), int.Parse)));

    private NodeOutput Paddings(string values) => _g.Constant(
        TensorLiteral.Of<int>(new(4, 2), Array.ConvertAll(values.Split(','), int.Parse)));

    private NodeOutput Scalar(int value) => _g.Constant(TensorLiteral.Scalar(value));

    private void Refused(string op, string message, IEnumerable<KeyValuePair<string, AttributeValue>> attributes,
        params NodeOutput[] inputs)
    {
        GraphException error = Assert.Throws<GraphException>(() =>
            _g.AddNode(op, inputs, attributes, $"node{_g.Nodes.Count}"));
        Assert.StartsWith($"{op} 'node", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }
}
