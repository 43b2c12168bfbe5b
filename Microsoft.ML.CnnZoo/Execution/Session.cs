using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>How a plan is compiled.</summary>
public sealed record CompileOptions
{
    /// <summary>Whether to fuse bias and activation into convolutions and dense layers.</summary>
    public bool Fuse { get; init; } = true;

    /// <summary>Threads to run on.</summary>
    public WorkerPool Workers { get; init; } = WorkerPool.Shared;
}
