using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>The source of an input of a kernel under test.</summary>
internal enum InputKind
{
    /// <summary>From a placeholder.</summary>
    Fed,
    /// <summary>From a Const node.</summary>
    Constant,
    /// <summary>The value of a variable (a weight).</summary>
    Variable,
    /// <summary>The handle of a variable that the kernel updates in place.</summary>
    Handle,
}

/// <summary>One input of a kernel under test.</summary>
internal sealed record KernelCaseInput(Tensor Value, InputKind Kind = InputKind.Fed);

/// <summary>
/// The result of a kernel: its outputs, and the updated variables among its inputs, in the order of the inputs.
/// </summary>
/// <param name="Node">The node that ran: attributes and output shapes.</param>
/// <param name="Outputs">Its outputs.</param>
/// <param name="Variables">The variables among its inputs.</param>
internal sealed record KernelRun(NodeDef Node, Tensor[] Outputs, Tensor[] Variables);

/// <summary>
/// Runs kernels directly, without a session: buffers are filled with NaN first and
/// end in guard bytes, to detect elements that are not written, written beyond the end or read before they are written.
/// </summary>
internal static unsafe class KernelHarness
{
    private const int GuardBytes = 256;
    private const byte GuardValue = 0xA5;

    /// <summary>
    /// Runs one op and returns its outputs; null when there is no kernel for the request.
    /// </summary>
    public static KernelRun? Run(IKernelSet kernels, string op, IReadOnlyList<KernelCaseInput> inputs,
        IEnumerable<KeyValuePair<string, AttributeValue>>? attributes = null, WorkerPool? workers = null)
    {
        var builder = new GraphBuilder();
        using var store = new VariableStore();
        var feeds = new Dictionary<string, Tensor>();
        var nodeInputs = new NodeOutput[inputs.Count];
        var variables = new List<Variable>();
        for (int i = 0; i < inputs.Count; i++)
            nodeInputs[i] = AddInput(builder, store, feeds, variables, inputs[i], i);
        NodeDef node = builder.AddNode(op, nodeInputs, attributes, "node");
        Tensor[]? outputs = Evaluate(kernels, builder.ToGraph(), feeds,
            [.. Enumerable.Range(0, node.Outputs.Count).Select(i => node.Output(i))], store, workers, [node]);
        return outputs is null ? null : new KernelRun(node, outputs, [.. variables.Select(v => v.Get())]);
    }

    /// <summary>
    /// Evaluates the nodes that the fetches and targets need, one kernel at a time; null when one of them has no
    /// kernel.
    /// </summary>
    public static Tensor[]? Evaluate(IKernelSet kernels, NetworkGraph graph, IReadOnlyDictionary<string, Tensor> feeds,
        IReadOnlyList<NodeOutput> fetches,
        VariableStore? store = null, WorkerPool? workers = null, IReadOnlyList<NodeDef>? targets = null)
    {
        using var values = new NodeValues();
        store ??= new VariableStore();
        HashSet<NodeDef> needed = Needed(fetches.Select(f => f.Node).Concat(targets ?? []));
        foreach (NodeDef node in graph.Nodes.Where(needed.Contains))
            if (!EvaluateNode(kernels, node, feeds, store, workers ?? WorkerPool.Shared, values))
                return null;
        return [.. fetches.Select(values.Read)];
    }

    private static NodeOutput AddInput(GraphBuilder builder, VariableStore store, Dictionary<string, Tensor> feeds,
        List<Variable> variables, KernelCaseInput input, int index)
    {
        string name = $"input{index}";
        switch (input.Kind)
        {
            case InputKind.Constant:
                return builder.Constant(new TensorLiteral(input.Value.Spec.Type, input.Value.Shape, input.Value.Bytes),
                    name);
            case InputKind.Fed:
                feeds.Add(name, input.Value);
                return builder.Placeholder(name, input.Value.Spec.Type, input.Value.Shape);
            default:
                var definition = new VariableDefinition(name, input.Value.Spec, VariableRole.Kernel, Initializer.Zeros);
                Variable variable = store.GetOrAdd(name, input.Value.Spec);
                variable.Set(input.Value);
                variables.Add(variable);
                return input.Kind == InputKind.Handle ? builder.VariableHandle(definition)
                    : builder.ReadVariable(definition);
        }
    }

    private static HashSet<NodeDef> Needed(IEnumerable<NodeDef> roots)
    {
        var needed = new HashSet<NodeDef>();
        var pending = new Stack<NodeDef>(roots);
        while (pending.TryPop(out NodeDef? node))
            if (needed.Add(node))
                foreach (NodeDef input in node.Inputs.Select(i => i.Node).Concat(node.ControlInputs))
                    pending.Push(input);
        return needed;
    }

    private static bool EvaluateNode(IKernelSet kernels, NodeDef node, IReadOnlyDictionary<string, Tensor> feeds,
        VariableStore store, WorkerPool workers, NodeValues values)
    {
        switch (node.Op)
        {
            case "Placeholder":
                values.Add(node.Output(), feeds[node.Name]);
                return true;
            case "Const":
                TensorLiteral literal = node.Attributes["value"].Tensor;
                var constant = new Tensor(literal.Spec);
                literal.Bytes.CopyTo(constant.Bytes);
                values.Add(node.Output(), constant);
                return true;
            case "VarHandleOp":
                values.Alias(node.Output(), store[node.Name].Pointer, store[node.Name]);
                return true;
            case "ReadVariableOp":
                values.Alias(node.Output(), values.Address(node.Inputs[0]), values.VariableOf(node.Inputs[0]));
                return true;
            case "Cast" when node.IsView:
                values.Alias(node.Output(), values.Address(node.Inputs[0]), values.VariableOf(node.Inputs[0]));
                return true;
            case "Reshape" or "Squeeze" or "ExpandDims" or "Identity" or "StopGradient":
                values.Alias(node.Output(), values.Address(node.Inputs[0]), null);
                return true;
            case "Shape":
                int[] dims = node.Inputs[0].Shape.Dimensions.ToArray();
                values.Add(node.Output(), node.Output().Type == DataType.Int64
                    ? Tensor.Of<long>(new(dims.Length), [.. dims]) : Tensor.Of<int>(new(dims.Length), dims));
                return true;
            default:
                return RunKernel(kernels, node, workers, values);
        }
    }

    private static bool RunKernel(IKernelSet kernels, NodeDef node, WorkerPool workers, NodeValues values)
    {
        KernelInput[] inputs = [.. node.Inputs.Select(i => Describe(i, values))];
        var request = new KernelRequest(node, inputs, node.Outputs, workers, TrainsVariables: false);
        using IKernel? kernel = kernels.TryPrepare(request);
        if (kernel is null)
            return false;
        nint[] inputAddresses = [.. node.Inputs.Select(values.Address)];
        nint[] outputAddresses = [.. node.Outputs.Select((spec, port) => values.Allocate(node.Output(port), spec))];
        using var scratch = new NativeBuffer(kernel.ScratchBytes + GuardBytes);
        scratch.Span<byte>().Fill(0xFF);
        scratch.Span<byte>()[(int)kernel.ScratchBytes..].Fill(GuardValue);
        int runs = node.Definition.IsStateful ? 1 : 2;
        for (int run = 0; run < runs; run++)
            kernel.Run(new KernelBuffers(inputAddresses, outputAddresses, scratch.Pointer));
        if (scratch.Span<byte>()[(int)kernel.ScratchBytes..].ContainsAnyExcept(GuardValue))
            throw new InvalidOperationException($"{node}: the kernel wrote beyond its scratch memory of {kernel.ScratchBytes} bytes.");
        values.CheckGuards(node);
        return true;
    }

    private static KernelInput Describe(NodeOutput input, NodeValues values)
    {
        Variable? variable = values.VariableOf(input);
        InputSource source = variable is not null ? InputSource.Variable
            : input.Node.Op == "Const" ? InputSource.Constant : InputSource.Computed;
        return new KernelInput(variable?.Spec ?? input.Spec, source, variable, ConstantValues.TryGet(input));
    }

    /// <summary>Buffers of a graph's tensors, each with guard bytes behind it.</summary>
    private sealed class NodeValues : IDisposable
    {
        private readonly Dictionary<NodeOutput, (nint Address, NativeBuffer? Buffer, Variable? Variable)> _values = [];

        public nint Address(NodeOutput output) => _values[output].Address;

        public Variable? VariableOf(NodeOutput output) => _values[output].Variable;

        public void Alias(NodeOutput output, nint address, Variable? variable) =>
            _values[output] = (address, null, variable);

        public void Add(NodeOutput output, Tensor value) =>
            value.Bytes.CopyTo(new Span<byte>((void*)Allocate(output, value.Spec), value.Bytes.Length));

        public nint Allocate(NodeOutput output, TensorSpec spec)
        {
            var buffer = new NativeBuffer(spec.ByteLength + GuardBytes);
            buffer.Span<byte>()[..(int)spec.ByteLength].Fill(0xFF);
            buffer.Span<byte>()[(int)spec.ByteLength..].Fill(GuardValue);
            _values[output] = (buffer.Pointer, buffer, null);
            return buffer.Pointer;
        }

        public void CheckGuards(NodeDef node)
        {
            foreach ((NodeOutput output, (_, NativeBuffer? buffer, _)) in _values)
                if (buffer is not null && buffer.Span<byte>()[^GuardBytes..].ContainsAnyExcept(GuardValue))
                    throw new InvalidOperationException($"{node}: a kernel wrote beyond the end of {output}.");
        }

        public Tensor Read(NodeOutput output)
        {
            var tensor = new Tensor(output.Spec);
            new ReadOnlySpan<byte>((void*)Address(output), tensor.Bytes.Length).CopyTo(tensor.Bytes);
            return tensor;
        }

        public void Dispose()
        {
            foreach ((_, NativeBuffer? buffer, _) in _values.Values)
                buffer?.Dispose();
        }
    }
}
