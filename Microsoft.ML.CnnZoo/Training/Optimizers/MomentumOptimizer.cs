using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>Gradient descent: p ← p - rate·g (op <c>ResourceApplyGradientDescent</c>).</summary>
internal sealed record SgdOptimizer : Optimizer
{
    protected override void Update(WeightUpdate update) =>
        update.Apply("ResourceApplyGradientDescent", [update.Rate, update.GradientTensor]);
}

/// <summary>
/// Gradient descent with momentum (Polyak 1964): v ← μ·v + g, p ← p - rate·v (op <c>ResourceApplyMomentum</c>,
/// PyTorch's rule); or, with
/// <paramref name="RateInVelocity"/>, v ← μ·v - rate·g, p ← p + v (op <c>ResourceApplyKerasMomentum</c>; AlexNet's and
/// Caffe's rule). The two differ only after the rate changes.
/// </summary>
/// <param name="Momentum">μ, in [0, 1); default 0.9. A schedule may set it anew for each step.</param>
/// <param name="Nesterov">Whether to look ahead: p ← p - rate·(g + μ·v); default false. Sutskever et al. 2013.</param>
/// <param name="RateInVelocity">Whether the velocity holds the learning rate; default false.</param>
public sealed record MomentumOptimizer(float Momentum = 0.9f, bool Nesterov = false, bool RateInVelocity = false)
    : Optimizer
{
    internal override void Check() => OptionRange.RequireShare(Momentum, "MomentumOptimizer.Momentum");

    /// <inheritdoc/>
    protected override void Update(WeightUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        update.Apply(RateInVelocity ? "ResourceApplyKerasMomentum" : "ResourceApplyMomentum",
            [update.SlotHandle("Momentum"), update.Rate, update.GradientTensor,
                update.Input("momentum", step => step.Momentum ?? Momentum)], Nesterov);
    }
}
