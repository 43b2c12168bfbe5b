using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo;

/// <summary>What is known of a variant before it is built.</summary>
/// <param name="Name">Name for command lines and files.</param>
/// <param name="DisplayName">Name for people.</param>
/// <param name="Depth">Layers as the paper counts them.</param>
/// <param name="DefaultInput">The paper's image size.</param>
/// <param name="MinimumSize">The smallest height and width that every layer fits.</param>
/// <param name="Paper">The paper.</param>
internal sealed record ArchitectureFacts(
    string Name, string DisplayName, int Depth, ImageShape DefaultInput, int MinimumSize, Publication Paper);

/// <summary>
/// A convolutional network that can be built for any image size from <see cref="MinimumSize"/> and any number of
/// classes. Immutable; one instance per variant, listed in <see cref="CnnArchitectures"/>.
/// </summary>
public abstract partial class CnnArchitecture
{
    /// <summary>Name of the graphs' placeholder for images, [N,H,W,C], already normalized.</summary>
    internal const string ImageInput = "image";

    private protected CnnArchitecture(ArchitectureFacts facts) => Facts = facts;

    /// <summary>Name for command lines and files, for example <c>resnet18</c>.</summary>
    public string Name => Facts.Name;

    /// <summary>Name for people, for example <c>ResNet-18</c>.</summary>
    public string DisplayName => Facts.DisplayName;

    /// <summary>Other names by which <see cref="CnnArchitectures.Find"/> knows the network; none for most.</summary>
    public IReadOnlyList<string> Aliases => ArchitectureAliases.Of(Name);

    /// <summary>The paper.</summary>
    public Publication Paper => Facts.Paper;

    /// <summary>Layers as the paper counts them.</summary>
    public int Depth => Facts.Depth;

    /// <summary>Accuracies that have been published, the result to quote first; empty where there are none.</summary>
    public IReadOnlyList<PublishedAccuracy> PublishedAccuracy => PublishedResults.Of(Name);

    /// <summary>The paper's image size.</summary>
    public ImageShape DefaultInput => Facts.DefaultInput;

    /// <summary>The smallest height and width that every layer fits, in pixels.</summary>
    public int MinimumSize => Facts.MinimumSize;

    /// <summary>
    /// Whether strided layers have TensorFlow's SAME padding: see <see cref="WithTensorFlowPadding"/>.
    /// </summary>
    public bool TensorFlowPadding { get; private set; }

    /// <summary>
    /// Batch normalization's epsilon if not the network's own; see <see cref="WithBatchNormEpsilon"/>.
    /// </summary>
    internal float? BatchNormEpsilonOverride { get; private set; }

    /// <summary>Whether training graphs have auxiliary classifiers; see <see cref="WithoutAuxiliaries"/>.</summary>
    public bool HasAuxiliaries { get; private protected set; }

    /// <summary>Whether inference graphs have them too; see <see cref="WithAuxiliariesInInference"/>.</summary>
    private protected bool AuxiliariesInInference { get; private set; }

    private protected ArchitectureFacts Facts { get; private set; }

    /// <summary>What the values of the last layer mean.</summary>
    internal virtual OutputKind Output => OutputKind.Softmax;

    /// <summary>Label smoothing that the paper trains with, in [0, 1); 0 for none.</summary>
    public virtual float LabelSmoothing => 0;

    /// <summary>What the paper does to pixels before the network.</summary>
    internal virtual PixelScaling Pixels => PixelScaling.Standardized;

    /// <summary>
    /// The network as a TensorFlow graph that scores, to read or to write with <see cref="GraphDefFormat"/>.
    /// </summary>
    /// <param name="classes">Number of classes, at least 2.</param>
    /// <param name="image">Size of the images; null: the paper's.</param>
    /// <returns>
    /// From the placeholder <c>image</c> [N,H,W,C] (Single, already normalized) to the node <c>scores/Softmax</c>
    /// [N,classes], probabilities. Weights are variables, whose values are not part of it.
    /// </returns>
    /// <exception cref="GraphException">The image is too small.</exception>
    public NetworkGraph BuildGraph(int classes, ImageShape? image = null) =>
        BuildGraph(GraphMode.Inference, classes, image).Graph;

    /// <summary>The network in a graph of its own, without a loss.</summary>
    internal (NetworkGraph Graph, NetworkOutputs Outputs) BuildGraph(GraphMode mode, int classes,
        ImageShape? image = null)
    {
        ImageShape size = image ?? DefaultInput;
        var g = new GraphBuilder(mode);
        NodeOutput input = g.Placeholder(ImageInput, DataType.Float,
            new TensorShape(TensorShape.Unknown, size.Height, size.Width, size.Channels));
        NetworkOutputs outputs = Build(g, input, classes);
        return (g.ToGraph(), outputs);
    }

    /// <summary>
    /// The head: the variables that have another shape for another number of classes.
    /// </summary>
    internal IReadOnlyList<VariableDefinition> HeadVariables(int classes, ImageShape image)
    {
        HashSet<(string, TensorShape)> others =
            [.. BuildGraph(classes + 1, image).Variables.Select(v => (v.Name, v.Spec.Shape))];
        return [.. BuildGraph(classes, image).Variables.Where(v => !others.Contains((v.Name, v.Spec.Shape)))];
    }

    /// <summary>
    /// Adds the network to a graph, for training or for scoring as <see cref="GraphBuilder.Mode"/> has it.
    /// </summary>
    /// <param name="g">The graph.</param>
    /// <param name="image">[N,H,W,C], already normalized.</param>
    /// <param name="classes">At least 2.</param>
    /// <exception cref="GraphException">The image is too small or not [N,H,W,C].</exception>
    internal NetworkOutputs Build(GraphBuilder g, NodeOutput image, int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        if (image.Shape.Rank != 4)
            throw new GraphException($"{DisplayName} takes images [N,H,W,C], received {image.Shape}.");
        CheckInput(new ImageShape(image.Height, image.Width, image.Channels));
        NetworkBody body = BuildBody(g, image, classes);
        NodeOutput logits = Output == OutputKind.RbfPenalty ? g.Scale(body.Output, -1, "negative") : body.Output;
        return new(body.Features, body.Output, g.Softmax(logits, "scores"), body.Auxiliary);
    }

    /// <summary>Checks that the network can be built for a size of images.</summary>
    /// <param name="input">The size: each side at least <see cref="MinimumSize"/>, one channel or more.</param>
    /// <exception cref="GraphException">The size is too small.</exception>
    public void CheckInput(ImageShape input)
    {
        if (input.Height < MinimumSize || input.Width < MinimumSize || input.Channels < 1)
            throw new GraphException($"{DisplayName} takes images of at least {MinimumSize}x{MinimumSize} pixels "
                + $"with 1 or more channels, received {input}.");
    }

    /// <summary>
    /// The same network with TensorFlow's SAME padding in its strided layers, where the network's own padding is
    /// symmetric: the form that Keras' and TF-Slim's weights belong to. On odd sizes both are the same. Inception v3's
    /// average pools leave the padding out of their means.
    /// </summary>
    public CnnArchitecture WithTensorFlowPadding()
    {
        CnnArchitecture copy = Copy();
        copy.TensorFlowPadding = true;
        return copy;
    }

    /// <summary>
    /// The same network with another epsilon in its batch normalizations (1e-3 in Keras, 1e-5 in PyTorch).
    /// </summary>
    /// <param name="epsilon">Greater than 0.</param>
    public CnnArchitecture WithBatchNormEpsilon(float epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        CnnArchitecture copy = Copy();
        copy.BatchNormEpsilonOverride = epsilon;
        return copy;
    }

    /// <summary>
    /// The same network without auxiliary classifiers, named <c>…_noaux</c>; the network itself where it has none.
    /// </summary>
    public CnnArchitecture WithoutAuxiliaries()
    {
        if (!HasAuxiliaries)
            return this;
        CnnArchitecture copy = Copy();
        copy.HasAuxiliaries = false;
        copy.Facts = Facts with { Name = $"{Name}_noaux", DisplayName = $"{DisplayName} (no auxiliaries)" };
        return copy;
    }

    /// <summary>
    /// The same network with its auxiliary classifiers in inference graphs too, without dropout and batch statistics:
    /// for comparing their logits with other implementations'.
    /// </summary>
    internal CnnArchitecture WithAuxiliariesInInference()
    {
        CnnArchitecture copy = Copy();
        copy.AuxiliariesInInference = true;
        return copy;
    }

    /// <inheritdoc/>
    public override string ToString() => DisplayName;

    /// <summary>Whether a graph gets the auxiliary classifiers.</summary>
    private protected bool BuildsAuxiliaries(GraphBuilder g) =>
        HasAuxiliaries && (AuxiliariesInInference || (g.Mode == GraphMode.Training && g.Frozen.Count == 0));

    /// <summary>Padding of a strided layer: symmetric, or SAME if that was asked for.</summary>
    private protected Padding StridedPadding(int pixels) =>
        TensorFlowPadding ? Padding.Same : pixels == 0 ? Padding.Valid : Padding.Symmetric(pixels);

    private CnnArchitecture Copy() => (CnnArchitecture)MemberwiseClone();

    /// <summary>Adds the layers.</summary>
    internal abstract NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes);
}
