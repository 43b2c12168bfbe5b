namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>
/// One operation of a graph: TensorFlow's op name, attributes and inputs, and the inferred types and shapes of its
/// outputs.
/// </summary>
public sealed class NodeDef
{
    internal NodeDef(int index, string name, OpDefinition definition, IReadOnlyList<NodeOutput> inputs,
        IReadOnlyList<NodeDef> controlInputs,
        IReadOnlyDictionary<string, AttributeValue> attributes, IReadOnlyList<TensorSpec> outputs)
    {
        Index = index;
        Name = name;
        Definition = definition;
        Inputs = inputs;
        ControlInputs = controlInputs;
        Attributes = attributes;
        Outputs = outputs;
    }

    /// <summary>Position in the graph: inputs always have a smaller one.</summary>
    public int Index { get; }

    /// <summary>Unique name with its scopes, for example <c>conv2_1/a/Conv2D</c>.</summary>
    public string Name { get; }

    /// <summary>TensorFlow's op name.</summary>
    public string Op => Definition.Name;

    /// <summary>The op's definition: schema, shape rule, gradient and what plans may do with it.</summary>
    internal OpDefinition Definition { get; }

    /// <inheritdoc cref="OpDefinition.IsView"/>
    internal bool IsView => Definition.IsView(this);

    /// <inheritdoc cref="OpDefinition.IsSource"/>
    internal bool IsSource => Definition.IsSource;

    /// <summary>Data inputs, in the op's order.</summary>
    public IReadOnlyList<NodeOutput> Inputs { get; }

    /// <summary>Nodes that must run before this one.</summary>
    public IReadOnlyList<NodeDef> ControlInputs { get; }

    /// <summary>Attributes by TensorFlow's names.</summary>
    internal IReadOnlyDictionary<string, AttributeValue> Attributes { get; }

    /// <summary>Types and shapes of the outputs.</summary>
    public IReadOnlyList<TensorSpec> Outputs { get; }

    /// <summary>One of the outputs.</summary>
    public NodeOutput Output(int port = 0) => new(this, port);

    /// <inheritdoc/>
    public override string ToString() => $"{Op} '{Name}'";
}

/// <summary>A tensor in a graph: an output of a node, written <c>name:port</c>.</summary>
/// <param name="Node">The producing node.</param>
/// <param name="Port">Index of the output.</param>
public readonly record struct NodeOutput(NodeDef Node, int Port)
{
    /// <summary>Type and shape.</summary>
    public TensorSpec Spec => Node.Outputs[Port];
    /// <summary>Element type.</summary>
    public DataType Type => Spec.Type;
    /// <summary>Shape; NHWC for images.</summary>
    public TensorShape Shape => Spec.Shape;
    /// <summary>Batch size of an NHWC image, -1 while unknown.</summary>
    public int Batch => Shape[0];
    /// <summary>Height of an NHWC image.</summary>
    public int Height => Shape[1];
    /// <summary>Width of an NHWC image.</summary>
    public int Width => Shape[2];
    /// <summary>Channels: the last dimension.</summary>
    public int Channels => Shape[^1];

    /// <summary>TensorFlow's notation: the port is left out when it is 0.</summary>
    public override string ToString() => Port == 0 ? Node.Name : $"{Node.Name}:{Port}";
}
