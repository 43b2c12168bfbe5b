namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>An attribute in an op's schema.</summary>
/// <param name="Name">TensorFlow's name.</param>
/// <param name="Kind">Kind of value.</param>
/// <param name="Default">The value when absent; null when the attribute is required.</param>
/// <param name="Allowed">For strings and types: the legal values, or null for all.</param>
/// <param name="FromInput">For type attributes: the data input whose element type it is (<c>^1</c> for the last);
/// filled in when absent, checked when given.</param>
internal sealed record AttributeSpec(string Name, AttributeKind Kind, AttributeValue? Default = null,
    IReadOnlyList<AttributeValue>? Allowed = null, Index? FromInput = null);

/// <summary>
/// What one TensorFlow op means: schema, shape rule and gradient, and what plans may do with it: strided operands,
/// results in place, bfloat16. Kernels compute it. One sealed class per op, in Graph/Ops, listed in
/// <see cref="Ops.OpCatalog"/>.
/// </summary>
/// <param name="name">TensorFlow's op name.</param>
/// <param name="inputs">Least number of data inputs.</param>
/// <param name="maxInputs">Greatest number of data inputs; -1 for the same as <paramref name="inputs"/>.</param>
internal abstract class OpDefinition(string name, int inputs, int maxInputs = -1)
{
    /// <summary>TensorFlow's op name.</summary>
    public string Name { get; } = name;

    /// <summary>Least number of data inputs.</summary>
    public int MinInputs { get; } = inputs;

    /// <summary>Greatest number of data inputs.</summary>
    public int MaxInputs { get; } = maxInputs < 0 ? inputs : maxInputs;

    /// <summary>The attributes of the op's schema.</summary>
    public virtual IReadOnlyList<AttributeSpec> Attributes => [];

    /// <summary>
    /// Whether running it has an effect beyond its outputs (it changes a variable): never pruned if it is a target,
    /// never folded or merged.
    /// </summary>
    public virtual bool IsStateful => false;

    /// <summary>Whether <see cref="BuildGradient"/> is defined.</summary>
    public virtual bool IsDifferentiable => true;

    /// <summary>Whether output 0 is the memory of input 0 under another shape or name: no kernel runs.</summary>
    public virtual bool IsView(NodeDef node) => false;

    /// <summary>Whether the output exists before a plan's first step: a feed, a constant, a variable.</summary>
    public virtual bool IsSource => false;

    /// <summary>
    /// Whether an input may be strided: a range of channels of a wider tensor, whose rows (pixels) are not contiguous.
    /// All other inputs are dense.
    /// </summary>
    public virtual bool AllowsStridedInput(NodeDef node, int input) => false;

    /// <summary>Whether an output may be strided, as <see cref="AllowsStridedInput"/> for inputs.</summary>
    public virtual bool AllowsStridedOutput(NodeDef node, int output) => false;

    /// <summary>
    /// Whether output 0 may be written over a dense input of the same type and size that no later step reads. Of the
    /// inputs allowed here a kernel chooses one that its algorithm can work on in place, or none.
    /// </summary>
    public virtual bool AllowsOverwrite(NodeDef node, int input) => false;

    /// <summary>When the op computes in bfloat16 in a bfloat16 plan.</summary>
    public virtual BFloat16Rule BFloat16 => BFloat16Rule.Never;

    /// <summary>
    /// Whether an op that computes in bfloat16 reads a floating-point input in it. Statistics and scales stay float32.
    /// </summary>
    public virtual bool ReadsBFloat16(int input) => BFloat16 != BFloat16Rule.Never;

    /// <summary>
    /// Whether an op that computes in bfloat16 returns an output in it. Statistics and gradients of parameters stay
    /// float32.
    /// </summary>
    public virtual bool WritesBFloat16(int output) => output == 0;

    /// <summary>
    /// Whether an op that computes in bfloat16 can return its sum of many terms in float32, unrounded
    /// (<see cref="Ops.OpSchema.OutputType"/>).
    /// </summary>
    public virtual bool CanReturnFloat32 => false;

    /// <summary>
    /// Types and shapes of the outputs; throws <see cref="GraphException"/> for inputs that do not fit.
    /// </summary>
    public abstract TensorSpec[] Infer(in ShapeContext c);

    /// <summary>
    /// Adds the nodes that compute the inputs' gradients. One entry per input; null where no gradient flows.
    /// </summary>
    public virtual NodeOutput?[] BuildGradient(in GradientContext c) =>
        throw new GraphException($"{Name} '{c.Node.Name}' has no gradient.");
}

/// <summary>A graph that cannot be built: what happened, in which node, what was expected and received.</summary>
public sealed class GraphException : Exception
{
    /// <summary>Creates an exception with a message.</summary>
    public GraphException(string message) : base(message) { }
    /// <summary>Creates an exception with a message and a cause.</summary>
    public GraphException(string message, Exception inner) : base(message, inner) { }
    /// <summary>Creates an exception with the default message.</summary>
    public GraphException() { }
}

/// <summary>The input of a shape rule.</summary>
/// <param name="name">The node's name, for messages.</param>
/// <param name="op">The op.</param>
/// <param name="attributes">The node's attributes.</param>
/// <param name="inputs">Types and shapes of the inputs.</param>
/// <param name="constants">The integer value of an input, where it is known before running (Const, Shape), else
/// null.</param>
internal readonly struct ShapeContext(string name, OpDefinition op,
    IReadOnlyDictionary<string, AttributeValue> attributes, IReadOnlyList<TensorSpec> inputs,
    Func<int, long[]?> constants)
{
    /// <summary>The node's name.</summary>
    public string Name { get; } = name;
    /// <summary>The op.</summary>
    public OpDefinition Op { get; } = op;
    /// <summary>The node's attributes.</summary>
    public IReadOnlyDictionary<string, AttributeValue> Attributes { get; } = attributes;
    /// <summary>Types and shapes of the inputs.</summary>
    public IReadOnlyList<TensorSpec> Inputs { get; } = inputs;

    /// <summary>
    /// The integers in input <paramref name="input"/> where they are known before running, else null. Unknown
    /// dimensions read -1.
    /// </summary>
    public long[]? Constant(int input) => constants(input);

    /// <summary>An attribute, or its default.</summary>
    /// <exception cref="GraphException">Neither exists.</exception>
    public AttributeValue Attribute(string attribute) =>
        Attributes.TryGetValue(attribute, out AttributeValue? value) ? value
        : Op.Attributes.FirstOrDefault(a => a.Name == attribute)?.Default
        ?? throw Error($"the attribute '{attribute}' is missing");

    /// <summary>An exception that names op and node: "Conv2D 'conv1': …".</summary>
    public GraphException Error(string message) => new($"{Op.Name} '{Name}': {message}");
}

/// <summary>The input of a gradient rule.</summary>
/// <param name="builder">Adds nodes; its scope is set to the gradients' scope.</param>
/// <param name="node">The forward node.</param>
/// <param name="outputGradients">dL/dy for each output; null where nothing depends on it.</param>
/// <param name="needed">For each input, whether its gradient is needed; a costly one that is not needed must not be
/// built.</param>
internal readonly struct GradientContext(GraphBuilder builder, NodeDef node, IReadOnlyList<NodeOutput?> outputGradients,
    IReadOnlyList<bool> needed)
{
    /// <summary>Adds nodes.</summary>
    public GraphBuilder Builder { get; } = builder;
    /// <summary>The forward node.</summary>
    public NodeDef Node { get; } = node;
    /// <summary>The forward inputs.</summary>
    public IReadOnlyList<NodeOutput> Inputs => Node.Inputs;
    /// <summary>Whether the gradient of an input is needed.</summary>
    public IReadOnlyList<bool> Needed { get; } = needed;
    /// <summary>A forward output.</summary>
    public NodeOutput Output(int port = 0) => Node.Output(port);
    /// <summary>dL/dy of the first output.</summary>
    public NodeOutput OutputGradient => outputGradients[0]
        ?? throw new GraphException($"{Node}: no gradient reaches its first output.");
    /// <summary>dL/dy of an output, or null.</summary>
    public NodeOutput? OutputGradientOrNull(int port) => outputGradients[port];
}
