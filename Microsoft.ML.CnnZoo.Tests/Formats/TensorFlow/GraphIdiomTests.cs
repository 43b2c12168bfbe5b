using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Graph;
using Xunit;
using Protos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>The ways in which exporters write what our graphs say in one node, or do not say at all.</summary>
public partial class GraphIdiomTests
{
    private const int Channels = 4;
    private static readonly int[] Images = [2, 6, 6, Channels];

    [Theory]
    [InlineData("slim")]
    [InlineData("slim without gamma")]
    [InlineData("without beta")]
    [InlineData("centered")]
    [InlineData("centered, divided")]
    [InlineData("reshaped")]
    [InlineData("global normalization")]
    [InlineData("fused")]
    public void Read_BatchNorm_BecomesOneNode(string form)
    {
        var g = new SourceGraph();
        string x = g.Image(-1, 6, 6, Channels), y = BatchNorm(g, form, x);
        FrozenNetwork network = g.Read();
        NodeDef node = network.Output.Tensor.Node;
        Assert.Equal("FusedBatchNormV3", node.Op);
        Assert.Equal(6, network.Graph.Nodes.Count);
        Assert.Equal(y + ":0", network.Output.Name);
        float[] input = SourceGraph.Values("input", Images), mean = Statistic("mean"), variance = Statistic("variance"),
            gamma = form is "slim without gamma" or "centered" ? Ones() : Statistic("gamma"),
            beta = form == "without beta" ? new float[Channels] : Statistic("beta");
        float[] actual = SourceGraph.Run(network, Images);
        for (int i = 0; i < input.Length; i++)
        {
            int c = i % Channels;
            float unit = (input[i] - mean[c]) / MathF.Sqrt(variance[c] + 0.001f);
            Assert.Equal((unit * gamma[c]) + beta[c], actual[i], 1e-5);
        }
    }

    [Theory]
    [InlineData("div", 1f)]
    [InlineData("select", 1f)]
    [InlineData("phase", 1f)]
    [InlineData("if", 1f)]
    public void Read_Dropout_IsPassedBy(string form, float keep)
    {
        var g = new SourceGraph();
        string x = g.Image(-1, 6, 6, Channels), dropped = Dropout(g, form, g.Node("Relu", "relu", [x]), keep);
        g.Node("Sigmoid", "y", [dropped]);
        FrozenNetwork network = g.Read();
        Assert.Equal(["Placeholder", "Relu", "Sigmoid"], network.Graph.Nodes.Select(n => n.Op));
    }

    [Fact]
    public void Read_DropoutThatIsActive_IsRefused()
    {
        var g = new SourceGraph();
        Dropout(g, "div", g.Image(-1, 6, 6, Channels), 0.5f);
        Assert.Contains("it draws random numbers", Refusal(g), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SAME", 0, 0, 2, 2)]
    [InlineData("VALID", 0, 0, 0, 0)]
    public void Read_SpaceToBatch_IsDilation(string padding, int cropTop, int cropBottom, int padTop, int padBottom)
    {
        var g = new SourceGraph();
        string x = g.Image(-1, 6, 6, Channels), w = g.Weights("w", [3, 3, Channels, 5]);
        string blocks = g.Node("SpaceToBatchND", "s2b", [x, g.Ints("block", 2, 2),
            g.Constant("pads", Pairs(padTop, padBottom, padTop, padBottom))]);
        g.Node("BatchToSpaceND", "y", [g.Convolution("conv", blocks, w, "VALID"), "block",
            g.Constant("crops", Pairs(cropTop, cropBottom, cropTop, cropBottom))]);
        var expected = new SourceGraph();
        expected.Node("Conv2D", "y", [expected.Image(-1, 6, 6, Channels), expected.Weights("w", [3, 3, Channels, 5])],
            ("padding", padding), ("strides", (int[])[1, 1, 1, 1]), ("dilations", (int[])[1, 2, 2, 1]));
        FrozenNetwork network = g.Read();
        Assert.Equal("Conv2D", network.Output.Tensor.Node.Op);
        Assert.Equal(padding, network.Output.Tensor.Node.Attributes["padding"].String);
        Assert.Equal(expected.Run(Images), SourceGraph.Run(network, Images));
    }

    [Fact]
    public void Read_PadBeforeConvolution_BecomesItsPadding()
    {
        var g = new SourceGraph();
        string padded = g.Node("Pad", "pad", [g.Image(-1, 6, 6, Channels),
            g.Constant("pads", TensorLiteral.Of<int>(new(4, 2), [0, 0, 1, 2, 0, 1, 0, 0]))]);
        g.Convolution("y", padded, g.Weights("w", [3, 3, Channels, 5]), "VALID", 2);
        FrozenNetwork network = g.Read();
        Assert.Equal(["Const", "Conv2D", "Placeholder"], network.Graph.Nodes.Select(n => n.Op).Order());
        Assert.Equal("[0,0,1,2,0,1,0,0]", network.Output.Tensor.Node.Attributes["explicit_paddings"].ToString());
    }

    [Theory]
    [InlineData("Relu", "Pad", 0f, true)]
    [InlineData("Tanh", "Pad", 0f, false)]
    [InlineData("Tanh", "PadV2", float.MinValue, true)]
    [InlineData("Tanh", "PadV2", -1f, false)]
    public void Read_PadBeforeMaxPool_BecomesItsPaddingWhereItIsNeverTheMaximum(string before, string op, float value,
        bool joined)
    {
        var g = new SourceGraph();
        string x = g.Node(before, "x0", [g.Image(-1, 6, 6, Channels)]);
        g.Constant("pads", TensorLiteral.Of<int>(new(4, 2), [0, 0, 1, 1, 1, 1, 0, 0]));
        string padded = g.Node(op, "pad", op == "Pad" ? [x, "pads"] : [x, "pads", g.Scalar("value", value)]);
        g.Node("MaxPool", "y", [padded], ("padding", "VALID"), ("ksize", (int[])[1, 3, 3, 1]),
            ("strides", (int[])[1, 2, 2, 1]));
        FrozenNetwork network = g.Read();
        Assert.Equal(!joined, network.Graph.Nodes.Any(n => n.Op == op));
        float[] input = SourceGraph.Values("input", Images), y = SourceGraph.Run(network, Images);
        for (int i = 0; i < y.Length; i++)
        {
            (int c, int column, int row, int n) = (i % 4, i / 4 % 3, i / 12 % 3, i / 36);
            float greatest = float.MinValue;
            for (int h = Math.Max(0, (2 * row) - 1); h <= (2 * row) + 1; h++)
                for (int w = Math.Max(0, (2 * column) - 1); w <= (2 * column) + 1; w++)
                    greatest = Math.Max(greatest, input[(((((n * 6) + h) * 6) + w) * 4) + c]);
            greatest = before == "Relu" ? Math.Max(0, greatest) : MathF.Tanh(greatest);
            Assert.Equal(row == 0 || column == 0 ? Math.Max(value, greatest) : greatest, y[i], 1e-5);
        }
    }

    [Theory]
    [InlineData("constant -1")]
    [InlineData("batch from shape")]
    [InlineData("batch from shape, -1")]
    [InlineData("product of shape")]
    public void Read_Flatten_KeepsTheBatchOpen(string form)
    {
        var g = new SourceGraph();
        string x = g.Image(-1, 6, 6, Channels);
        string target = form switch
        {
            "constant -1" => g.Ints("target", -1, 144),
            "batch from shape" => Pack(g, x, g.Constant("size", TensorLiteral.Scalar(144))),
            "batch from shape, -1" => Pack(g, x, g.Constant("size", TensorLiteral.Scalar(-1))),
            _ => Pack(g, x, g.Node("Prod", "size", [g.Node("Slice", "rest", [g.Node("Shape", "shape2", [x]),
                g.Ints("from", 1), g.Ints("count", 3)]), g.Ints("axis0", 0)])),
        };
        g.Node("MatMul", "y", [g.Node("Reshape", "flat", [x, target]), g.Weights("w", [144, 3])]);
        FrozenNetwork network = g.Read();
        Assert.Equal(new TensorShape(-1, 3), network.Output.Tensor.Shape);
        Assert.Equal(6, SourceGraph.Run(network, Images).Length);
    }

    [Fact]
    public void Read_FixedBatch_IsOpen()
    {
        var g = new SourceGraph();
        string x = g.Image(1, 6, 6, Channels), pool = g.Node("AvgPool", "pool", [x], ("padding", "VALID"),
            ("ksize", (int[])[1, 6, 6, 1]), ("strides", (int[])[1, 1, 1, 1]));
        g.Node("Softmax", "y", [g.Node("Reshape", "flat", [pool, g.Ints("shape", 1, Channels)])]);
        FrozenNetwork network = g.Read();
        Assert.Equal(new TensorShape(-1, 6, 6, Channels), network.Input.Tensor.Shape);
        Assert.Equal(new TensorShape(-1, Channels), network.Output.Tensor.Shape);
        Assert.Equal(2 * Channels, SourceGraph.Run(network, Images).Length);
    }

    [Fact]
    public void Read_PictureFile_BeginsAfterItsResizing()
    {
        var g = new SourceGraph();
        string bytes = g.Constant("contents", TensorLiteral.Scalar(0f));
        string picture = g.Node("DecodeJpeg", "DecodeJpeg", [bytes], ("channels", 3));
        string cast = g.Node("Cast", "cast", [picture], ("DstT", DataType.Float), ("SrcT", DataType.UInt8));
        string batch = g.Node("ExpandDims", "expand", [cast, g.Constant("dim", TensorLiteral.Scalar(0))]);
        string resized = g.Node("ResizeBilinear", "resize", [batch, g.Ints("size", 7, 5)]);
        string centered = g.Node("Sub", "sub", [resized, g.Scalar("mean", 128)]);
        g.Convolution("y", g.Node("Mul", "mul", [centered, g.Scalar("scale", 1 / 128f)]), g.Weights("w", [1, 1, 3, 2]));
        FrozenNetwork network = g.Read();
        Assert.Equal("resize:0", network.Input.Name);
        Assert.Equal(new TensorShape(-1, 7, 5, 3), network.Input.Tensor.Shape);
    }

    [Fact]
    public void Read_OpenSize_IsAskedForAndTaken()
    {
        var g = new SourceGraph();
        g.Convolution("y", g.Image(-1, -1, -1, 3), g.Weights("w", [1, 1, 3, 2]));
        Assert.Contains("ImageShape", Refusal(g), StringComparison.Ordinal);
        Assert.Equal(new TensorShape(-1, 9, 8, 2), g.Read(new ImageShape(9, 8, 3)).Output.Tensor.Shape);
        var error = Assert.Throws<InvalidDataException>(() => g.Read(new ImageShape(9, 8, 1)));
        Assert.Contains("images of 9x8x1 do not fit", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FusedOps_AreTakenApart()
    {
        var g = new SourceGraph();
        g.Node("_FusedConv2D", "y",
            [g.Image(-1, 6, 6, Channels), g.Weights("w", [3, 3, Channels, 3]), g.Weights("b", [3])],
            ("padding", "SAME"), ("strides", (int[])[1, 1, 1, 1]), ("fused_ops", (string[])["BiasAdd", "Relu6"]));
        Assert.Equal(["Conv2D", "BiasAdd", "Relu6"], g.Read().Graph.Nodes.Select(n => n.Op)
            .Where(o => o is not ("Const" or "Placeholder")));
    }

    [Fact]
    public void Read_WeightsComputedInTheGraph_AreFolded()
    {
        var g = new SourceGraph();
        string stored = g.Constant("stored", new TensorLiteral(DataType.Half, new(3, 144),
            [.. SourceGraph.Values("w", [3, 144]).SelectMany(v => BitConverter.GetBytes((Half)v))]));
        string wide = g.Node("Cast", "wide", [stored], ("DstT", DataType.Float));
        string w = g.Node("Transpose", "w", [wide, g.Ints("perm", 1, 0)]);
        string flat = g.Node("Reshape", "flat", [g.Image(-1, 6, 6, Channels), g.Ints("shape", -1, 144)]);
        g.Node("MatMul", "y", [flat, w]);
        var direct = new SourceGraph();
        string half = direct.Constant("w", TensorLiteral.Of<float>(new(3, 144),
            [.. SourceGraph.Values("w", [3, 144]).Select(v => (float)(Half)v)]));
        direct.Node("MatMul", "y", [direct.Node("Reshape", "flat", [direct.Image(-1, 6, 6, Channels),
            direct.Ints("shape", -1, 144)]), half], ("transpose_b", true));
        Assert.Equal(direct.Run(Images), g.Run(Images));
    }

    [Fact]
    public void Read_MaximumWithItsOwnShare_IsLeakyRelu()
    {
        var g = new SourceGraph();
        string x = g.Node("Tanh", "tanh", [g.Image(-1, 6, 6, Channels)]);
        g.Node("Maximum", "y", [g.Node("Mul", "share", [g.Scalar("alpha", 0.1f), x]), x]);
        FrozenNetwork network = g.Read();
        Assert.Equal(["Placeholder", "Tanh", "LeakyRelu"], network.Graph.Nodes.Select(n => n.Op));
        Assert.Equal(0.1f, network.Output.Tensor.Node.Attributes["alpha"].Float);
    }

    [Fact]
    public void Read_SplitAndReversedChannels_GiveTheirValues()
    {
        var g = new SourceGraph();
        string x = g.Image(-1, 6, 6, Channels);
        g.Node("Split", "split", [g.Constant("axis", TensorLiteral.Scalar(3)), x], ("num_split", 2));
        string joined = g.Node("ConcatV2", "joined", ["split:1", "split", "axis"], ("N", 2));
        g.Node("StridedSlice", "y", [joined, g.Ints("begin", 0, 0, 0, 0), g.Ints("end", 0, 0, 0, 0),
            g.Ints("strides", 1, 1, 1, -1)], ("begin_mask", 15), ("end_mask", 15));
        float[] input = SourceGraph.Values("input", Images), y = g.Run(Images);
        int[] order = [1, 0, 3, 2];
        Assert.Equal(input.Select((_, i) => input[i - (i % 4) + order[i % 4]]), y);
    }

    [Fact]
    public void Read_WhatIsNotSupported_IsListedAtOnce()
    {
        var g = new SourceGraph();
        string x = g.Image(-1, 6, 6, Channels);
        for (int i = 0; i < 5; i++)
            x = g.Node("Erfinv", $"inverse{i}", [x]);
        string other = g.Node("Cholesky", "root", [g.Convolution("conv", "x", g.Weights("w", [3, 3, Channels, 4]))]);
        string channelsFirst = g.Node("MaxPool", "pool", ["x"], ("data_format", "NCHW"), ("padding", "SAME"),
            ("ksize", (int[])[1, 1, 2, 2]), ("strides", (int[])[1, 1, 2, 2]));
        g.Node("AddN", "y", [x, other, channelsFirst], ("N", 3));
        string message = Refusal(g);
        Assert.Contains("Erfinv (5 nodes: 'inverse0', 'inverse1', 'inverse2', …)", message, StringComparison.Ordinal);
        Assert.Contains("Cholesky (1 node: 'root')", message, StringComparison.Ordinal);
        Assert.Contains("MaxPool 'pool': the data format NCHW is not supported", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_ChannelsFirstInput_IsTransposedOutside()
    {
        var g = new SourceGraph();
        string x = g.Node("Transpose", "last", [g.Image(-1, Channels, 5, 6), g.Ints("perm", 0, 2, 3, 1)]);
        g.Node("ReverseV2", "y", [x, g.Ints("axis", -1)]);
        FrozenNetwork network = g.Read();
        Assert.Equal([0, 3, 1, 2], network.Input.Axes!);
        Assert.Equal(["Const", "Placeholder", "ReverseV2"], network.Graph.Nodes.Select(n => n.Op).Order());
        int[] shape = [1, Channels, 5, 6];
        float[] input = SourceGraph.Values("input", shape), y = SourceGraph.Run(network, shape);
        Assert.Equal(Enumerable.Range(0, input.Length).Select(i => input[((3 - (i % 4)) * 30) + (i / 4)]), y);
    }

    [Fact]
    public void Read_ReversedChannels_AreOneOp()
    {
        var g = new SourceGraph();
        g.Node("StridedSlice", "y", [g.Image(-1, 6, 6, 3), g.Ints("begin", 0, 0), g.Ints("end", 0, 0),
            g.Ints("strides", 1, -1)], ("begin_mask", 2), ("end_mask", 2), ("ellipsis_mask", 1));
        NodeDef node = g.Read().Output.Tensor.Node;
        Assert.Equal("ReverseV2", node.Op);
        Assert.Equal([3L], ConstantValues.TryGet(node.Inputs[1])!);
    }

    [Fact]
    public void Read_WeightsStoredAsBytes_AreWidened()
    {
        var g = new SourceGraph();
        string bytes = g.Node("Const", "bytes", [], ("value", new Protos.TensorProto
        {
            Dtype = (Protos.DataType)12, TensorShape = AttributeProto.ToProto(new TensorShape(3)),
            TensorContent = Google.Protobuf.ByteString.CopyFrom(0, 51, 255),
        }));
        string bias = g.Node("Dequantize", "bias", [bytes, g.Scalar("low", -1), g.Scalar("high", 1.55f)],
            ("T", (DataType)12), ("mode", "MIN_COMBINED"));
        g.Node("BiasAdd", "y", [g.Image(-1, 6, 6, 3), bias]);
        NodeDef constant = g.Read().Output.Tensor.Node.Inputs[1].Node;
        Assert.Equal([-1, -0.49f, 1.55f], constant.Attributes["value"].Tensor.Values<float>().ToArray());
    }

    [Fact]
    public void Read_ConstantsOnBranches_AreChosen()
    {
        var g = new SourceGraph();
        string phase = g.Node("Placeholder", "phase_train", [], ("dtype", DataType.Bool));
        g.Node("Switch", "switch", [phase, phase]);
        g.Node("Identity", "switch_t", ["switch:1"]);
        g.Node("Identity", "switch_f", ["switch"]);
        g.Node("Const", "train", ["^switch_t"], ("value", TensorLiteral.Scalar(0.5f)));
        g.Node("Const", "test", ["^switch_f"], ("value", TensorLiteral.Scalar(2f)));
        g.Node("Mul", "y", [g.Image(-1, 6, 6, 3), g.Node("Merge", "merge", ["train", "test"])]);
        int[] shape = [1, 6, 6, 3];
        Assert.Equal(SourceGraph.Values("input", shape, 2), g.Run(shape));
    }

    [Theory]
    [InlineData("cycle", "depends on itself")]
    [InlineData("missing", "the input 'gone' of the node 'y' does not exist")]
    [InlineData("recursive function", "calls itself")]
    [InlineData("two inputs", "several inputs, 'x:0' and 'z:0'")]
    [InlineData("training", "the graph is in training mode")]
    [InlineData("many zeros", "have more than")]
    [InlineData("big fill", "is too large")]
    [InlineData("text", "does not depend on an image")]
    public void Read_IllGraph_SaysWhatIsWrong(string defect, string message)
    {
        var g = new SourceGraph();
        string x = g.Image(-1, 6, 6, Channels);
        switch (defect)
        {
            case "cycle":
                g.Node("Relu", "a", ["b"]);
                g.Node("Relu", "b", ["a"]);
                g.Node("AddV2", "y", [x, "b"]);
                break;
            case "missing": g.Node("AddV2", "y", [x, "gone"]); break;
            case "recursive function":
                var call = new Protos.NameAttrList { Name = "f" };
                g.Graph.Library.Function.Add(new Protos.FunctionDef
                {
                    Signature = new() { Name = "f", InputArg = { new Protos.OpDef.Types.ArgDef { Name = "a" } },
                        OutputArg = { new Protos.OpDef.Types.ArgDef { Name = "r" } } },
                    NodeDef = { SourceGraph.Make("PartitionedCall", "again", ["a"], ("f", call)) },
                    Ret = { ["r"] = "again:output:0" },
                });
                g.Node("PartitionedCall", "y", [x], ("f", call));
                break;
            case "two inputs":
                g.Node("Placeholder", "z", [], ("dtype", DataType.Float), ("shape", (int[])[-1, 6, 6, Channels]));
                g.Node("AddV2", "y", [g.Node("Relu", "r", [x]), "z"]);
                break;
            case "training":
                g.Node("FusedBatchNormV3", "y", [x, g.Weights("a", [4]), g.Weights("b", [4]), g.Weights("c", [4]),
                    g.Weights("d", [4])]);
                break;
            case "many zeros":
                for (int i = 0; i < 8; i++)
                    x = g.Node("AddV2", $"y{i}", [x, g.Node("Const", $"zeros{i}", [], ("value", new Protos.TensorProto
                    {
                        Dtype = Protos.DataType.DtFloat, TensorShape = AttributeProto.ToProto(new TensorShape(1 << 26)),
                        FloatVal = { 0 },
                    }))]);
                break;
            case "big fill":
                g.Node("Fill", "fill", [g.Ints("dims", 1 << 30, 1 << 30), g.Scalar("one", 1)]);
                g.Node("AddV2", "y", [x, "fill"]);
                break;
            default:
                g.Node("Identity", "y", [g.Node("Const", "words", [], ("value", new Protos.TensorProto
                {
                    Dtype = Protos.DataType.DtString,
                })), "^x"]);
                g.Graph.Node[0].Op = "Const";
                break;
        }
        if (defect == "text")
            Assert.Throws<InvalidDataException>(() => g.Read());
        else
            Assert.Contains(message, Refusal(g), StringComparison.Ordinal);
    }

    private static TensorLiteral Pairs(params int[] values) => TensorLiteral.Of<int>(new TensorShape(2, 2), values);

    private static float[] Statistic(string role) =>
        SourceGraph.Values(role, [Channels], 0.3f, role is "variance" or "gamma" ? 1 : 0);

    private static float[] Ones() => [.. Enumerable.Repeat(1f, Channels)];

    private static string Refusal(SourceGraph g) => Assert.Throws<InvalidDataException>(() => g.Read()).Message;
}
