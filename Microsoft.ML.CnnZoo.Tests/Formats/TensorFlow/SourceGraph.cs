using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.TensorFlow;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Graph;
using Protos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Tests.Formats.TensorFlow;

/// <summary>Writes TensorFlow graphs as exporters do, node by node.</summary>
internal sealed class SourceGraph
{
    public Protos.GraphDef Graph { get; } = new() { Library = new() };

    /// <summary>A node; <c>(name, value)</c> pairs are its attributes.</summary>
    public string Node(string op, string name, string[] inputs, params (string Name, object Value)[] attributes)
    {
        Graph.Node.Add(Make(op, name, inputs, attributes));
        return name;
    }

    public static Protos.NodeDef Make(string op, string name, string[] inputs,
        params (string Name, object Value)[] attributes)
    {
        var node = new Protos.NodeDef { Op = op, Name = name };
        node.Input.AddRange(inputs);
        foreach ((string key, object value) in attributes)
            node.Attr[key] = value switch
            {
                float f => new() { F = f },
                int i => new() { I = i },
                bool b => new() { B = b },
                string s => new() { S = ByteString.CopyFromUtf8(s) },
                DataType type => new() { Type = (Protos.DataType)type },
                int[] shape when key is "shape" => new() { Shape = AttributeProto.ToProto(new TensorShape(shape)) },
                int[] list => new() { List = new() { I = { list.Select(i => (long)i) } } },
                string[] texts => new() { List = new() { S = { texts.Select(ByteString.CopyFromUtf8) } } },
                TensorLiteral tensor => new() { Tensor = TensorProtos.ToProto(tensor) },
                Protos.NameAttrList function => new() { Func = function },
                Protos.TensorProto tensor => new() { Tensor = tensor },
                _ => throw new ArgumentException($"No attribute of {value.GetType()}."),
            };
        return node;
    }

    public string Image(params int[] shape) =>
        Node("Placeholder", "x", [], ("dtype", DataType.Float), ("shape", shape));

    /// <summary>A constant of formula values.</summary>
    public string Weights(string name, int[] shape, float scale = 0.5f, float offset = 0) =>
        Constant(name, TensorLiteral.Of<float>(new TensorShape(shape), Values(name, shape, scale, offset)));

    public string Constant(string name, TensorLiteral value) =>
        Node("Const", name, [], ("dtype", value.Spec.Type), ("value", value));

    public string Scalar(string name, float value) => Constant(name, TensorLiteral.Scalar(value));

    public string Ints(string name, params int[] values) => Constant(name, TensorLiteral.Vector<int>(values));

    public string Convolution(string name, string x, string w, string padding = "SAME", int stride = 1) =>
        Node("Conv2D", name, [x, w], ("padding", padding), ("strides", (int[])[1, stride, stride, 1]));

    public FrozenNetwork Read(ImageShape? image = null) => TensorFlowReader.Read(Graph, "test.pb", image);

    /// <summary>What the graph computes for formula values.</summary>
    public float[] Run(params int[] shape) => Run(Read(), shape);

    public static float[] Run(FrozenNetwork network, params int[] shape) =>
        FrozenNetworkRun.Run(network, KnownArray.Of(shape, Values("input", shape))).ToFloats();

    public static float[] Values(string name, int[] shape, float scale = 1, float offset = 0) =>
        GoldenFill.Input(name, shape.Aggregate(1L, (a, b) => a * b), scale, offset);
}
