using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Layers;
using Xunit;
using ElementType = Microsoft.ML.CnnZoo.Formats.Onnx.Protos.TensorProto.Types.DataType;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Onnx;

/// <summary>Single operators and the idioms of imported networks: the same values here and in ONNX Runtime.</summary>
public sealed class OnnxTranslatorTests
{
    private const int Batch = 2, Height = 5, Width = 4, Channels = 6;

    private static readonly Dictionary<string, Func<GraphBuilder, NodeOutput, NodeOutput>> Cases = new()
    {
        ["Relu"] = (g, x) => Op(g, "Relu", x), ["Relu6"] = (g, x) => Op(g, "Relu6", x),
        ["Tanh"] = (g, x) => Op(g, "Tanh", x), ["Sigmoid"] = (g, x) => Op(g, "Sigmoid", x),
        ["Exp"] = (g, x) => Op(g, "Exp", x), ["Neg"] = (g, x) => Op(g, "Neg", x),
        ["Square, Sqrt"] = (g, x) => Op(g, "Sqrt", Op(g, "Square", x)),
        ["Rsqrt, Log"] = (g, x) => Op(g, "Rsqrt", Op(g, "Log", Op(g, "AddV2", Op(g, "Square", x), Scalar(g, 2)))),
        ["scalar − image"] = (g, x) => Op(g, "Sub", Scalar(g, 1), x),
        ["channels ∕ image"] = (g, x) => Op(g, "RealDiv", Values(g, Channels), Op(g, "AddV2", Op(g, "Square", x), Scalar(g, 1))),
        ["image by pixels"] = (g, x) => Op(g, "Mul", x, Values(g, Height, Width, 1)),
        ["maximum, minimum"] = (g, x) => Op(g, "Minimum", Op(g, "Maximum", x, Scalar(g, -0.5f)), Values(g, Channels)),
        ["AddN"] = (g, x) => Op(g, "AddN", [new("N", AttributeValue.Of(3L))], x, x, x),
        ["gate per channel"] = (g, x) => Op(g, "Mul", x, Op(g, "Sigmoid", Mean(g, x, keep: true, 1, 2))),
        ["mean of channels"] = (g, x) => Op(g, "AddV2", Mean(g, x, keep: true, 3), x),
        ["mean of rows"] = (g, x) => Mean(g, x, keep: false, 1), ["mean of columns"] = (g, x) => Mean(g, x, keep: false, -2),
        ["global mean, kept"] = (g, x) => Mean(g, x, keep: true, 1, 2),
        ["sum of pixels"] = (g, x) => Op(g, "Sum", x, Ints(g, 1, 2)),
        ["softmax of channels"] = (g, x) => Op(g, "Softmax", x), ["log softmax"] = (g, x) => Op(g, "LogSoftmax", x),
        ["flatten, dense"] = (g, x) => Op(g, "MatMul", Flat(g, x), Values(g, Height * Width * Channels, 3)),
        ["flatten, scaled, dense transposed"] = (g, x) => Op(g, "MatMul", [new("transpose_b", AttributeValue.Of(true))],
            Op(g, "Relu", Op(g, "Mul", Flat(g, x), Values(g, Height * Width * Channels))),
            Values(g, 3, Height * Width * Channels)),
        ["flatten only"] = Flat,
        ["flatten, product of rows"] = (g, x) => Op(g, "MatMul", [new("transpose_b", AttributeValue.Of(true))], Flat(g, x), Flat(g, x)),
        ["flatten, softmax"] = (g, x) => Op(g, "Softmax", Flat(g, x)),
        ["flatten and back"] = (g, x) => Op(g, "Relu", View(g, Flat(g, x), -1, Height, Width, Channels)),
        ["flatten, halves joined"] = (g, x) => Op(g, "ConcatV2", [new("N", AttributeValue.Of(2L))], Flat(g, x),
            Op(g, "Neg", Flat(g, x)), g.Constant(TensorLiteral.Scalar(1))),
        ["channel shuffle"] = (g, x) => Op(g, "Relu", View(g, Op(g, "Transpose",
            View(g, x, -1, Height, Width, 2, 3), Ints(g, 0, 1, 2, 4, 3)), -1, Height, Width, Channels)),
        ["channel shuffle of rows"] = (g, x) => Op(g, "Relu", View(g, Op(g, "Transpose",
            View(g, x, -1, 2, 3), Ints(g, 0, 2, 1)), -1, Height, Width, Channels)),
        ["pixels as batch and back"] = (g, x) => View(g, Op(g, "Relu", View(g, x, -1, Channels)), -1, Height, Width, Channels),
        ["max pool of zeros around"] = (g, x) => g.MaxPool2D(Op(g, "Pad", Op(g, "Sub", x, Scalar(g, 9)),
            Pads(g, 0, 0, 1, 1, 1, 1, 0, 0)), 3, 2, Padding.Valid, "pool"),
        ["LeakyRelu"] = (g, x) => Op(g, "LeakyRelu", [new("alpha", AttributeValue.Of(0.3f))], x),
        ["Elu"] = (g, x) => Op(g, "Elu", x), ["Selu"] = (g, x) => Op(g, "Selu", x), ["Erf"] = (g, x) => Op(g, "Erf", x),
        ["Softplus"] = (g, x) => Op(g, "Softplus", x), ["Softsign"] = (g, x) => Op(g, "Softsign", x),
        ["Abs, Pow"] = (g, x) => Op(g, "Pow", Op(g, "Abs", x), Scalar(g, 1.5f)), ["Floor"] = (g, x) => Op(g, "Floor", x),
        ["Sign"] = (g, x) => Op(g, "Sign", x),
        ["max of pixels"] = (g, x) => Op(g, "Max", [new("keep_dims", AttributeValue.Of(true))], x, Ints(g, 1, 2)),
        ["max of channels"] = (g, x) => Op(g, "Max", x, Ints(g, -1)), ["min of rows"] = (g, x) => Op(g, "Min", x, Ints(g, 1)),
        ["mirrored"] = (g, x) => Op(g, "MirrorPad", [new("mode", AttributeValue.Of("REFLECT"))], x,
            Pads(g, 0, 0, 1, 2, 3, 0, 0, 0)),
        ["mirrored with the border"] = (g, x) => Op(g, "MirrorPad", [new("mode", AttributeValue.Of("SYMMETRIC"))], x,
            Pads(g, 0, 0, 1, 1, 0, 1, 0, 0)),
        ["channels reversed"] = (g, x) => Op(g, "ReverseV2", x, Ints(g, 3)),
        ["pixels as batch"] = (g, x) => Op(g, "Relu", View(g, x, -1, Channels)),
        ["space to depth"] = (g, x) => View(g, Op(g, "Transpose", View(g, Cropped(g, x), -1, 2, 2, 2, 2, Channels),
            Ints(g, 0, 1, 3, 2, 4, 5)), -1, 2, 2, 4 * Channels),
        ["transposed pixels"] = (g, x) => Op(g, "Relu", Op(g, "Transpose", x, Ints(g, 0, 2, 1, 3))),
        ["squeezed pool, unsqueezed"] = (g, x) => Op(g, "Mul", x, Op(g, "ExpandDims",
            Op(g, "ExpandDims", Mean(g, x, keep: false, 1, 2), g.Constant(TensorLiteral.Scalar(1))), g.Constant(TensorLiteral.Scalar(1)))),
        ["squeeze"] = (g, x) => Op(g, "Squeeze", [new("squeeze_dims", AttributeValue.OfInts(1, 2))],
            Mean(g, x, keep: true, 1, 2)),
        ["concatenated columns"] = (g, x) => Op(g, "ConcatV2", [new("N", AttributeValue.Of(2L))], x, Op(g, "Relu", x),
            g.Constant(TensorLiteral.Scalar(2))),
        ["pad"] = (g, x) => Op(g, "Pad", x, Pads(g, 0, 0, 1, 2, 0, 3, 2, 0)),
        ["pad with a value"] = (g, x) => Op(g, "PadV2", x, Pads(g, 0, 0, 1, 2, 0, 3, 2, 0), Scalar(g, -7)),
        ["slice of channels"] = (g, x) => Op(g, "Slice", x, Ints(g, 0, 1, 0, 2), Ints(g, -1, 3, -1, 3)),
        ["every second pixel"] = (g, x) => Strided(g, x, [0, 0, 0, 0], [0, 0, 0, 0], [1, 2, 2, 1], 15, 15),
        ["every second channel"] = (g, x) => Strided(g, x, [0, 0, 0, 1], [0, 0, 0, 6], [1, 1, 1, 2], 7, 7),
        ["backwards"] = (g, x) => Strided(g, x, [0, 0, 0, 0], [0, 0, 0, 0], [1, -1, 1, -2], 15, 15),
        ["one row, dropped"] = (g, x) => Op(g, "StridedSlice", [new("begin_mask", AttributeValue.Of(1L)),
            new("end_mask", AttributeValue.Of(1L)), new("shrink_axis_mask", AttributeValue.Of(2L))],
            x, Ints(g, 0, 3), Ints(g, 0, 4), Ints(g, 1, 1)),
        ["adaptive pool"] = (g, x) => g.AdaptiveAveragePool2D(x, (3, 3), "pool"),
        ["tile"] = (g, x) => Op(g, "Tile", x, Ints(g, 1, 2, 1, 3)),
        ["max pool SAME"] = (g, x) => g.MaxPool2D(x, 3, 2, Padding.Same, "pool"),
        ["average pool SAME"] = (g, x) => g.AveragePool2D(x, 3, 2, Padding.Same, "pool"),
        ["average pool with zeros"] = (g, x) => g.AveragePool2D(x, 3, 2, Padding.Symmetric(1), "pool"),
        ["LRN"] = (g, x) => g.LocalResponseNormalization(x, 5, 2, 0.3f, 0.75f, "lrn"),
        ["Conv2D 3x2/2 SAME dilated"] = (g, x) => Window(g, "Conv2D", x, [3, 2, 6, 4], [1, 1, 1, 1], [1, 2, 2, 1]),
        ["Conv2D grouped"] = (g, x) => Window(g, "Conv2D", x, [3, 3, 2, 9], [1, 2, 2, 1], [1, 1, 1, 1]),
        ["depthwise, 2 filters each"] = (g, x) => Window(g, "DepthwiseConv2dNative", x, [3, 2, 6, 2], [1, 2, 2, 1], [1, 1, 1, 1]),
        ["radial basis"] = (g, x) => Op(g, "Sum", Op(g, "SquaredDifference", Op(g, "ExpandDims",
            Mean(g, x, keep: false, 1, 2), g.Constant(TensorLiteral.Scalar(1))), Values(g, 4, Channels)), Ints(g, 2)),
    };

    /// <summary>Whose unknown dimensions are not the batch alone; their shapes are left to the runtime.</summary>
    private static readonly string[] OddBatches = ["pixels as batch", "pixels as batch and back", "flatten, product of rows"];

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Translate_Operator_GivesTheSameValues(string name)
    {
        foreach (int opset in new[] { 11, OnnxWriter.Opset })
        {
            var g = new GraphBuilder();
            NodeOutput image = g.Placeholder("image", DataType.Float, new TensorShape(-1, Height, Width, Channels));
            NodeOutput y = Cases[name](g, image);
            var random = new Random(3);
            float[] input = [.. Enumerable.Range(0, Batch * Height * Width * Channels).Select(_ => (random.NextSingle() * 4) - 2)];
            float[] expected = Ours(g.ToGraph(), y, input, out TensorShape shape);

            ModelProto model = Translated(g.ToGraph(), y, opset);
            if (opset == OnnxWriter.Opset && !OddBatches.Contains(name))
                OnnxChecker.Check(model);
            float[] images = OnnxRun.ToChannelsFirst(input, new ImageShape(Height, Width, Channels));
            Dictionary<string, Array> results = OnnxRun.Run(model, images, Batch, Channels, Height, Width);
            Assert.Equal(shape.ElementCount, results.Single().Value.Length);
            Assert.InRange(OnnxRun.Difference(expected, (float[])results.Single().Value), 0, 1e-6);
        }
    }

    [Fact]
    public void Translate_WhatOnnxDoesNotHave_IsNamedAllAtOnce()
    {
        var g = new GraphBuilder();
        NodeOutput image = g.Placeholder("image", DataType.Float, new TensorShape(-1, Height, Width, Channels));
        NodeOutput y = Op(g, "ReluGrad", Op(g, "TanhGrad", image, image), image);
        GraphException e = Assert.Throws<GraphException>(() => Translated(g.ToGraph(), y, 17));
        Assert.Contains("ReluGrad 'ReluGrad'", e.Message, StringComparison.Ordinal);
        Assert.Contains("TanhGrad 'TanhGrad'", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("channel shuffle")]
    [InlineData("channel shuffle of rows")]
    public void Translate_ChannelShuffle_TransposesOnce(string name)
    {
        var g = new GraphBuilder();
        NodeOutput image = g.Placeholder("image", DataType.Float, new TensorShape(-1, Height, Width, Channels));
        NodeOutput y = g.GlobalAveragePool2D(Cases[name](g, image), "pool");
        Assert.Equal(["Reshape", "Transpose", "Reshape", "Relu", "GlobalAveragePool", "Flatten"],
            Translated(g.ToGraph(), y, 17).Graph.Node.Select(n => n.OpType));
    }

    [Fact]
    public void AddInitializer_Above2GiB_IsRefused()
    {
        var builder = new OnnxGraphBuilder(17);
        var values = new float[1 << 28]; // 1 GiB
        builder.AddInitializer("a", [values.Length], values);
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(
            () => builder.AddInitializer("b", [values.Length], values));
        Assert.Contains("2 GiB", e.Message, StringComparison.Ordinal);
    }

    private static ModelProto Translated(NetworkGraph graph, NodeOutput y, int opset)
    {
        var builder = new OnnxGraphBuilder(opset);
        builder.Graph.Name = "test";
        var image = new OnnxValue(builder.Reserve("image"), graph["image"].Outputs[0].Shape, AxisOrder.ChannelsFirst);
        OnnxValue value = OnnxTranslator.Translate(builder, graph, y, image);
        GraphProto written = builder.Graph;
        written.Input.Add(OnnxGraphBuilder.ValueInfo("image", ElementType.Float, image.Dimensions));
        ValueInfoProto? described = written.ValueInfo.FirstOrDefault(v => v.Name == value.Name);
        if (described is not null)
            written.ValueInfo.Remove(described);
        written.Output.Add(described ?? new ValueInfoProto
        {
            Name = value.Name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Float } },
        });
        var model = new ModelProto { IrVersion = OnnxWriter.IrVersion, Graph = written };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = opset });
        return model;
    }

    private static float[] Ours(NetworkGraph graph, NodeOutput y, float[] input, out TensorShape shape)
    {
        var feeds = new Dictionary<string, TensorShape> { ["image"] = new(Batch, Height, Width, Channels) };
        using var variables = new VariableStore();
        using Executable plan = new Session(KernelSet.Shared).Compile(graph, feeds, [y], [], variables,
            new CompileOptions { Fuse = false });
        input.CopyTo(plan.Feed<float>("image"));
        plan.Run(CancellationToken.None);
        float[] values = plan.Fetch<float>(0).ToArray();
        shape = new TensorShape(values.Length);
        return values;
    }

    private static NodeOutput Op(GraphBuilder g, string op, params NodeOutput[] inputs) => g.AddNode(op, inputs).Output();

    private static NodeOutput Op(GraphBuilder g, string op, KeyValuePair<string, AttributeValue>[] attributes,
        params NodeOutput[] inputs) => g.AddNode(op, inputs, attributes).Output();

    private static NodeOutput Scalar(GraphBuilder g, float value) => g.Constant(TensorLiteral.Scalar(value));

    private static NodeOutput Ints(GraphBuilder g, params int[] values) => g.Constant(TensorLiteral.Vector<int>(values));

    private static NodeOutput Pads(GraphBuilder g, params int[] values) =>
        g.Constant(TensorLiteral.Of<int>(new TensorShape(4, 2), values));

    private static NodeOutput Values(GraphBuilder g, params int[] shape)
    {
        var random = new Random(shape.Sum());
        var s = new TensorShape(shape);
        return g.Constant(TensorLiteral.Of<float>(s,
            [.. Enumerable.Range(0, (int)s.ElementCount).Select(_ => random.NextSingle() - 0.4f)]));
    }

    private static NodeOutput View(GraphBuilder g, NodeOutput x, params int[] shape) => Op(g, "Reshape", x, Ints(g, shape));

    private static NodeOutput Flat(GraphBuilder g, NodeOutput x) => View(g, x, -1, Height * Width * Channels);

    private static NodeOutput Cropped(GraphBuilder g, NodeOutput x) =>
        Op(g, "Slice", x, Ints(g, 0, 1, 0, 0), Ints(g, -1, 4, 4, Channels));

    private static NodeOutput Mean(GraphBuilder g, NodeOutput x, bool keep, params int[] axes) =>
        Op(g, "Mean", [new("keep_dims", AttributeValue.Of(keep))], x, Ints(g, axes));

    private static NodeOutput Strided(GraphBuilder g, NodeOutput x, int[] begin, int[] end, int[] step, long beginMask,
        long endMask) => Op(g, "StridedSlice", [new("begin_mask", AttributeValue.Of(beginMask)),
            new("end_mask", AttributeValue.Of(endMask))], x, Ints(g, begin), Ints(g, end), Ints(g, step));

    private static NodeOutput Window(GraphBuilder g, string op, NodeOutput x, int[] filter, long[] strides, long[] dilations) =>
        Op(g, op, [new("strides", AttributeValue.OfInts(strides)), new("dilations", AttributeValue.OfInts(dilations)),
            new("padding", AttributeValue.Of("SAME"))], x, Values(g, filter));
}
