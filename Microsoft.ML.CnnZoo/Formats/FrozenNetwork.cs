using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats;

/// <summary>
/// A network as a reader finds it in a file, before it becomes an architecture: ops of our catalog, NHWC, inference;
/// the weights are <c>Const</c> nodes.
/// </summary>
internal sealed record FrozenNetwork
{
    /// <summary>
    /// Attribute of an <c>Identity</c> node where the file has dropout: the rate. Scoring passes it by, training drops.
    /// </summary>
    public const string DropoutRate = "_dropout_rate";

    /// <summary>The file, for messages.</summary>
    public required string Origin { get; init; }

    /// <summary>The graph; one <c>Placeholder</c> [-1,H,W,C] of float32.</summary>
    public required NetworkGraph Graph { get; init; }

    /// <summary>The image input.</summary>
    public required FileTensor Input { get; init; }

    /// <summary>What the file gives first: logits or probabilities.</summary>
    public required FileTensor Output { get; init; }

    /// <summary>Tensors of the graph by their names in the file.</summary>
    public required IReadOnlyDictionary<string, FileTensor> Tensors { get; init; }

    /// <summary>Class names in the file, in the order of the output; null where it has none.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>What pixels become before the network, as the file states beside the graph; null where it does not.
    /// </summary>
    public ImagePreprocessing? Preprocessing { get; init; }
}

/// <summary>A tensor of a file.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Tensor">The same values in our graph.</param>
/// <param name="Axes">
/// Where each of the file's dimensions lies in ours: [0,3,1,2] for a file's NCHW in our NHWC. Null where one of ours
/// holds several of the file's or the reverse: then the file's order of elements is lost.
/// </param>
internal sealed record FileTensor(string Name, NodeOutput Tensor, IReadOnlyList<int>? Axes);
