using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Microsoft.ML.CnnZoo.Layers;
using Xunit;
using Protos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Tests.Graph;

/// <summary>
/// TensorFlow's wire format: round trips without loss, exact bytes, and the messages for invalid input.
/// </summary>
public class GraphDefFormatTests
{
    public static TheoryData<string> Names => [.. CnnArchitectures.All.Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void ReadWrite_TrainingGraph_IsLossless(string name)
    {
        NetworkGraph graph = TrainingGraph(CnnArchitectures.Find(name));
        byte[] bytes = GraphDefFormat.Write(graph);
        using var stream = new MemoryStream();
        GraphDefFormat.Write(graph, stream);
        Assert.Equal(bytes, stream.ToArray());
        stream.Position = 0;
        NetworkGraph read = GraphDefFormat.Read(stream);
        AssertEqual(graph, read);
        Assert.Equal(graph.Variables, read.Variables);
    }

    [Fact]
    public void ReadWrite_EveryKindOfAttribute_ControlInputsAndPorts_AreKept()
    {
        var g = new GraphBuilder();
        NodeOutput x = g.Placeholder("x", DataType.Float, new TensorShape(-1, 3));
        NodeDef first = g.AddNode("Relu", [x], [new("_ints", AttributeValue.OfInts(1, -2)),
            new("_floats", AttributeValue.OfFloats(1.5f)), new("_strings", AttributeValue.OfStrings("ä", "")),
            new("_types", AttributeValue.OfTypes(DataType.Half)),
            new("_shapes", AttributeValue.OfShapes(TensorShape.Scalar, new(-1, 2))),
            new("_flag", AttributeValue.Of(true)),
            new("_text", AttributeValue.Of("größe")), new("_real", AttributeValue.Of(float.MinValue)),
            new("_whole", AttributeValue.Of(long.MinValue))], "first");
        g.AddNode("Identity", [x], null, "second", [first]);
        NodeDef loss = g.AddNode("SparseSoftmaxCrossEntropyWithLogits",
            [x, g.Placeholder("labels", DataType.Int64, new TensorShape(-1))], null, "loss");
        g.AddNode("Relu", [loss.Output(1)], null, "third");
        foreach (TensorLiteral literal in (TensorLiteral[])[TensorLiteral.Vector(1.5, -2),
            TensorLiteral.Vector(true, false), TensorLiteral.Scalar((byte)200), TensorLiteral.Scalar(ulong.MaxValue),
            TensorLiteral.Scalar((Half)0.5), TensorLiteral.Of<int>(new(0, 3), []),
                new TensorLiteral(DataType.BFloat16, new(1), [0x80, 0x3F])])
            g.Constant(literal);
        NetworkGraph graph = g.ToGraph(), read = GraphDefFormat.Read(GraphDefFormat.Write(graph));
        AssertEqual(graph, read);
        Assert.Equal("first", Assert.Single(read["second"].ControlInputs).Name);
        Assert.Equal(1, read["third"].Inputs[0].Port);
    }

    [Fact]
    public void Write_Placeholder_GivesTensorFlowsBytes()
    {
        var g = new GraphBuilder();
        g.Placeholder("x", DataType.Float, new TensorShape(-1, 3));
        // node { name: "x" op: "Placeholder" attr { dtype: DT_FLOAT } attr { shape { dim { size: -1 } dim { size: 3 } }
        // } } versions { producer: 1087 }, by the field numbers of TensorFlow's .proto files.
        string expected = Message(1,
                Text(1, "x") + Text(2, "Placeholder")
                + Message(5, Text(1, "dtype") + Message(2, "3001"))
                + Message(5, Text(1, "shape") + Message(2,
                    Message(7, Message(2, "08FFFFFFFFFFFFFFFFFF01") + Message(2, "0803")))))
            + Message(4, "08BF08");
        Assert.Equal(expected, Convert.ToHexString(GraphDefFormat.Write(g.ToGraph())));
    }

    [Fact]
    public void Read_NodesInAnyOrder_AreOrderedAfterTheirInputs()
    {
        Protos.GraphDef proto =
            Protos.GraphDef.Parser.ParseFrom(GraphDefFormat.Write(TrainingGraph(CnnArchitectures.LeNet5Relu)));
        Protos.NodeDef[] nodes = [.. proto.Node.Reverse()];
        proto.Node.Clear();
        proto.Node.AddRange(nodes);
        NetworkGraph read = GraphDefFormat.Read(proto.ToByteArray());
        Assert.Equal(nodes.Length, read.Nodes.Count);
        Assert.All(read.Nodes, n => Assert.All(n.Inputs, i => Assert.True(i.Node.Index < n.Index)));
    }

    [Theory]
    [InlineData(new[] { 1f, 2, 3, 4 }, new[] { 1f, 2, 3, 4 })]
    [InlineData(new[] { 7f }, new[] { 7f, 7, 7, 7 })]
    [InlineData(new[] { 1f, 5 }, new[] { 1f, 5, 5, 5 })]
    [InlineData(new float[0], new[] { 0f, 0, 0, 0 })]
    public void Read_ListedFloats_RepeatTheLast(float[] listed, float[] expected)
    {
        var tensor = new Protos.TensorProto { Dtype = Protos.DataType.DtFloat, TensorShape = Shape(2, 2) };
        tensor.FloatVal.AddRange(listed);
        TensorLiteral value = GraphDefFormat.Read(ConstGraph(tensor).ToByteArray())["c"].Attributes["value"].Tensor;
        Assert.Equal(expected, value.Values<float>().ToArray());
    }

    [Fact]
    public void Read_ForeignVariableWithoutMetadata_IsAKernelOfThatName()
    {
        var node = new Protos.NodeDef { Name = "dense/w", Op = "VarHandleOp" };
        node.Attr["dtype"] = new() { Type = Protos.DataType.DtFloat };
        node.Attr["shape"] = new() { Shape = Shape(3, 4) };
        node.Attr["allowed_devices"] = new() { List = new() };
        NetworkGraph graph = GraphDefFormat.Read(new Protos.GraphDef { Node = { node } }.ToByteArray());
        VariableDefinition variable = Assert.Single(graph.Variables);
        Assert.Equal(("dense/w", VariableRole.Kernel, 12L), (variable.Name, variable.Role, variable.ParameterCount));
    }

    [Theory]
    [InlineData("unknown op", "FancyOp 'n': The op 'FancyOp' is not supported")]
    [InlineData("missing input", "Relu 'n': its input 'gone' does not exist")]
    [InlineData("cycle", "it depends on itself through 'n'")]
    [InlineData("port", "'x' has 1 outputs, no output 3")]
    [InlineData("port text", "its input 'x:one' is not of the form name:port")]
    [InlineData("twice", "Two nodes are named 'x'")]
    [InlineData("no name", "has no name")]
    [InlineData("data after control", "the input 'x' comes after a control input")]
    [InlineData("function", "the attribute 'T' has a value of kind Func")]
    [InlineData("type", "the attribute 'T' has the element type 8")]
    [InlineData("rank", "the attribute 'shape' has a shape of unknown rank")]
    [InlineData("dimension", "which is out of range")]
    [InlineData("content", "is a constant Float[2,2] of 16 bytes, but holds 3")]
    [InlineData("too many", "of 16 bytes, but lists 20")]
    [InlineData("bomb", "but lists 4")]
    [InlineData("huge", "is a constant Float[2147483647,2147483647,2147483647], which is too large")]
    [InlineData("variable", "VarHandleOp 'n': a variable needs 'dtype' and a fully known 'shape'")]
    [InlineData("role", "'_role' has the unknown value 'Chief'")]
    public void Read_IllGraph_SaysWhatIsWrong(string defect, string message)
    {
        GraphException error = Assert.Throws<GraphException>(() =>
            GraphDefFormat.Read(Defective(defect).ToByteArray()));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_BytesThatAreNoGraph_SaysSo() =>
        Assert.Contains("not a GraphDef", Assert.Throws<GraphException>(() =>
            GraphDefFormat.Read("a text file"u8)).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_DamagedBytes_NeverFailOtherwiseThanByGraphException()
    {
        byte[] good = GraphDefFormat.Write(TrainingGraph(CnnArchitectures.LeNet5));
        var random = new Random(1);
        int refused = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] bad = i % 4 == 0 ? good[..random.Next(good.Length)] : [.. good];
            for (int k = 0; k < 1 + (i % 5) && bad.Length > 0; k++)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            try
            {
                GraphDefFormat.Read(bad);
            }
            catch (GraphException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1000, 2000);
    }

    private static Protos.GraphDef Defective(string defect)
    {
        var x = new Protos.NodeDef
        {
            Name = "x", Op = "Placeholder",
            Attr = { ["dtype"] = new() { Type = Protos.DataType.DtFloat }, ["shape"] = new() { Shape = Shape(-1, 3) } },
        };
        var n = new Protos.NodeDef { Name = "n", Op = "Relu" };
        var graph = new Protos.GraphDef { Node = { x, n } };
        var tensor = new Protos.TensorProto { Dtype = Protos.DataType.DtFloat, TensorShape = Shape(2, 2) };
        switch (defect)
        {
            case "unknown op": n.Op = "FancyOp"; n.Input.Add("x"); break;
            case "missing input": n.Input.Add("gone"); break;
            case "cycle":
                n.Input.Add("m");
                graph.Node.Add(new Protos.NodeDef { Name = "m", Op = "Relu", Input = { "n" } });
                break;
            case "port": n.Input.Add("x:3"); break;
            case "port text": n.Input.Add("x:one"); break;
            case "twice": n.Name = "x"; break;
            case "no name": n.Name = ""; break;
            case "data after control": n.Input.Add("^x"); n.Input.Add("x"); break;
            case "function": n.Input.Add("x"); n.Attr["T"] = new() { Func = new() { Name = "f" } }; break;
            case "type": n.Input.Add("x"); n.Attr["T"] = new() { Type = (Protos.DataType)8 }; break;
            case "rank": x.Attr["shape"].Shape.UnknownRank = true; break;
            case "dimension": x.Attr["shape"] = new() { Shape = Shape(1L << 40) }; break;
            case "content": tensor.TensorContent = ByteString.CopyFrom(1, 2, 3); return ConstGraph(tensor);
            case "too many": tensor.FloatVal.AddRange(new float[5]); return ConstGraph(tensor);
            case "bomb": tensor.TensorShape = Shape(1 << 30); tensor.FloatVal.Add(1); return ConstGraph(tensor);
            case "huge":
                tensor.TensorShape = Shape(int.MaxValue, int.MaxValue, int.MaxValue);
                tensor.FloatVal.Add(1);
                return ConstGraph(tensor);
            case "variable": n.Op = "VarHandleOp"; break;
            case "role":
                n.Op = "VarHandleOp";
                n.Attr.Add(x.Attr);
                n.Attr["shape"] = new() { Shape = Shape(3) };
                n.Attr["_role"] = new() { S = ByteString.CopyFromUtf8("Chief") };
                break;
            default: throw new ArgumentOutOfRangeException(nameof(defect), defect, "No such defect.");
        }
        return graph;
    }

    private static Protos.GraphDef ConstGraph(Protos.TensorProto value) => new()
    {
        Node = { new Protos.NodeDef { Name = "c", Op = "Const",
            Attr = { ["value"] = new() { Tensor = value }, ["dtype"] = new() { Type = value.Dtype } } } },
    };

    private static Protos.TensorShapeProto Shape(params long[] dimensions)
    {
        var shape = new Protos.TensorShapeProto();
        shape.Dim.AddRange(dimensions.Select(d => new Protos.TensorShapeProto.Types.Dim { Size = d }));
        return shape;
    }

    /// <summary>Network, loss, gradients and a momentum step for each trainable variable.</summary>
    private static NetworkGraph TrainingGraph(CnnArchitecture architecture)
    {
        var g = new GraphBuilder(GraphMode.Training);
        ImageShape input = architecture.DefaultInput;
        NodeOutput image = g.Placeholder("image", DataType.Float,
            new TensorShape(-1, input.Height, input.Width, input.Channels));
        NetworkOutputs outputs = architecture.Build(g, image, 10);
        NodeOutput x = g.Dropout(outputs.Output, 0.25f, "logits_dropout"),
            labels = g.Placeholder("label", DataType.Int32, new TensorShape(-1));
        NodeOutput loss = new SoftmaxCrossEntropyLoss(0.1f).Build(g, x, labels, "loss");
        for (int i = 0; i < outputs.Auxiliary.Count; i++)
            loss = g.AddNode("AddV2",
                [loss, ClassificationLoss.SoftmaxCrossEntropy.Build(g, outputs.Auxiliary[i].Logits, labels,
                    $"loss_auxiliary{i + 1}")]).Output();
        List<VariableDefinition> trainable = [.. g.Variables.Where(v => v.IsTrainable)];
        IReadOnlyList<NodeOutput?> gradients = ReverseMode.AddGradients(g, loss, [.. trainable.Select(g.ReadVariable)]);
        NodeOutput rate = g.Placeholder("lr", DataType.Float, TensorShape.Scalar),
            momentum = g.Constant(TensorLiteral.Scalar(0.9f));
        foreach ((VariableDefinition variable, NodeOutput? gradient) in trainable.Zip(gradients))
        {
            NodeOutput slot =
                g.VariableHandle(new($"{variable.Name}/Momentum", variable.Spec, VariableRole.Slot, Initializer.Zeros));
            g.AddNode("ResourceApplyMomentum", [g.VariableHandle(variable), slot, rate, gradient!.Value, momentum]);
        }
        return g.ToGraph();
    }

    private static void AssertEqual(NetworkGraph expected, NetworkGraph actual)
    {
        Assert.Equal(expected.Nodes.Select(n => n.ToString()), actual.Nodes.Select(n => n.ToString()));
        foreach ((NodeDef a, NodeDef b) in expected.Nodes.Zip(actual.Nodes))
        {
            Assert.Equal(a.Inputs.Select(i => i.ToString()), b.Inputs.Select(i => i.ToString()));
            Assert.Equal(a.ControlInputs.Select(c => c.Name), b.ControlInputs.Select(c => c.Name));
            Assert.Equal(a.Attributes, b.Attributes);
            Assert.Equal(a.Outputs, b.Outputs);
        }
    }

    private static string Message(int field, string hex)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, hex.Length / 2);
        Assert.True(hex.Length / 2 < 128, "One byte of length is enough here.");
        return $"{(field << 3) | 2:X2}{length[0]:X2}{hex}";
    }

    private static string Text(int field, string text) =>
        Message(field, Convert.ToHexString(Encoding.UTF8.GetBytes(text)));
}
