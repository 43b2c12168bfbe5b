using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>What the values of a network's last layer mean.</summary>
internal enum OutputKind
{
    /// <summary>Logits: the largest wins; scores are their softmax.</summary>
    Softmax,
    /// <summary>
    /// Penalties of radial basis functions: the smallest wins; scores are the softmax of their negatives.
    /// </summary>
    RbfPenalty,
}

/// <summary>A classifier inside the network, there to train the lower layers.</summary>
/// <param name="Logits">[N,classes].</param>
/// <param name="LossWeight">Weight of its loss in the total.</param>
internal sealed record AuxiliaryOutput(NodeOutput Logits, float LossWeight);

/// <summary>What an architecture builds.</summary>
/// <param name="Features">The last layer's input.</param>
/// <param name="Output">Logits or penalties [N,classes].</param>
/// <param name="Auxiliary">Auxiliary classifiers; none in inference graphs.</param>
internal sealed record NetworkBody(NodeOutput Features, NodeOutput Output, IReadOnlyList<AuxiliaryOutput> Auxiliary);

/// <summary>The tensors of a built network.</summary>
/// <param name="Features">The last layer's input.</param>
/// <param name="Output">Logits or penalties [N,classes].</param>
/// <param name="Scores">Probabilities [N,classes].</param>
/// <param name="Auxiliary">Auxiliary classifiers; none in inference graphs.</param>
internal sealed record NetworkOutputs(
    NodeOutput Features, NodeOutput Output, NodeOutput Scores, IReadOnlyList<AuxiliaryOutput> Auxiliary);
