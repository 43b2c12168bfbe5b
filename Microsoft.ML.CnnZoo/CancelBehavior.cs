namespace Microsoft.ML.CnnZoo;

/// <summary>What Fit does when training is canceled.</summary>
public enum CancelBehavior
{
    /// <summary>It returns the network with the best weights so far.</summary>
    ReturnBest,
    /// <summary>It throws <see cref="OperationCanceledException"/>.</summary>
    Throw,
}
