using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>A variable that an optimizer moves, and the gradient that moves it.</summary>
/// <param name="Definition">The variable.</param>
/// <param name="Gradient">dL/dw, weight decay included.</param>
/// <param name="RateFactor">What its learning rate is multiplied by, > 0.</param>
/// <param name="SlotScope">What stands before the names of the optimizer's variables: phases of a training whose
/// optimizers start afresh have scopes of their own.</param>
internal readonly record struct TrainedVariable(VariableDefinition Definition, NodeOutput Gradient,
    float RateFactor = 1, string SlotScope = "");

/// <summary>
/// A rule that moves weights against their gradients: written as graph ops. What changes from step to step (learning
/// rate, powers of β) is fed by scalar placeholders.
/// </summary>
/// <remarks>An optimizer is a value: its state (velocities, moments) lives in variables of the training run.</remarks>
public abstract record Optimizer
{
    /// <summary>Name of the learning rate's placeholder.</summary>
    internal const string LearningRateInput = "optimizer/learning_rate";

    /// <summary>p ← p - rate·g.</summary>
    public static Optimizer GradientDescent { get; } = new SgdOptimizer();

    /// <summary>Adds the update of every variable.</summary>
    /// <returns>The stateful nodes that a step must run.</returns>
    internal IReadOnlyList<NodeDef> AddUpdates(GraphBuilder g, IReadOnlyList<TrainedVariable> variables)
    {
        using (g.RootScope())
        {
            OptimizerInputs inputs = new(g);
            NodeOutput rate = inputs.Scalar(LearningRateInput);
            Dictionary<float, NodeOutput> rates = variables.Select(v => v.RateFactor).Distinct().ToDictionary(f => f,
                f => f == 1 ? rate : g.AddNode("Mul", [rate, Scalar(g, f)]).Output());
            var updates = new List<NodeDef>();
            foreach (TrainedVariable variable in variables)
                AddUpdate(g, variable, rates[variable.RateFactor], inputs, updates);
            return updates;
        }
    }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal virtual void Check() { }

    /// <summary>What to feed at a step, besides the learning rate.</summary>
    /// <param name="step">Number of the step, from 1.</param>
    internal virtual IEnumerable<KeyValuePair<string, float>> Scalars(long step) => [];

    private protected abstract void AddUpdate(GraphBuilder g, TrainedVariable variable, NodeOutput rate,
        OptimizerInputs inputs, List<NodeDef> updates);

    private protected static VariableDefinition Slot(TrainedVariable variable, string name) =>
        new($"{variable.SlotScope}{variable.Definition.Name}/{name}", variable.Definition.Spec, VariableRole.Slot, Initializer.Zeros);

    private protected static NodeOutput Scalar(GraphBuilder g, float value) => g.Constant(TensorLiteral.Scalar(value));

    private protected static KeyValuePair<string, AttributeValue>[] Typed(params ReadOnlySpan<KeyValuePair<string,
        AttributeValue>> more) =>
        [new("T", AttributeValue.Of(DataType.Float)), .. more];
}

/// <summary>The scalar placeholders of an optimizer, made when first asked for.</summary>
internal sealed class OptimizerInputs(GraphBuilder g)
{
    private readonly Dictionary<string, NodeOutput> _inputs = new(StringComparer.Ordinal);

    public NodeOutput Scalar(string name) => _inputs.TryGetValue(name, out NodeOutput input) ? input
        : _inputs[name] = g.Placeholder(name, DataType.Float, TensorShape.Scalar);
}

/// <summary>Gradient descent: p ← p - rate·g (op <c>ResourceApplyGradientDescent</c>).</summary>
internal sealed record SgdOptimizer : Optimizer
{
    private protected override void AddUpdate(GraphBuilder g, TrainedVariable variable, NodeOutput rate,
        OptimizerInputs inputs, List<NodeDef> updates) =>
        updates.Add(g.AddNode("ResourceApplyGradientDescent",
            [g.VariableHandle(variable.Definition), rate, variable.Gradient], Typed(),
            $"optimizer/{variable.Definition.Name}"));
}

/// <summary>
/// Gradient descent with momentum (Polyak 1964): v ← μ·v + g, p ← p - rate·v (op <c>ResourceApplyMomentum</c>,
/// PyTorch's rule); or, with
/// <paramref name="RateInVelocity"/>, v ← μ·v - rate·g, p ← p + v (op <c>ResourceApplyKerasMomentum</c>; AlexNet's and
/// Caffe's rule). The two differ only after the rate changes.
/// </summary>
/// <param name="Momentum">μ, in [0, 1); default 0.9.</param>
/// <param name="Nesterov">Whether to look ahead: p ← p - rate·(g + μ·v); default false. Sutskever et al. 2013.</param>
/// <param name="RateInVelocity">Whether the velocity holds the learning rate; default false.</param>
public sealed record MomentumOptimizer(float Momentum = 0.9f, bool Nesterov = false, bool RateInVelocity = false)
    : Optimizer
{
    private const string MomentumInput = "optimizer/momentum";

    internal override void Check() => OptionRange.RequireShare(Momentum, "MomentumOptimizer.Momentum");

    internal override IEnumerable<KeyValuePair<string, float>> Scalars(long step) => [new(MomentumInput, Momentum)];

    private protected override void AddUpdate(GraphBuilder g, TrainedVariable variable, NodeOutput rate,
        OptimizerInputs inputs, List<NodeDef> updates) =>
        updates.Add(g.AddNode(RateInVelocity ? "ResourceApplyKerasMomentum" : "ResourceApplyMomentum",
            [g.VariableHandle(variable.Definition), g.VariableHandle(Slot(variable, "Momentum")), rate,
                variable.Gradient, inputs.Scalar(MomentumInput)],
            Typed(new KeyValuePair<string, AttributeValue>("use_nesterov", AttributeValue.Of(Nesterov))),
                $"optimizer/{variable.Definition.Name}"));
}

/// <summary>
/// Adam. Kingma, Ba 2014, arXiv:1412.6980, Algorithm 1: m ← β₁m + (1-β₁)g, v ← β₂v + (1-β₂)g², p ← p - rate · m̂ / (√v̂
/// + ε) with m̂ = m/(1-β₁ᵗ), v̂ = v/(1-β₂ᵗ).
/// </summary>
/// <remarks>
/// TensorFlow's op <c>ResourceApplyAdam</c> adds its epsilon to √v, not to √v̂; it is fed ε·√(1-β₂ᵗ), which makes both
/// the same.
/// </remarks>
/// <param name="Beta1">Decay of the mean of gradients, in [0, 1); default 0.9.</param>
/// <param name="Beta2">Decay of the mean of squared gradients, in [0, 1); default 0.999.</param>
/// <param name="Epsilon">ε, > 0; default 1e-8.</param>
public sealed record AdamOptimizer(float Beta1 = 0.9f, float Beta2 = 0.999f, float Epsilon = 1e-8f) : Optimizer
{
    private const string Beta1PowerInput = "optimizer/beta1_power", Beta2PowerInput = "optimizer/beta2_power",
        EpsilonInput = "optimizer/epsilon";

    internal override void Check()
    {
        OptionRange.RequireShare(Beta1, "AdamOptimizer.Beta1");
        OptionRange.RequireShare(Beta2, "AdamOptimizer.Beta2");
        OptionRange.RequirePositive(Epsilon, "AdamOptimizer.Epsilon");
    }

    internal override IEnumerable<KeyValuePair<string, float>> Scalars(long step)
    {
        double power2 = Math.Pow(Beta2, step);
        return [new(Beta1PowerInput, (float)Math.Pow(Beta1, step)), new(Beta2PowerInput, (float)power2),
            new(EpsilonInput, (float)(Epsilon * Math.Sqrt(1 - power2)))];
    }

    private protected override void AddUpdate(GraphBuilder g, TrainedVariable variable, NodeOutput rate,
        OptimizerInputs inputs, List<NodeDef> updates) =>
        updates.Add(g.AddNode("ResourceApplyAdam",
            [g.VariableHandle(variable.Definition), g.VariableHandle(Slot(variable, "Adam_m")),
                g.VariableHandle(Slot(variable, "Adam_v")), inputs.Scalar(Beta1PowerInput),
                inputs.Scalar(Beta2PowerInput), rate, Scalar(g, Beta1), Scalar(g, Beta2), inputs.Scalar(EpsilonInput),
                    variable.Gradient],
            Typed(), $"optimizer/{variable.Definition.Name}"));
}

/// <summary>
/// RMSProp as PyTorch has it (Tieleman, Hinton 2012, with momentum): s ← ρs + (1-ρ)g², b ← μb + g/(√s + ε), p ← p -
/// rate·b; s starts at 0.
/// </summary>
/// <remarks>Written with elementwise ops: TensorFlow's <c>ResourceApplyRMSProp</c> puts ε inside the root.</remarks>
/// <param name="Decay">ρ, in [0, 1); default 0.9.</param>
/// <param name="Momentum">μ, in [0, 1); default 0, none.</param>
/// <param name="Epsilon">ε, > 0; default 1e-8.</param>
public sealed record RmsPropOptimizer(float Decay = 0.9f, float Momentum = 0, float Epsilon = 1e-8f) : Optimizer
{
    internal override void Check()
    {
        OptionRange.RequireShare(Decay, "RmsPropOptimizer.Decay");
        OptionRange.RequireShare(Momentum, "RmsPropOptimizer.Momentum");
        OptionRange.RequirePositive(Epsilon, "RmsPropOptimizer.Epsilon");
    }

    private protected override void AddUpdate(GraphBuilder g, TrainedVariable variable, NodeOutput rate,
        OptimizerInputs inputs, List<NodeDef> updates)
    {
        using (g.Scope($"optimizer/{variable.Definition.Name}"))
        {
            NodeOutput Op(string op, NodeOutput x, NodeOutput y) => g.AddNode(op, [x, y]).Output();
            VariableDefinition squares = Slot(variable, "RMSProp");
            NodeOutput meanSquare = Op("AddV2", Op("Mul", g.ReadVariable(squares), Scalar(g, Decay)),
                Op("Mul", g.AddNode("Square", [variable.Gradient]).Output(), Scalar(g, 1 - Decay)));
            NodeOutput root = g.AddNode("Sqrt", [meanSquare]).Output();
            NodeOutput move = Op("RealDiv", variable.Gradient, Op("AddV2", root, Scalar(g, Epsilon)));
            updates.Add(Assign(g, squares, meanSquare));
            if (Momentum != 0)
            {
                VariableDefinition velocity = Slot(variable, "Momentum");
                move = Op("AddV2", Op("Mul", g.ReadVariable(velocity), Scalar(g, Momentum)), move);
                updates.Add(Assign(g, velocity, move));
            }
            updates.Add(g.AddNode("ResourceApplyGradientDescent", [g.VariableHandle(variable.Definition), rate, move],
                Typed(), "update"));
        }
    }

    private static NodeDef Assign(GraphBuilder g, VariableDefinition slot, NodeOutput value) =>
        g.AddNode("AssignVariableOp", [g.VariableHandle(slot), value],
            [new("dtype", AttributeValue.Of(DataType.Float))]);
}
