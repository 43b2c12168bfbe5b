using System.Collections.Frozen;

namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>
/// Whether a graph is built to be trained or to score: batch normalization's mode, dropout, auxiliary heads.
/// </summary>
internal enum GraphMode
{
    /// <summary>Running statistics, no dropout, no auxiliary heads.</summary>
    Inference,
    /// <summary>Batch statistics, dropout, auxiliary heads.</summary>
    Training,
}

/// <summary>
/// Builds a graph node by node. Each node's shapes are inferred and checked when it is added. Not thread-safe.
/// </summary>
/// <param name="mode">Whether the graph trains or scores; layers and architectures depend on it.</param>
internal sealed class GraphBuilder(GraphMode mode = GraphMode.Inference)
{
    private readonly List<NodeDef> _nodes = [];
    private readonly Dictionary<string, NodeDef> _byName = new(StringComparer.Ordinal);
    private readonly List<VariableDefinition> _variables = [];
    private readonly Dictionary<string, NodeOutput> _handles = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeOutput> _reads = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _counters = new(StringComparer.Ordinal);
    private readonly List<NodeDef> _updates = [];
    private string _scope = "";

    /// <summary>Whether the graph trains or scores.</summary>
    public GraphMode Mode { get; } = mode;

    /// <summary>Seed of the random streams that the graph's nodes draw from (dropout).</summary>
    public long Seed { get; init; }

    /// <summary>
    /// Names of variables and dropout layers that are frozen in a training graph: their batch norms use running
    /// statistics, their dropouts do nothing. Where there are any, auxiliary heads are left out.
    /// </summary>
    public IReadOnlySet<string> Frozen { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Nodes so far, in topological order.</summary>
    public IReadOnlyList<NodeDef> Nodes => _nodes;

    /// <summary>Variables so far.</summary>
    public IReadOnlyList<VariableDefinition> Variables => _variables;

    /// <summary>Stateful nodes that a training step must run besides the optimizer's (running statistics).</summary>
    public IReadOnlyList<NodeDef> Updates => _updates;

    /// <summary>A snapshot of the graph so far.</summary>
    public NetworkGraph ToGraph() => new([.. _nodes], [.. _variables]);

    /// <summary>The node with that full name, or null.</summary>
    public NodeDef? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Prefixes the names of all nodes added until disposed: <c>using (g.Scope("conv2_1")) …</c>.</summary>
    public IDisposable Scope(string name)
    {
        string previous = _scope;
        _scope = $"{_scope}{name}/";
        return new ScopeEnd(this, previous);
    }

    /// <summary>Leaves all scopes until disposed: for nodes given by full name.</summary>
    public IDisposable RootScope(string name = "")
    {
        string previous = _scope;
        _scope = name.Length == 0 ? "" : $"{name}/";
        return new ScopeEnd(this, previous);
    }

    /// <summary>A name with the current scopes before it.</summary>
    public string FullName(string name) => _scope + name;

    /// <summary>Adds a node.</summary>
    /// <param name="op">TensorFlow's op name, one of <see cref="Ops.OpCatalog"/>.</param>
    /// <param name="inputs">Data inputs.</param>
    /// <param name="attributes">Attributes; those with a default in the schema are optional.</param>
    /// <param name="name">Name within the scope; a duplicate throws. Null: the op's name with a number.</param>
    /// <param name="controlInputs">Nodes that must run first.</param>
    /// <exception cref="GraphException">Unknown op, wrong number of inputs, unknown or missing attribute, incompatible
    /// shapes, duplicate name.</exception>
    public NodeDef AddNode(string op, ReadOnlySpan<NodeOutput> inputs,
        IEnumerable<KeyValuePair<string, AttributeValue>>? attributes = null,
        string? name = null, IReadOnlyList<NodeDef>? controlInputs = null)
    {
        OpDefinition definition = Ops.OpCatalog.Get(op);
        string fullName = name is null ? NumberedName(op) : FullName(name);
        return Add(definition, fullName, inputs.ToArray(), attributes, controlInputs ?? []);
    }

    /// <summary>
    /// The handle and metadata of a variable; a second call with the same name returns the same handle and must agree
    /// in type and shape.
    /// </summary>
    public NodeOutput VariableHandle(VariableDefinition variable)
    {
        if (_handles.TryGetValue(variable.Name, out NodeOutput handle))
        {
            VariableDefinition known = _variables.First(v => v.Name == variable.Name);
            return known.Spec == variable.Spec ? handle
                : throw new GraphException(
                $"The variable '{variable.Name}' exists as {known.Spec}; requested as {variable.Spec}.");
        }
        using (RootScope())
            handle = AddNode("VarHandleOp", [], [new("dtype", AttributeValue.Of(variable.Spec.Type)),
                new("shape", AttributeValue.Of(variable.Spec.Shape)),
                new("shared_name", AttributeValue.Of(variable.Name))], variable.Name).Output();
        _variables.Add(variable);
        _handles.Add(variable.Name, handle);
        return handle;
    }

    /// <summary>The value of a variable (one ReadVariableOp per variable and graph).</summary>
    public NodeOutput ReadVariable(VariableDefinition variable)
    {
        if (_reads.TryGetValue(variable.Name, out NodeOutput read))
            return read;
        NodeOutput handle = VariableHandle(variable);
        using (RootScope())
            read = AddNode("ReadVariableOp", [handle], [new("dtype", AttributeValue.Of(variable.Spec.Type))],
                $"{variable.Name}/Read").Output();
        _reads.Add(variable.Name, read);
        return read;
    }

    /// <summary>A constant.</summary>
    public NodeOutput Constant(TensorLiteral value, string? name = null) =>
        AddNode("Const", [], [new("value", AttributeValue.Of(value)), new("dtype", AttributeValue.Of(value.Spec.Type))],
            name).Output();

    /// <summary>An input of the graph, fed at run time. A dimension of -1 is fixed when a plan is compiled.</summary>
    public NodeOutput Placeholder(string name, DataType type, TensorShape shape) =>
        AddNode("Placeholder", [], [new("dtype", AttributeValue.Of(type)), new("shape", AttributeValue.Of(shape))],
            name).Output();

    /// <summary>Registers a stateful node that every training step must run.</summary>
    public void AddUpdate(NodeDef update) => _updates.Add(update);

    internal NodeDef Add(OpDefinition definition, string fullName, NodeOutput[] inputs,
        IEnumerable<KeyValuePair<string, AttributeValue>>? attributes, IReadOnlyList<NodeDef> controlInputs)
    {
        var map = new SortedDictionary<string, AttributeValue>(StringComparer.Ordinal);
        foreach ((string key, AttributeValue value) in attributes ?? [])
            map[key] = value;
        CheckSchema(definition, fullName, inputs, map);
        var context = new ShapeContext(fullName, definition, map, Array.ConvertAll(inputs, i => i.Spec),
            i => ConstantValues.TryGet(inputs[i]));
        TensorSpec[] outputs = definition.Infer(context);
        var node = new NodeDef(_nodes.Count, fullName, definition, inputs, controlInputs, map, outputs);
        if (!_byName.TryAdd(fullName, node))
            throw new GraphException($"{definition.Name} '{fullName}': the name is taken by {_byName[fullName]}.");
        _nodes.Add(node);
        return node;
    }

    private static void CheckSchema(OpDefinition op, string name, NodeOutput[] inputs,
        SortedDictionary<string, AttributeValue> attributes)
    {
        if (inputs.Length < op.MinInputs || inputs.Length > op.MaxInputs)
            throw new GraphException($"{op.Name} '{name}': expected " +
                $"{(op.MinInputs == op.MaxInputs ? $"{op.MinInputs}" : $"{op.MinInputs} to {op.MaxInputs}")} inputs, " +
                $"received {inputs.Length}.");
        foreach (AttributeSpec spec in op.Attributes)
        {
            AttributeValue? ofInput = spec.FromInput is Index input ? AttributeValue.Of(inputs[input].Type) : null;
            if (!attributes.TryGetValue(spec.Name, out AttributeValue? value))
                attributes[spec.Name] = value = ofInput ?? spec.Default
                    ?? throw new GraphException(
                    $"{op.Name} '{name}': the attribute '{spec.Name}' ({spec.Kind}) is missing.");
            if (value.Kind != spec.Kind)
                throw new GraphException($"{op.Name} '{name}': the attribute '{spec.Name}' must be of kind " +
                    $"{spec.Kind}, received {value.Kind}.");
            if (ofInput is not null && !value.Equals(ofInput))
                throw new GraphException($"{op.Name} '{name}': the attribute '{spec.Name}' is {value}, but input " +
                    $"{spec.FromInput!.Value.GetOffset(inputs.Length)} is {ofInput}.");
            if (spec.Allowed is not null && !spec.Allowed.Contains(value))
                throw new GraphException($"{op.Name} '{name}': the attribute '{spec.Name}' must be one of " +
                    $"{string.Join(", ", spec.Allowed)}, received {value}.");
        }
        foreach (string key in attributes.Keys)
            if (!key.StartsWith('_') && !op.Attributes.Any(a => a.Name == key))
                throw new GraphException($"{op.Name} '{name}': unknown attribute '{key}'; the op has " +
                    $"{string.Join(", ", op.Attributes.Select(a => a.Name))}.");
    }

    private string NumberedName(string op)
    {
        string name = FullName(op);
        while (true)
        {
            int n = _counters.GetValueOrDefault(name);
            _counters[name] = n + 1;
            string candidate = n == 0 ? name : $"{name}_{n}";
            if (!_byName.ContainsKey(candidate))
                return candidate;
        }
    }

    private sealed class ScopeEnd(GraphBuilder builder, string previous) : IDisposable
    {
        public void Dispose() => builder._scope = previous;
    }
}
