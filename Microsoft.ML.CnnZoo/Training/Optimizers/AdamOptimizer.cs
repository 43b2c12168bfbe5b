using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// Adam. Kingma, Ba 2014, arXiv:1412.6980, Algorithm 1: m ← β₁m + (1-β₁)g, v ← β₂v + (1-β₂)g², p ← p - rate · m̂ / (√v̂
/// + ε) with m̂ = m/(1-β₁ᵗ), v̂ = v/(1-β₂ᵗ).
/// </summary>
/// <remarks>
/// TensorFlow's op <c>ResourceApplyAdam</c> adds its epsilon to √v, not to √v̂; it is fed ε·√(1-β₂ᵗ), which makes both
/// the same.
/// </remarks>
/// <param name="Beta1">Decay of the mean of gradients, in [0, 1); default 0.9. A schedule may set it anew for each
/// step.</param>
/// <param name="Beta2">Decay of the mean of squared gradients, in [0, 1); default 0.999.</param>
/// <param name="Epsilon">ε, > 0; default 1e-8.</param>
public sealed record AdamOptimizer(float Beta1 = 0.9f, float Beta2 = 0.999f, float Epsilon = 1e-8f) : Optimizer
{
    internal override void Check() => Check(nameof(AdamOptimizer), Beta1, Beta2, Epsilon);

    /// <inheritdoc/>
    protected override void Update(WeightUpdate update) => Update(update, Beta1, Beta2, Epsilon);

    /// <summary>Checks what Adam and its relatives have in common.</summary>
    internal static void Check(string optimizer, float beta1, float beta2, float epsilon)
    {
        OptionRange.RequireShare(beta1, $"{optimizer}.Beta1");
        OptionRange.RequireShare(beta2, $"{optimizer}.Beta2");
        OptionRange.RequirePositive(epsilon, $"{optimizer}.Epsilon");
    }

    /// <summary>Adam's own move.</summary>
    internal static void Update(WeightUpdate update, float beta1, float beta2, float epsilon)
    {
        ArgumentNullException.ThrowIfNull(update);
        update.Apply("ResourceApplyAdam",
            [update.SlotHandle("Adam_m"), update.SlotHandle("Adam_v"),
                update.Input("beta1_power", step => (float)Math.Pow(step.Momentum ?? beta1, step.Step)),
                update.Input("beta2_power", step => (float)Math.Pow(beta2, step.Step)), update.Rate,
                update.Input("beta1", step => step.Momentum ?? beta1), update.Constant(beta2),
                update.Input("epsilon", step => (float)(epsilon * Math.Sqrt(1 - Math.Pow(beta2, step.Step)))),
                update.GradientTensor], nesterov: false);
    }
}

/// <summary>
/// Adam with decoupled weight decay: p ← p - rate · decay · p, then Adam's move. Loshchilov, Hutter 2017,
/// arXiv:1711.05101, Algorithm 2, with the rate in the decay as PyTorch has it.
/// </summary>
/// <remarks>
/// The decay is the option WeightDecay, and moves the weights that it moves otherwise: kernels, not biases and batch
/// norms. PyTorch's own default is 0.01, on everything.
/// </remarks>
/// <inheritdoc cref="AdamOptimizer" path="/param"/>
public sealed record AdamWOptimizer(float Beta1 = 0.9f, float Beta2 = 0.999f, float Epsilon = 1e-8f) : Optimizer
{
    /// <inheritdoc/>
    protected override bool DecouplesWeightDecay => true;

    internal override void Check() => AdamOptimizer.Check(nameof(AdamWOptimizer), Beta1, Beta2, Epsilon);

    /// <inheritdoc/>
    protected override void Update(WeightUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        if (update.WeightDecay != 0)
            update.Apply("ResourceApplyGradientDescent", 
                [update.Rate, update.TensorOf(update.WeightDecay * update.Weights)], suffix: "/decay");
        AdamOptimizer.Update(update, Beta1, Beta2, Epsilon);
    }
}

/// <summary>
/// Adam with Nesterov's momentum. Dozat 2016, "Incorporating Nesterov Momentum into Adam", with the schedule of
/// momentum that Keras and PyTorch have: μₜ = β₁(1 - ½·0.96^(t·decay)).
/// </summary>
/// <param name="Beta1">Decay of the mean of gradients, in [0, 1); default 0.9. Schedules leave it alone.</param>
/// <param name="Beta2">Decay of the mean of squared gradients, in [0, 1); default 0.999.</param>
/// <param name="Epsilon">ε, > 0; default 1e-8.</param>
/// <param name="MomentumDecay">How fast μₜ rises to β₁, ≥ 0; default 0.004.</param>
public sealed record NAdamOptimizer(float Beta1 = 0.9f, float Beta2 = 0.999f, float Epsilon = 1e-8f,
    float MomentumDecay = 0.004f) : Optimizer
{
    internal override void Check()
    {
        AdamOptimizer.Check(nameof(NAdamOptimizer), Beta1, Beta2, Epsilon);
        OptionRange.RequireNotNegative(MomentumDecay, "NAdamOptimizer.MomentumDecay");
    }

    /// <inheritdoc/>
    protected override void Update(WeightUpdate update)
    {
        ArgumentNullException.ThrowIfNull(update);
        TensorExpression g = update.Gradient;
        TensorExpression m = (Beta1 * update.Slot("NAdam_m")) + ((1 - Beta1) * g),
            v = (Beta2 * update.Slot("NAdam_v")) + ((1 - Beta2) * g.Square());
        TensorExpression gradientShare = update.Scalar("gradient_share", s => (float)((1 - Mu(s.Step)) / (1 - MuProduct(s.Step))));
        TensorExpression meanShare = update.Scalar("mean_share", s => (float)(Mu(s.Step + 1)
            / (1 - (MuProduct(s.Step) * Mu(s.Step + 1)))));
        TensorExpression correction = update.Scalar("beta2_correction", s => (float)(1 / (1 - Math.Pow(Beta2, s.Step))));
        update.SetSlot("NAdam_m", m);
        update.SetSlot("NAdam_v", v);
        update.SetWeights(update.Weights
            - (update.LearningRate * ((gradientShare * g) + (meanShare * m)) / ((v * correction).Sqrt() + Epsilon)));
    }

    private double Mu(long step) => Beta1 * (1 - (0.5 * Math.Pow(0.96, step * (double)MomentumDecay)));

    /// <summary>μ₁·…·μₜ, as far as it differs from 0 beside 1.</summary>
    private double MuProduct(long step)
    {
        double product = 1;
        for (long t = 1; t <= step && product > 1e-18; t++)
            product *= Mu(t);
        return product;
    }
}
