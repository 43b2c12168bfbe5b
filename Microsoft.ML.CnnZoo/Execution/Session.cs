using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Execution.Planning;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>How a plan is compiled.</summary>
internal sealed record CompileOptions
{
    /// <summary>
    /// Whether to fold batch norms into convolutions (inference) and to fuse bias, sum and activation into
    /// convolutions, dense layers and batch norms. Default true.
    /// </summary>
    public bool Fuse { get; init; } = true;

    /// <summary>Numeric precision. Default float32.</summary>
    public CnnPrecision Precision { get; init; }

    /// <summary>
    /// Whether training recomputes batch norms and concatenations for the gradients instead of storing them: less
    /// memory, more time, the same weights. Default false.
    /// </summary>
    public bool RecomputeActivations { get; init; }

    /// <summary>
    /// Whether tensors that are concatenated are computed in place, in the concatenation's memory. Off for comparisons
    /// only.
    /// </summary>
    internal bool PlacesConcatenations { get; init; } = true;

    /// <summary>
    /// Whether variables change between runs although this plan does not change them: then packed weights are not kept.
    /// </summary>
    public bool TrainsElsewhere { get; init; }

    /// <summary>Sums over ranks, by which batch norms in training normalize the whole batch alike; null for none.</summary>
    public IRankSums? RankSums { get; init; }

    /// <summary>Threads to run on. Default: one per processor.</summary>
    public WorkerPool Workers { get; init; } = WorkerPool.Shared;
}

/// <summary>Compiles graphs to plans.</summary>
/// <param name="kernels">The kernels that plans run.</param>
internal sealed class Session(IKernelSet kernels)
{
    /// <summary>
    /// Compiles a graph for fixed feed shapes: prunes nodes that no fetch or target depends on, optimizes the graph,
    /// chooses kernels, lays out memory.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="feeds">Shape of each placeholder that has unknown dimensions, by name.</param>
    /// <param name="fetches">Tensors to compute.</param>
    /// <param name="targets">Stateful nodes to run (optimizer and running statistics).</param>
    /// <param name="variables">Values; missing variables are created with zeros.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="GraphException">A needed placeholder is not fed, shapes do not fit, or there is no kernel
    /// for a node.</exception>
    public Executable Compile(NetworkGraph graph, IReadOnlyDictionary<string, TensorShape> feeds,
        IReadOnlyList<NodeOutput> fetches,
        IReadOnlyList<NodeDef> targets, VariableStore variables, CompileOptions? options = null)
    {
        options ??= new CompileOptions();
        GraphRequest request = Optimize(new GraphRequest(graph, fetches, targets), feeds, options);
        ConcatenationPlacement placement = options.PlacesConcatenations
            ? ConcatenationPlacement.Of(request) : ConcatenationPlacement.None;
        return new PlanCompiler(request, kernels, variables, options, placement).Compile();
    }

    /// <summary>The graph after all passes: what <see cref="Compile"/> would run.</summary>
    public static GraphRequest Optimize(GraphRequest request, IReadOnlyDictionary<string, TensorShape> feeds,
        CompileOptions options)
    {
        List<IGraphPass> passes = [new Specialize(feeds), new FoldShapes()];
        if (options.Fuse)
            passes.AddRange([new FoldBatchNorm(), new FuseBiasActivation(), new FuseBatchNorm()]);
        if (options.RecomputeActivations)
            passes.Add(new RecomputeActivations());
        if (options.Precision == CnnPrecision.BFloat16)
            passes.Add(new ConvertToBFloat16());
        foreach (IGraphPass pass in passes)
            request = pass.Apply(request);
        return request;
    }
}
