using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// A rule that moves weights against their gradients: written as graph ops. What changes from step to step (learning
/// rate, powers of β) is fed as scalars. Optimizers of your own derive from it.
/// </summary>
/// <remarks>An optimizer is a value: its state (velocities, moments) lives in variables of the training run.</remarks>
/// <example>
/// <code>
/// // Lion. Chen et al. 2023, arXiv:2302.06675, algorithm 2.
/// sealed record LionOptimizer(float Beta1 = 0.9f, float Beta2 = 0.99f) : Optimizer
/// {
///     protected override bool DecouplesWeightDecay => true;
///
///     protected override void Update(WeightUpdate update)
///     {
///         TensorExpression m = update.Slot("momentum"), g = update.Gradient;
///         TensorExpression move = (Beta1 * m + (1 - Beta1) * g).Sign() + update.WeightDecay * update.Weights;
///         update.SetSlot("momentum", Beta2 * m + (1 - Beta2) * g);
///         update.SetWeights(update.Weights - update.LearningRate * move);
///     }
/// }
/// </code>
/// </example>
public abstract record Optimizer
{
    /// <summary>Name of the learning rate's placeholder.</summary>
    internal const string LearningRateInput = "optimizer/learning_rate";

    /// <summary>p ← p - rate·g.</summary>
    public static Optimizer GradientDescent { get; } = new SgdOptimizer();

    /// <summary>
    /// Whether the rule itself applies <see cref="WeightUpdate.WeightDecay"/>. False, as long as nothing else is said:
    /// decay · weight is added to the gradient beforehand.
    /// </summary>
    protected virtual bool DecouplesWeightDecay => false;

    /// <summary>Writes the update of one variable: new weights, new slots.</summary>
    protected abstract void Update(WeightUpdate update);

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal virtual void Check() { }

    /// <summary>Adds the update of every variable.</summary>
    internal OptimizerGraph AddUpdates(GraphBuilder g, IReadOnlyList<TrainedVariable> variables)
    {
        using (g.RootScope())
        {
            var graph = new OptimizerGraph(g);
            foreach (TrainedVariable variable in variables)
                using (g.Scope($"optimizer/{variable.Definition.Name}"))
                    Update(new WeightUpdate(graph, DecouplesWeightDecay ? variable : Decayed(g, variable)));
            return graph;
        }
    }

    private static TrainedVariable Decayed(GraphBuilder g, TrainedVariable variable)
    {
        if (variable.WeightDecay == 0)
            return variable;
        using (g.RootScope("weight_decay"))
        {
            NodeOutput decay = g.AddNode("Mul", [g.ReadVariable(variable.Definition),
                g.Constant(TensorLiteral.Scalar(variable.WeightDecay))]).Output();
            return variable with
            {
                Gradient = g.AddNode("AddV2", [variable.Gradient, decay]).Output(),
                WeightDecay = 0,
            };
        }
    }
}

/// <summary>The step that scalars of an optimizer are fed for.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="LearningRate">Its learning rate.</param>
/// <param name="Momentum">The momentum that the schedule asks for; null for the optimizer's own.</param>
public readonly record struct OptimizerStepContext(long Step, float LearningRate, float? Momentum);

/// <summary>A variable that an optimizer moves, and the gradient that moves it.</summary>
/// <param name="Definition">The variable.</param>
/// <param name="Gradient">dL/dw.</param>
/// <param name="WeightDecay">c in g ← g + c·w, or of decoupled decay; 0 for none.</param>
/// <param name="RateFactor">What its learning rate is multiplied by, > 0.</param>
/// <param name="SlotScope">What stands before the names of the optimizer's variables: phases of a training whose
/// optimizers start afresh have scopes of their own.</param>
internal readonly record struct TrainedVariable(VariableDefinition Definition, NodeOutput Gradient,
    float WeightDecay = 0, float RateFactor = 1, string SlotScope = "");

/// <summary>What an optimizer adds to a graph: stateful nodes, and the scalars that they read.</summary>
internal sealed class OptimizerGraph(GraphBuilder builder)
{
    private readonly Dictionary<string, (NodeOutput Placeholder, Func<OptimizerStepContext, float> Value)> _inputs =
        new(StringComparer.Ordinal);
    private readonly List<NodeDef> _updates = [];

    /// <summary>The graph's builder.</summary>
    public GraphBuilder Builder { get; } = builder;

    /// <summary>The nodes that a step must run.</summary>
    public IReadOnlyList<NodeDef> Updates => _updates;

    /// <summary>Adds a node that a step must run.</summary>
    public void Add(NodeDef update) => _updates.Add(update);

    /// <summary>A scalar placeholder, made when first asked for.</summary>
    public NodeOutput Input(string name, Func<OptimizerStepContext, float> value)
    {
        if (!_inputs.TryGetValue(name, out (NodeOutput Placeholder, Func<OptimizerStepContext, float>) input))
            using (Builder.RootScope())
                _inputs.Add(name, input = (Builder.Placeholder(name, DataType.Float, TensorShape.Scalar), value));
        return input.Placeholder;
    }

    /// <summary>Feeds the scalars of a step.</summary>
    public void Feed(Executable plan, OptimizerStepContext step)
    {
        foreach ((string name, (_, Func<OptimizerStepContext, float> value)) in _inputs)
            if (plan.HasFeed(name))
                plan.Feed<float>(name)[0] = value(step);
    }
}
