using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// The update of one variable in a step, while an <see cref="Optimizer"/> writes it. All values are those before the
/// step; what is set takes effect after everything was read.
/// </summary>
public sealed class WeightUpdate
{
    private readonly OptimizerGraph _graph;
    private readonly TrainedVariable _variable;

    internal WeightUpdate(OptimizerGraph graph, TrainedVariable variable) => (_graph, _variable) = (graph, variable);

    /// <summary>The variable's name, for example <c>conv1/kernel</c>.</summary>
    public string Name => _variable.Definition.Name;

    /// <summary>The weights.</summary>
    public TensorExpression Weights => Of(Builder.ReadVariable(_variable.Definition));

    /// <summary>
    /// The gradient, clipped if the options say so, and with weight decay unless the optimizer decouples it.
    /// </summary>
    public TensorExpression Gradient => Of(_variable.Gradient);

    /// <summary>The step's learning rate, a scalar, with the factor of the variable's layer.</summary>
    public TensorExpression LearningRate => Of(Rate);

    /// <summary>
    /// With <see cref="Optimizer.DecouplesWeightDecay"/>, the decay that the optimizer is to apply; 0 for biases, batch
    /// norms and for optimizers that do not decouple it.
    /// </summary>
    public float WeightDecay => _variable.WeightDecay;

    /// <summary>A state of the variable's shape that lasts from step to step and starts at zero.</summary>
    /// <param name="name">Its name, unique among the variable's slots.</param>
    public TensorExpression Slot(string name) => Of(Builder.ReadVariable(SlotDefinition(name)));

    /// <summary>A scalar that depends on the step, the same for all variables.</summary>
    /// <param name="name">Its name, unique in the optimizer.</param>
    /// <param name="value">Its value: nothing but a function of its argument, so that a run can be resumed.</param>
    public TensorExpression Scalar(string name, Func<OptimizerStepContext, float> value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);
        return Of(Input(name, value));
    }

    /// <summary>Gives a slot its value for the next step.</summary>
    public void SetSlot(string name, TensorExpression value) => Assign(SlotDefinition(name), value);

    /// <summary>Gives the variable its new weights.</summary>
    public void SetWeights(TensorExpression value) => Assign(_variable.Definition, value);

    /// <summary>The learning rate's placeholder.</summary>
    internal NodeOutput Rate => _variable.RateFactor is 1
        ? _graph.Input(Optimizer.LearningRateInput, step => step.LearningRate)
        : _graph.Input(FormattableString.Invariant($"{Optimizer.LearningRateInput}_{_variable.RateFactor}"),
            step => step.LearningRate * _variable.RateFactor);

    /// <summary>The gradient's tensor.</summary>
    internal NodeOutput GradientTensor => _variable.Gradient;

    /// <summary>An expression's tensor.</summary>
    internal NodeOutput TensorOf(TensorExpression value) => value.In(Builder);

    /// <summary>A scalar's placeholder.</summary>
    internal NodeOutput Input(string name, Func<OptimizerStepContext, float> value) =>
        _graph.Input($"optimizer/{name}", value);

    /// <summary>A constant's tensor.</summary>
    internal NodeOutput Constant(float value)
    {
        using (Builder.RootScope())
            return Builder.Constant(TensorLiteral.Scalar(value));
    }

    /// <summary>A slot's handle.</summary>
    internal NodeOutput SlotHandle(string name) => Builder.VariableHandle(SlotDefinition(name));

    /// <summary>Adds one of TensorFlow's ops that update a variable and its slots in place.</summary>
    internal void Apply(string op, ReadOnlySpan<NodeOutput> afterHandle, bool? nesterov = null, string suffix = "")
    {
        List<KeyValuePair<string, AttributeValue>> attributes = [new("T", AttributeValue.Of(DataType.Float))];
        if (nesterov is { } flag)
            attributes.Add(new("use_nesterov", AttributeValue.Of(flag)));
        using (Builder.RootScope())
            _graph.Add(Builder.AddNode(op, [Builder.VariableHandle(_variable.Definition), .. afterHandle], attributes,
                $"optimizer/{Name}{suffix}"));
    }

    private GraphBuilder Builder => _graph.Builder;

    private TensorExpression Of(NodeOutput output) => new(Builder, output);

    private VariableDefinition SlotDefinition(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new($"{_variable.SlotScope}{Name}/{name}", _variable.Definition.Spec, VariableRole.Slot, Initializer.Zeros);
    }

    private void Assign(VariableDefinition variable, TensorExpression value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _graph.Add(Builder.AddNode("AssignVariableOp", [Builder.VariableHandle(variable), value.In(Builder)],
            [new("dtype", AttributeValue.Of(DataType.Float))]));
    }
}
