using Microsoft.ML.CnnZoo.Graph;
using GraphProtos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>What a rule makes of a node: its outputs.</summary>
internal delegate Value[] LoweringRule(NodeContext node);

/// <summary>The graph of ours that grows while the file's nodes are evaluated.</summary>
/// <param name="variables">Values of variables.</param>
/// <param name="shapes">Shapes of inputs that the file states outside of the graph, by node.</param>
/// <param name="size">The image's size where the file leaves it open.</param>
internal sealed class GraphLowering(VariableValues variables, IReadOnlyDictionary<string, int[]?> shapes,
    ImageShape? size)
{
    private static readonly Dictionary<string, LoweringRule> Rules = Merge(SourceRules.Rules, ControlRules.Rules,
        ElementwiseRules.Rules, ConvolutionRules.Rules, NormalizationRules.Rules, ShapeRules.Rules, PartRules.Rules,
        ReductionRules.Rules);

    // Elements of constants that are few bytes in the file: zeros, fills.
    private const long GreatestExpanded = 1L << 26;

    private readonly Dictionary<ConstantValue, NodeOutput> _constants = [];
    private ImageValue? _image;
    private NodeOutput? _input;
    private long _expanded;

    public GraphBuilder Builder { get; } = new();
    public ReadingProblems Problems { get; } = new();
    public VariableValues Variables { get; } = variables;
    public IReadOnlyDictionary<string, int[]?> Shapes { get; } = shapes;

    /// <summary>Products x·m with a constant m that were made, for batch norms written out.</summary>
    public Dictionary<NodeOutput, (NodeOutput X, ConstantValue Factor)> Scaled { get; } = [];

    /// <summary>Batch norms recognized so far, by their result.</summary>
    public Dictionary<NodeOutput, BatchNormPattern> BatchNorms { get; } = [];

    /// <summary>The graph's input, and what it is in the file; null until something reads it.</summary>
    public (ImageValue Image, NodeOutput Tensor)? Input => _image is null ? null : (_image, _input!.Value);

    /// <summary>The outputs of a node.</summary>
    public Value[] Lower(GraphProtos.NodeDef node, string prefix, Value[] inputs)
    {
        if (!Rules.TryGetValue(node.Op, out LoweringRule? rule))
        {
            Problems.AddOp(node.Op, prefix + node.Name);
            return [Value.Unreadable];
        }
        if (inputs.Contains(Value.Unreadable))
            return [Value.Unreadable];
        if (inputs.Contains(Value.Opaque))
            return [Value.Opaque];
        try
        {
            Value[] outputs = rule(new NodeContext(node, prefix, inputs, this));
            if (node.Input.Count > 0)
                CountExpanded(outputs.OfType<ConstantValue>().Sum(v => (long)v.Count)
                    - inputs.OfType<ConstantValue>().Sum(v => (long)v.Count));
            foreach (ConstantValue constant in outputs.OfType<ConstantValue>())
                if (constant.Op is not (null or "Reshape") && !inputs.Contains(constant))
                    constant.Name = node.Name;
            return outputs;
        }
        catch (Exception e) when (e is GraphException or ArgumentException or OverflowException
            or InvalidOperationException)
        {
            Problems.Add(node.Op, prefix + node.Name, e.Message);
            return [Value.Unreadable];
        }
    }

    /// <summary>A name that no node of the graph has, the short one if possible.</summary>
    public string UniqueName(string name, string fullName)
    {
        if (Builder.Find(name) is null)
            return name;
        string candidate = fullName;
        for (int i = 1; Builder.Find(candidate) is not null; i++)
            candidate = $"{fullName}_{i}";
        return candidate;
    }

    /// <summary>A constant as a node.</summary>
    public NodeOutput Constant(ConstantValue constant)
    {
        if (!constant.IsFloat)
            throw new GraphException("it computes with integers, which is supported for shapes only");
        if (!_constants.TryGetValue(constant, out NodeOutput node))
            _constants.Add(constant,
                node = Builder.Constant(constant.Literal, UniqueName(constant.Name, constant.Name)));
        return node;
    }

    /// <summary>Throws when constants that repeat few elements announce too many of them, all together.</summary>
    public void CountExpanded(GraphProtos.TensorProto tensor)
    {
        if (tensor.TensorContent.Length > 0)
            return;
        double count = 1;
        foreach (GraphProtos.TensorShapeProto.Types.Dim dimension in tensor.TensorShape?.Dim ?? [])
            count *= dimension.Size;
        CountExpanded((long)Math.Clamp(count, 0, GreatestExpanded + 1));
    }

    private void CountExpanded(long elements)
    {
        _expanded += Math.Max(0, elements);
        if (_expanded > GreatestExpanded)
            throw new GraphException($"constants that are not in the file have more than {GreatestExpanded} elements");
    }

    /// <summary>The graph's input, made when the first op reads the image.</summary>
    public NodeOutput Image(ImageValue image)
    {
        if (_input is NodeOutput known)
            return image.Tensor == _image!.Tensor && image.ChannelsFirst == _image.ChannelsFirst ? known
                : throw new GraphException($"the network has several inputs, '{_image.Tensor}' and '{image.Tensor}'; " +
                    "expected one image");
        int[] dimensions = image.Dimensions is null or [] ? [-1, -1, -1, -1] : [.. image.Dimensions];
        if (dimensions.Length == 3)
            dimensions = [-1, .. dimensions];
        if (dimensions.Length != 4)
            throw new GraphException($"the input '{image.Tensor}' is {new TensorShape(dimensions)}; expected images " +
                "[N,H,W,C]");
        dimensions[0] = -1;
        if (dimensions.AsSpan(1).Contains(-1))
            dimensions = Complete(image.Tensor, dimensions);
        _image = image;
        string name = TensorReference.Parse(image.Tensor).Node;
        _input = Builder.Placeholder(UniqueName(name, name), DataType.Float, new TensorShape(dimensions));
        return _input.Value;
    }

    private int[] Complete(string tensor, int[] dimensions)
    {
        var stated = new TensorShape(dimensions);
        ImageShape given = size ?? throw new GraphException(
            $"the size of its input '{tensor}' {stated} is open; give the images' size (ImageShape)");
        int[] full = [-1, given.Height, given.Width, given.Channels];
        return stated.IsCompatibleWith(new TensorShape(full)) ? full : throw new GraphException(
            $"its input '{tensor}' is {stated}, which images of {given} do not fit");
    }

    private static Dictionary<string, LoweringRule> Merge(params Dictionary<string, LoweringRule>[] families) =>
        families.SelectMany(f => f).ToDictionary(r => r.Key, r => r.Value, StringComparer.Ordinal);
}
