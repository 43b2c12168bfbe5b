using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// An exponential moving average of the weights beside them: average ← d · average + (1 - d) · weights after each step,
/// from the first weights on. Validation and the trained model use the average; training goes on with the weights
/// themselves. Polyak, Juditsky 1992; Szegedy et al. 2015, arXiv:1512.00567, §8.
/// </summary>
/// <remarks>
/// Running statistics of batch norms are averaged as well, unless they are refreshed at the end. The average reaches
/// back about 1/(1 - d) steps: a training of fewer than some times as many is better off without it, or with a smaller
/// d.
/// </remarks>
/// <param name="Decay">d, in [0, 1); default 0.999.</param>
/// <param name="HasWarmup">Whether d is at most (1 + t) / (10 + t) at step t, so that the first weights are soon
/// forgotten: TensorFlow's num_updates. Default: true. PyTorch's average has none.</param>
public sealed record WeightAveraging(float Decay = 0.999f, bool HasWarmup = true)
{
    /// <summary>d of a step.</summary>
    /// <param name="step">Its number, from 1.</param>
    internal double DecayAt(long step) => HasWarmup ? Math.Min(Decay, (1.0 + step) / (10 + step)) : Decay;

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Check() => OptionRange.RequireShare(Decay, "Options.WeightAveraging.Decay");
}
