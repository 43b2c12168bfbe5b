namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>Is told how far a plan has come while it runs. Called by the thread that runs it: keep it short.</summary>
internal interface IPlanObserver
{
    /// <summary>A step is done, and all before it.</summary>
    void StepDone(int step);
}

/// <summary>
/// Adds numbers over the ranks of a distributed training, so that a kernel can know the whole batch: batch norms do,
/// on request. All ranks run the same kernels in the same order.
/// </summary>
internal interface IRankSums
{
    /// <summary>What this rank's part of the batch weighs in the loss; only ratios between ranks matter.</summary>
    double Weight { get; }

    /// <summary>Replaces values by their sums over all ranks that have images in this step.</summary>
    void Add(Span<double> values);
}
