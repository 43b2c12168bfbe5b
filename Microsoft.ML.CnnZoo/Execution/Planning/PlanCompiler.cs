using System.Runtime.ExceptionServices;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution.Planning;

/// <summary>A kernel with its memory, before addresses are known.</summary>
internal sealed record PreparedStep(NodeDef Node, IKernel Kernel, Storage[] Inputs, Storage[] Outputs, Storage? Scratch,
    Variable[] Changed, ParameterValue? Parameter);

/// <summary>Compiles a specialized graph to steps with laid-out memory.</summary>
internal sealed class PlanCompiler(GraphRequest request, IKernelSet kernelSet, VariableStore variables,
    CompileOptions options, ConcatenationPlacement placement)
{
    private readonly Dictionary<NodeOutput, Storage> _storages = [];
    private readonly Dictionary<Storage, int> _lastReader = [];
    private readonly List<Storage> _arena = [];
    private readonly ParameterSteps _parameters = new(request.Graph);

    public Executable Compile()
    {
        IReadOnlyList<NodeDef> order = Schedule.Order(request.Graph);
        CreateSources();
        FindLastReaders(order);
        bool trains = options.TrainsElsewhere || order.Any(n => n.Definition.IsStateful);
        var kernels = new IKernel?[order.Count];
        try
        {
            PrepareKernels(order, kernels, trains);
            var steps = new List<PreparedStep>(order.Count);
            for (int i = 0; i < order.Count; i++)
                steps.Add(Place(order[i], i, kernels[i]!));
            Pin(steps);
            return new Executable(request, steps, _storages, ArenaLayout.Assign(_arena),
                [.. _parameters.Handles.Select(h => StorageOf(h.Output()).Variable!)]);
        }
        catch
        {
            foreach (IKernel? kernel in kernels)
                kernel?.Dispose();
            throw;
        }
    }

    /// <summary>Prepares all kernels in parallel: each may pack its weights.</summary>
    private void PrepareKernels(IReadOnlyList<NodeDef> order, IKernel?[] kernels, bool trains)
    {
        try
        {
            Parallel.For(0, order.Count, i => kernels[i] = Prepare(order[i], trains));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    private IKernel Prepare(NodeDef node, bool trains)
    {
        var kernelRequest = new KernelRequest(node, [.. node.Inputs.Select(Describe)], node.Outputs, options.Workers, trains)
            { OutputRowPitches = placement.OutputPitches(node), RankSums = options.RankSums };
        return kernelSet.TryPrepare(kernelRequest) ?? throw new GraphException(
            $"{node}: no kernel for inputs {string.Join(", ", kernelRequest.Inputs.Select(i => i.Spec))}.");
    }

    /// <summary>The storage of a tensor, through views.</summary>
    private Storage StorageOf(NodeOutput tensor) => _storages[Schedule.Root(tensor)];

    private void CreateSources()
    {
        foreach (NodeDef node in request.Graph.Nodes)
        {
            Storage? storage = node.Op switch
            {
                "VarHandleOp" => VariableStorage(node),
                "Const" => new Storage(StorageKind.Constant, node.Outputs[0].ByteLength)
                    { Constant = node.Attributes["value"].Tensor },
                "Placeholder" => new Storage(StorageKind.Persistent, node.Outputs[0].ByteLength),
                _ => null,
            };
            if (storage is null)
                continue;
            _storages.Add(node.Output(), storage);
            if (storage.Kind == StorageKind.Persistent)
                _arena.Add(storage);
        }
    }

    private Storage VariableStorage(NodeDef handle)
    {
        var spec = new TensorSpec(handle.Attributes["dtype"].Type, handle.Attributes["shape"].Shape);
        return new Storage(StorageKind.Variable, spec.ByteLength)
            { Variable = variables.GetOrAdd(handle.Attributes["shared_name"].String, spec) };
    }

    /// <summary>
    /// For each memory that steps write, the last step that reads it. Fetched memory is read after the last step.
    /// </summary>
    private void FindLastReaders(IReadOnlyList<NodeDef> order)
    {
        // Ranges after the tensors that hold them.
        foreach (NodeOutput output in order.SelectMany(n => Enumerable.Range(0, n.Outputs.Count).Select(n.Output))
            .OrderBy(o => placement.Find(o) is null ? 0 : 1))
            _storages.Add(output, NewStorage(output));
        for (int i = 0; i < order.Count; i++)
            foreach (NodeOutput input in order[i].Inputs)
                _lastReader[StorageOf(input).Memory] = i;
        foreach (NodeOutput fetch in request.Fetches)
            _lastReader[StorageOf(fetch).Memory] = int.MaxValue;
    }

    private Storage NewStorage(NodeOutput output) => placement.Find(output) is not ChannelRange range
        ? new Storage(StorageKind.Arena, output.Spec.ByteLength)
        : new Storage(StorageKind.Arena, output.Spec.ByteLength)
        { Base = _storages[range.Base], BaseOffset = (long)range.First * output.Type.ByteSize() };

    /// <summary>Gives a step its memory.</summary>
    private PreparedStep Place(NodeDef node, int step, IKernel kernel)
    {
        Storage[] inputStorages = [.. node.Inputs.Select(StorageOf)];
        ParameterValue? parameter = _parameters.Find(node);
        if (kernel.InPlaceInput is >= 0 and int input && parameter is null
            && node.Definition.AllowsOverwrite(node, input))
            ShareInPlace(node, input, step);
        Storage[] outputStorages = [.. Enumerable.Range(0, node.Outputs.Count).Select(p => _storages[node.Output(p)])];
        foreach (Storage memory in outputStorages.Select(s => s.Memory)
            .Where(s => s.First == int.MaxValue && s.Kind == StorageKind.Arena))
            _arena.Add(memory);
        foreach (Storage storage in inputStorages.Concat(outputStorages))
            storage.TouchAt(step);
        Storage? scratch = null;
        if (kernel.ScratchBytes > 0)
        {
            scratch = new Storage(StorageKind.Arena, kernel.ScratchBytes);
            scratch.TouchAt(step);
            _arena.Add(scratch);
        }
        Variable[] changed = node.Definition.IsStateful
            ? [.. node.Inputs.Where(i => i.Type == DataType.Resource).Select(i => StorageOf(i).Variable!)] : [];
        return new PreparedStep(node, kernel, inputStorages, outputStorages, scratch, changed, parameter);
    }

    private KernelInput Describe(NodeOutput input)
    {
        Storage storage = StorageOf(input);
        if (_parameters.Find(Schedule.Root(input).Node) is ParameterValue parameter)
            return new KernelInput(new TensorSpec(Schedule.Root(input).Type, input.Shape),
                InputSource.Variable, parameter);
        return storage switch
        {
            { Variable: Variable variable } =>
                new KernelInput(new TensorSpec(variable.Spec.Type, input.Shape), InputSource.Variable, variable),
            { Constant: not null } =>
                new KernelInput(new TensorSpec(Schedule.Root(input).Type, input.Shape), InputSource.Constant, null,
                ConstantValues.TryGet(input)),
            _ => new KernelInput(input.Spec, InputSource.Computed) { RowPitch = placement.Find(input)?.Pitch ?? 0 },
        };
    }

    /// <summary>Gives output 0 an input's memory when this step is the last to read it.</summary>
    private void ShareInPlace(NodeDef node, int input, int step)
    {
        Storage source = StorageOf(node.Inputs[input]);
        if (source.Base is not null || _storages[node.Output()].Base is not null)
            return; // a range belongs to the wider tensor
        if (node.Inputs.Where((_, i) => i != input).Any(other => StorageOf(other).Memory == source))
            return; // a step that reads it twice would read what it wrote
        if (source.Kind != StorageKind.Arena || _parameters.Find(Schedule.Root(node.Inputs[input]).Node) is not null
            || _lastReader[source] != step || source.ByteLength != node.Outputs[0].ByteLength)
            return;
        Storage own = _storages[node.Output()];
        _storages[node.Output()] = source;
        foreach (NodeOutput range in placement.RangesOf(node.Output()))
            _storages[range] = NewStorage(range);
        _lastReader[source] = _lastReader.GetValueOrDefault(own, step);
    }

    /// <summary>
    /// Feeds are written before the first step, fetches read after the last; so are values of parameter steps, unless
    /// the kernels that read them keep a copy.
    /// </summary>
    private void Pin(List<PreparedStep> steps)
    {
        IEnumerable<Storage> pinned = _arena.Where(s => s.Kind == StorageKind.Persistent)
            .Concat(steps.Where(s => s.Parameter is null).SelectMany(ReadParameters));
        foreach (Storage storage in pinned.ToArray())
        {
            storage.TouchAt(-1);
            storage.TouchAt(steps.Count);
        }
        foreach (Storage storage in request.Fetches.Where(f => _parameters.Find(Schedule.Root(f).Node) is not null)
            .Select(StorageOf))
            storage.TouchAt(-1);
        foreach (Storage storage in request.Fetches.Select(StorageOf).Where(s => s.Kind == StorageKind.Arena))
            storage.TouchAt(steps.Count);
    }

    /// <summary>The memory of parameters that a step reads at every run.</summary>
    private IEnumerable<Storage> ReadParameters(PreparedStep step) =>
        Enumerable.Range(0, step.Inputs.Length).Where(i =>
            _parameters.Find(Schedule.Root(step.Node.Inputs[i]).Node) is not null && !step.Kernel.Keeps(i))
            .Select(i => step.Inputs[i]);
}
