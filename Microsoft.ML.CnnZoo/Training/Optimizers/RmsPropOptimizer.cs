using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// RMSProp as PyTorch has it (Tieleman, Hinton 2012, with momentum): s ← ρs + (1-ρ)g², b ← μb + g/(√s + ε), p ← p -
/// rate·b; s starts at 0.
/// </summary>
/// <remarks>Written with elementwise ops: TensorFlow's <c>ResourceApplyRMSProp</c> puts ε inside the root.</remarks>
/// <param name="Decay">ρ, in [0, 1); default 0.9.</param>
/// <param name="Momentum">μ, in [0, 1); default 0, none. A schedule may set it anew for each step unless it is
/// 0.</param>
/// <param name="Epsilon">ε, > 0; default 1e-8.</param>
public sealed record RmsPropOptimizer(float Decay = 0.9f, float Momentum = 0, float Epsilon = 1e-8f) : Optimizer
{
    internal override void Check()
    {
        OptionRange.RequireShare(Decay, "RmsPropOptimizer.Decay");
        OptionRange.RequireShare(Momentum, "RmsPropOptimizer.Momentum");
        OptionRange.RequirePositive(Epsilon, "RmsPropOptimizer.Epsilon");
    }

    /// <inheritdoc/>
    protected override void Update(WeightUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        TensorExpression squares = (update.Slot("RMSProp") * Decay) + (update.Gradient.Square() * (1 - Decay));
        TensorExpression move = update.Gradient / (squares.Sqrt() + Epsilon);
        update.SetSlot("RMSProp", squares);
        if (Momentum != 0)
        {
            move = (update.Slot("Momentum") * update.Scalar("momentum", step => step.Momentum ?? Momentum)) + move;
            update.SetSlot("Momentum", move);
        }
        update.Apply("ResourceApplyGradientDescent", [update.Rate, update.TensorOf(move)]);
    }
}
