using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using static Microsoft.ML.CnnZoo.Formats.Onnx.OnnxAttributes;
using AttributeProto = Microsoft.ML.CnnZoo.Formats.Onnx.Protos.AttributeProto;
using ElementType = Microsoft.ML.CnnZoo.Formats.Onnx.Protos.TensorProto.Types.DataType;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>
/// Translates a graph of ours, whose weights are constants, into ONNX nodes. Images are [N,C,H,W] there; a tensor's order
/// is remembered (<see cref="OnnxValue"/>) and changed only where an operator needs another one.
/// </summary>
internal sealed partial class OnnxTranslator
{
    private static readonly FrozenDictionary<string, Action<OnnxTranslator, NodeDef>> Rules =
        ElementwiseRules.Concat(WindowRules).Concat(MovementRules).ToFrozenDictionary(r => r.Key, r => r.Value,
            StringComparer.Ordinal);

    private readonly OnnxGraphBuilder _target;
    private readonly GraphReaders _readers;
    private readonly Dictionary<NodeOutput, OnnxValue> _values = [];
    private readonly Dictionary<(NodeOutput Source, string Form), string> _constants = [];
    private readonly Dictionary<(string Value, string Order), OnnxValue> _arranged = [];
    private long _rows = 1;

    private OnnxTranslator(OnnxGraphBuilder target, GraphReaders readers) => (_target, _readers) = (target, readers);

    /// <summary>Adds what a tensor of a graph depends on.</summary>
    /// <param name="target">Receives the nodes.</param>
    /// <param name="graph">The graph: one placeholder, weights as constants.</param>
    /// <param name="output">The tensor to compute.</param>
    /// <param name="image">The placeholder's value.</param>
    /// <returns>The tensor, in our order of dimensions.</returns>
    /// <exception cref="GraphException">Some nodes cannot be expressed in ONNX; the message names all of them.</exception>
    public static OnnxValue Translate(OnnxGraphBuilder target, NetworkGraph graph, NodeOutput output, OnnxValue image)
    {
        var translator = new OnnxTranslator(target, new GraphReaders(new GraphRequest(graph, [output], [])));
        NodeDef[] nodes = [.. Needed(graph, output).Where(n => n.Outputs[0].Type.IsFloating() && n.Op != "Const")];
        string[] unknown = [.. nodes.Where(n => n.Op != "Placeholder" && !Rules.ContainsKey(n.Op))
            .Select(n => n.ToString())];
        if (unknown.Length > 0)
            throw new GraphException($"The network cannot be written as ONNX: there is no form there for "
                + $"{string.Join(", ", unknown)}.");
        foreach (NodeDef node in nodes)
            if (node.Op == "Placeholder")
                translator._values[node.Output()] = image;
            else if (!translator._values.ContainsKey(node.Output()))
                translator.Translate(node);
        return translator.InOurOrder(translator.Value(output));
    }

    private void Translate(NodeDef node)
    {
        _rows = node.Inputs.Max(i => _values.TryGetValue(i, out OnnxValue? input) ? input.Rows : 1);
        Rules[node.Op](this, node);
    }

    private static IEnumerable<NodeDef> Needed(NetworkGraph graph, NodeOutput output)
    {
        var needed = new HashSet<NodeDef> { output.Node };
        foreach (NodeDef node in graph.Nodes.Reverse().Where(needed.Contains))
            needed.UnionWith(node.Inputs.Select(i => i.Node));
        return graph.Nodes.Where(needed.Contains);
    }

    private static GraphException Inexpressible(NodeDef node, string why) =>
        new($"{node} cannot be written as ONNX: {why}.");

    private OnnxValue Value(NodeOutput tensor)
    {
        if (_values.TryGetValue(tensor, out OnnxValue? value))
            return value;
        if (ConstantOf(tensor) is not { } constant)
            throw new GraphException($"The network cannot be written as ONNX: it computes with {tensor} ({tensor.Spec}).");
        TensorShape shape = constant.Spec.Shape;
        return new OnnxValue(Constant(tensor, "", () => (shape.Dimensions.ToArray(), [.. Floats(tensor)])), shape,
            AxisOrder.Ours(shape.Rank));
    }

    private void Set(NodeDef node, OnnxValue value) => _values[node.Output()] = value;

    /// <summary>Adds an ONNX node and states its shape.</summary>
    private OnnxValue Add(string op, string name, TensorShape shape, ImmutableArray<int> order,
        IEnumerable<string> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var value = new OnnxValue(_target.Add(op, name, inputs, attributes), shape, order) { Rows = _rows };
        if (_rows == 1 || shape.IsFullyDefined)
            _target.Describe(value.Name, ElementType.Float, value.Dimensions);
        return value;
    }

    /// <summary>The literal behind a tensor, seen through identities; null where it is computed.</summary>
    private static TensorLiteral? ConstantOf(NodeOutput tensor)
    {
        while (tensor.Node.Op is "Identity" or "StopGradient")
            tensor = tensor.Node.Inputs[0];
        return tensor.Node.Op == "Const" ? tensor.Node.Attributes["value"].Tensor : null;
    }

    private static ReadOnlySpan<float> Floats(NodeOutput tensor) => ConstantOf(tensor) switch
    {
        { Spec.Type: DataType.Float } literal => literal.Values<float>(),
        { } literal => throw new GraphException(
            $"The network cannot be written as ONNX: the constant {tensor} is {literal.Spec}; expected Float."),
        null => throw new GraphException(
            $"The network cannot be written as ONNX: {tensor}, which must be a constant, is computed."),
    };

    /// <summary>The initializer for one form of a constant; made once.</summary>
    private string Constant(NodeOutput source, string form, Func<(int[] Dimensions, float[] Values)> make)
    {
        if (_constants.TryGetValue((source, form), out string? name))
            return name;
        (int[] dimensions, float[] values) = make();
        return _constants[(source, form)] = _target.AddInitializer(source.Node.Name, dimensions, values);
    }

    /// <summary>An image in ONNX's order.</summary>
    private OnnxValue Image(NodeOutput tensor) => InOrder(Value(tensor), AxisOrder.ChannelsFirst);

    private OnnxValue InOurOrder(OnnxValue value) => InOrder(Plain(value), AxisOrder.Ours(value.Shape.Rank));

    private OnnxValue InOrder(OnnxValue value, ImmutableArray<int> order) => value.Order.SequenceEqual(order) ? value
        : Once(value, string.Join(',', order), () => Add("Transpose", $"{value.Name}/transposed", value.Shape, order,
            [value.Name], Ints("perm", [.. order.Select(value.Axis)])));

    /// <summary>A value whose features stand in our order.</summary>
    private OnnxValue Plain(OnnxValue value)
    {
        if (value.Flattened is not { } image)
            return value;
        var shape = new TensorShape([value.Shape[0], .. image.Dimensions]);
        return Once(value, "", () =>
        {
            OnnxValue unflattened = Reshaped(value, shape, AxisOrder.ChannelsFirst, $"{value.Name}/image");
            return Reshaped(InOrder(unflattened, AxisOrder.Ours(4)), value.Shape, AxisOrder.Ours(2), $"{value.Name}/rows");
        });
    }

    /// <summary>Another arrangement of a value, made once for all its readers.</summary>
    private OnnxValue Once(OnnxValue value, string order, Func<OnnxValue> arrange) =>
        _arranged.TryGetValue((value.Name, order), out OnnxValue? known) ? known
            : _arranged[(value.Name, order)] = arrange();

    /// <summary>The same memory under another shape.</summary>
    private OnnxValue Reshaped(OnnxValue value, TensorShape shape, ImmutableArray<int> order, string name)
    {
        int[] dimensions = AxisOrder.Arrange(shape, order);
        if (dimensions.SequenceEqual(value.Dimensions))
            return new OnnxValue(value.Name, shape, order) { Rows = _rows };
        int[] before = value.Dimensions;
        if (dimensions is [int rows, > 0] && before.Length > 1 && before[0] == rows
            && before.Skip(1).Aggregate(1L, (p, d) => p * d) == dimensions[1])
            return Add("Flatten", name, shape, order, [value.Name], Int("axis", 1));
        string target = _target.AddInitializer($"{name}/shape", dimensions.Select(d => (long)d));
        return Add("Reshape", name, shape, order, [value.Name, target]);
    }

    /// <summary>An axis counted from the front.</summary>
    private static int Axis(long axis, int rank) => (int)(axis < 0 ? axis + rank : axis);

    private static long[] Integers(NodeDef node, int input) => node.ConstantInput(input);
}
