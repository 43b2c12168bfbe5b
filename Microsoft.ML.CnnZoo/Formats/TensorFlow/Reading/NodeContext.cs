using Microsoft.ML.CnnZoo.Graph;
using GraphProtos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>A node of the file with its evaluated inputs, and what rules make of it.</summary>
/// <param name="node">The node.</param>
/// <param name="prefix">Names of the calls that lead to it.</param>
/// <param name="inputs">Values of the data inputs.</param>
/// <param name="lowering">The graph being made.</param>
internal sealed class NodeContext(GraphProtos.NodeDef node, string prefix, Value[] inputs, GraphLowering lowering)
{
    public GraphProtos.NodeDef Node { get; } = node;
    public string Op => Node.Op;
    public Value[] Inputs { get; } = inputs;
    public GraphLowering Lowering { get; } = lowering;

    /// <summary>The node's name in the file, calls included.</summary>
    public string FullName { get; } = prefix + node.Name;

    /// <summary>Whether all inputs are constants.</summary>
    public bool IsConstant => Array.TrueForAll(Inputs, i => i is ConstantValue);

    /// <summary>An input; throws where the node has fewer.</summary>
    public Value Input(int index) => index < Inputs.Length ? Inputs[index]
        : throw new GraphException($"input {index} is missing");

    /// <summary>An input that must not depend on the image.</summary>
    public ConstantValue Constant(int index) => Input(index) as ConstantValue
        ?? throw new GraphException($"input {index} must be constant, but depends on the image or on random numbers");

    /// <summary>The integers of a constant input.</summary>
    public long[] Integers(int index) => Constant(index) is { IsFloat: false } constant ? constant.Integers.ToArray()
        : throw new GraphException($"input {index} must hold integers");

    /// <summary>Sizes, axes or positions: integers that do not depend on the batch size.</summary>
    public int[] Sizes(int index) => Array.ConvertAll(Integers(index), v => v is >= int.MinValue and <= int.MaxValue
        ? (int)v : throw new GraphException($"input {index} depends on the batch size or is out of range"));

    /// <summary>An axis counted from the front.</summary>
    public static int Axis(long axis, int rank) => axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis)
        : throw new GraphException($"axis {axis} does not exist in a tensor of rank {rank}");

    /// <summary>An input as a tensor of our graph.</summary>
    public NodeOutput Tensor(int index) => Tensor(Input(index));

    /// <summary>A value as a tensor of our graph.</summary>
    public NodeOutput Tensor(Value value) => value switch
    {
        TensorValue tensor => tensor.Tensor,
        ConstantValue constant => Lowering.Constant(constant),
        ImageValue image => Lowering.Image(image),
        RandomValue => throw new GraphException("it draws random numbers: dropout that is active, or augmentation"),
        BlocksValue => throw new GraphException("it reads what SpaceToBatchND makes, which only a convolution may"),
        _ => throw new GraphException("it does not read a tensor of numbers"),
    };

    /// <summary>Adds a node to our graph under the file's name.</summary>
    public Value Emit(string op, NodeOutput[] inputs, params KeyValuePair<string, AttributeValue>[] attributes) =>
        new TensorValue(Add(op, inputs, Node.Name, attributes));

    /// <summary>Adds a node to our graph.</summary>
    public NodeOutput Add(string op, NodeOutput[] inputs, string name,
        params KeyValuePair<string, AttributeValue>[] attributes) =>
        Lowering.Builder.AddNode(op, inputs, attributes, Lowering.UniqueName(name, FullName)).Output();

    /// <summary>An integer constant of our graph.</summary>
    public NodeOutput Ints(string role, params int[] values) => Literal(role, TensorLiteral.Vector<int>(values));

    /// <summary>A constant of our graph that belongs to this node.</summary>
    public NodeOutput Literal(string role, TensorLiteral literal) =>
        Lowering.Builder.Constant(literal, Lowering.UniqueName($"{Node.Name}/{role}", $"{FullName}/{role}"));

    public long Int(string attribute, long otherwise) => Find(attribute) is { HasI: true } value ? value.I : otherwise;
    public float Float(string attribute, float otherwise) =>
        Find(attribute) is { HasF: true } value ? value.F : otherwise;
    public bool Flag(string attribute, bool otherwise = false) =>
        Find(attribute) is { HasB: true } value ? value.B : otherwise;
    public string Text(string attribute, string otherwise) =>
        Find(attribute) is { HasS: true } value ? value.S.ToStringUtf8() : otherwise;
    public long[] IntList(string attribute, params long[] otherwise) =>
        Find(attribute)?.List is { } list && list.I.Count > 0 ? [.. list.I] : otherwise;
    public string[] TextList(string attribute) =>
        Find(attribute)?.List is { } list ? [.. list.S.Select(s => s.ToStringUtf8())] : [];
    public GraphProtos.DataType Type(string attribute) =>
        Find(attribute) is { HasType: true } value ? value.Type : GraphProtos.DataType.DtInvalid;

    /// <summary>Throws for images stored channels first.</summary>
    public void RequireChannelsLast()
    {
        string format = Text("data_format", "NHWC");
        if (format != "NHWC")
            throw new GraphException($"the data format {format} is not supported; expected NHWC");
    }

    private GraphProtos.AttrValue? Find(string attribute) =>
        Node.Attr.TryGetValue(attribute, out GraphProtos.AttrValue? value) ? value : null;
}
