using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// The loss that training minimizes: a number for each image, written as graph ops, and their mean over the batch.
/// Losses of your own derive from it.
/// </summary>
/// <example>
/// <code>
/// // Cross-entropy with a bonus for confidence.
/// sealed record ConfidentLoss(float Bonus = 0.1f) : ClassificationLoss
/// {
///     protected override TensorExpression PerImage(LossInputs inputs)
///     {
///         TensorExpression p = inputs.Outputs.Softmax(), logP = inputs.Outputs.LogSoftmax();
///         return -(inputs.Targets * logP).SumOverLast() - Bonus * (p * logP).SumOverLast();
///     }
/// }
/// </code>
/// </example>
public abstract record ClassificationLoss
{
    /// <summary>Mean of -ln softmax(logits)[label].</summary>
    public static ClassificationLoss SoftmaxCrossEntropy { get; } = new SoftmaxCrossEntropyLoss();

    /// <summary>Writes the loss of each image.</summary>
    /// <param name="inputs">The network's outputs and the labels.</param>
    /// <returns>[batch].</returns>
    protected abstract TensorExpression PerImage(LossInputs inputs);

    /// <summary>The loss of each image, times the weight of its class.</summary>
    private protected virtual TensorExpression WeightedPerImage(LossInputs inputs, LossWeights weights) =>
        PerImage(inputs) * inputs.WeightOfLabel(weights);

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal virtual void Check() { }

    /// <summary>The kind of outputs that it is made for.</summary>
    internal virtual OutputKind Outputs => OutputKind.Softmax;

    /// <summary>Adds the loss of a batch.</summary>
    /// <param name="g">The training graph.</param>
    /// <param name="outputs">The network's outputs [batch, classes].</param>
    /// <param name="labels">Class numbers [batch], Int32.</param>
    /// <param name="name">Scope of its nodes.</param>
    /// <param name="weights">What the classes weigh; null for all the same.</param>
    /// <returns>A scalar.</returns>
    internal NodeOutput Build(GraphBuilder g, NodeOutput outputs, NodeOutput labels, string name,
        LossWeights? weights = null)
    {
        using (g.Scope(name))
        {
            var inputs = new LossInputs(g, outputs, labels);
            NodeOutput losses = (weights is null ? PerImage(inputs) : WeightedPerImage(inputs, weights)).In(g);
            if (losses.Shape.Rank != 1)
                throw new GraphException($"{GetType().Name} made a loss of shape {losses.Shape}; expected one number "
                    + "for each image, [batch].");
            if (weights is { DivideByCount: false })
                return (new TensorExpression(g, losses).Sum() / inputs.WeightOfLabel(weights).Sum()).In(g);
            return g.AddNode("Mean", [losses, g.Constant(TensorLiteral.Vector(0))]).Output();
        }
    }

    /// <summary>The loss that an architecture is trained with unless another is chosen.</summary>
    internal static ClassificationLoss For(CnnArchitecture architecture) =>
        architecture.Output == OutputKind.RbfPenalty ? new RbfMaximumAPosterioriLoss()
        : architecture.LabelSmoothing > 0 ? new SoftmaxCrossEntropyLoss(architecture.LabelSmoothing)
            : SoftmaxCrossEntropy;
}

/// <summary>What a <see cref="ClassificationLoss"/> is written with.</summary>
public sealed class LossInputs
{
    private readonly GraphBuilder _graph;
    private readonly NodeOutput _outputs, _labels;

    internal LossInputs(GraphBuilder graph, NodeOutput outputs, NodeOutput labels) =>
        (_graph, _outputs, _labels) = (graph, outputs, labels);

    /// <summary>The network's outputs before softmax [batch, classes].</summary>
    public TensorExpression Outputs => Of(_outputs);

    /// <summary>1 for the class of the image, 0 for the others [batch, classes].</summary>
    public TensorExpression Targets => TargetsOf(1, 0);

    /// <summary>Number of classes.</summary>
    public int Classes => _outputs.Channels;

    /// <summary>One value for the class of the image, another for the others [batch, classes].</summary>
    internal TensorExpression TargetsOf(float on, float off) => Of(_graph.AddNode("OneHot",
        [_labels, _graph.Constant(TensorLiteral.Scalar(Classes)), _graph.Constant(TensorLiteral.Scalar(on)),
            _graph.Constant(TensorLiteral.Scalar(off))]).Output());

    /// <summary>The weight of each image's class [batch].</summary>
    internal TensorExpression WeightOfLabel(LossWeights weights) => (Targets * Row(weights)).SumOverLast();

    /// <summary>The classes' weights, one column for each [1, classes].</summary>
    internal TensorExpression Row(LossWeights weights) =>
        Of(_graph.Constant(TensorLiteral.Of<float>(new TensorShape(1, Classes), weights.Values)));

    /// <summary>An op of the outputs and the class numbers, whose result is [batch].</summary>
    internal TensorExpression WithLabels(string op, TensorExpression outputs) =>
        Of(_graph.AddNode(op, [outputs.In(_graph), _labels]).Output());

    /// <summary>A tensor of the graph.</summary>
    internal TensorExpression Of(NodeOutput output) => new(_graph, output);

    /// <summary>The graph.</summary>
    internal GraphBuilder Graph => _graph;
}

/// <summary>What each class weighs in the loss.</summary>
/// <param name="Values">One weight for each class, > 0.</param>
/// <param name="DivideByCount">Whether the sum over the batch is divided by the number of images, not by the sum of
/// their weights.</param>
internal sealed record LossWeights(float[] Values, bool DivideByCount);
