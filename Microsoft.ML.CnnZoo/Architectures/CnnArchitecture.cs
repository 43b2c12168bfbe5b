using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo;

/// <summary>Size of an image.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Channels">1 for gray, 3 for red, green, blue.</param>
public readonly record struct ImageShape(int Height, int Width, int Channels)
{
    /// <summary>Values of one image.</summary>
    internal int ValueCount => checked(Height * Width * Channels);

    /// <summary>For example <c>32x32x1</c>.</summary>
    public override string ToString() => $"{Height}x{Width}x{Channels}";
}

/// <summary>Where a network comes from.</summary>
/// <param name="Authors">Authors.</param>
/// <param name="Year">Year of the first publication.</param>
/// <param name="Title">Title.</param>
/// <param name="Url">Where to read it.</param>
public sealed record Publication(string Authors, int Year, string Title, Uri Url);

/// <summary>What pixels (0–255) become before the network: value·Scale + Offset, per channel; one entry serves all channels.</summary>
/// <param name="Scale">Factors.</param>
/// <param name="Offset">Summands.</param>
internal sealed record Normalization(IReadOnlyList<float> Scale, IReadOnlyList<float> Offset)
{
    /// <summary>To [0,1].</summary>
    public static Normalization UnitRange { get; } = new([1 / 255f], [0f]);

    /// <summary>To [-1,1].</summary>
    public static Normalization SignedUnitRange { get; } = new([1 / 127.5f], [-1f]);

    /// <summary>Background −0.1, ink 1.175: about mean 0, variance 1 over the digits. LeCun et al. 1998, §II.B.</summary>
    public static Normalization LeCun1998 { get; } = new([1.275f / 255], [-0.1f]);
}

/// <summary>What a network's last layer means.</summary>
internal enum OutputKind
{
    /// <summary>Logits: great is likely; scores are their softmax.</summary>
    Softmax,
    /// <summary>Penalties of radial basis functions: small is likely; scores are the softmax of their negatives.</summary>
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
internal sealed record NetworkOutputs(NodeOutput Features, NodeOutput Output, NodeOutput Scores, IReadOnlyList<AuxiliaryOutput> Auxiliary);

/// <summary>What is known of a variant before it is built.</summary>
/// <param name="Name">Name for command lines and files.</param>
/// <param name="DisplayName">Name for people.</param>
/// <param name="Depth">Layers as the paper counts them.</param>
/// <param name="DefaultInput">The image size of the paper.</param>
/// <param name="MinimumSize">The smallest height and width that every layer fits.</param>
/// <param name="Paper">The paper.</param>
internal sealed record ArchitectureFacts(string Name, string DisplayName, int Depth, ImageShape DefaultInput, int MinimumSize, Publication Paper);

/// <summary>A convolutional network that can be built for any legal image size and number of classes. Immutable; one instance per variant, listed in <see cref="CnnArchitectures"/>.</summary>
public abstract class CnnArchitecture
{
    private protected CnnArchitecture(ArchitectureFacts facts) => Facts = facts;

    /// <summary>Name for command lines and files, for example <c>lenet5_modern_relu</c>.</summary>
    public string Name => Facts.Name;

    /// <summary>Name for people, for example <c>LeNet-5</c>.</summary>
    public string DisplayName => Facts.DisplayName;

    /// <summary>The paper.</summary>
    public Publication Paper => Facts.Paper;

    /// <summary>Layers as the paper counts them.</summary>
    public int Depth => Facts.Depth;

    /// <summary>What has been published of its accuracy, the result to quote first; empty where nothing has.</summary>
    public IReadOnlyList<PublishedAccuracy> PublishedAccuracy => PublishedResults.Of(Name);

    /// <summary>The image size of the paper.</summary>
    public ImageShape DefaultInput => Facts.DefaultInput;

    /// <summary>The smallest height and width that every layer fits.</summary>
    public int MinimumSize => Facts.MinimumSize;

    /// <summary>How layers with strides pad: the paper's and PyTorch's way unless <see cref="WithTensorFlowPadding"/> was asked for.</summary>
    public bool TensorFlowPadding { get; private set; }

    /// <summary>Batch normalization's epsilon where it is not the network's own; see <see cref="WithBatchNormEpsilon"/>.</summary>
    internal float? BatchNormEpsilonOverride { get; private set; }

    /// <summary>Whether training graphs have auxiliary classifiers; see <see cref="WithoutAuxiliaries"/>.</summary>
    public bool HasAuxiliaries { get; private protected set; }

    /// <summary>Whether auxiliary classifiers are built in inference graphs too; see <see cref="WithAuxiliariesInInference"/>.</summary>
    private protected bool AuxiliariesInInference { get; private set; }

    private protected ArchitectureFacts Facts { get; private set; }

    /// <summary>What the last layer means.</summary>
    internal virtual OutputKind Output => OutputKind.Softmax;

    /// <summary>Label smoothing that the paper trains with; 0 for none.</summary>
    public virtual float LabelSmoothing => 0;

    /// <summary>What pixels become before the network, unless weights bring their own.</summary>
    internal virtual Normalization Normalization => Normalization.UnitRange;

    /// <summary>Adds the network to a graph; <see cref="GraphBuilder.Mode"/> says whether for training or for scoring.</summary>
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

    /// <summary>Refuses an image that is too small.</summary>
    /// <exception cref="GraphException">It is.</exception>
    public void CheckInput(ImageShape input)
    {
        if (input.Height < MinimumSize || input.Width < MinimumSize || input.Channels < 1)
            throw new GraphException($"{DisplayName} takes images of at least {MinimumSize}x{MinimumSize} pixels with 1 or more channels, received {input}.");
    }

    /// <summary>The name that PyTorch's libraries have for a variable: <c>conv1/kernel</c> → <c>conv1.weight</c>; null where they have none.</summary>
    public virtual string? TorchName(string variable)
    {
        int cut = variable.LastIndexOf('/');
        string leaf = variable[(cut + 1)..] switch
        {
            "kernel" or "gamma" => "weight",
            "beta" => "bias",
            "moving_mean" => "running_mean",
            "moving_variance" => "running_var",
            string other => other,
        };
        return $"{variable[..(cut + 1)].Replace('/', '.')}{leaf}";
    }

    /// <summary>The node, or the scope whose last node it is, that computes what PyTorch's libraries return from a module: <c>layer1.0</c> → <c>conv2_1/Relu</c>.</summary>
    public virtual string TorchModule(string module) => module.Replace('.', '/');

    /// <summary>
    /// The same network with TensorFlow's SAME padding in its layers with strides, where the network's own padding is symmetric: the form that Keras' and
    /// TF-Slim's weights belong to. On odd sizes both are the same.
    /// </summary>
    public CnnArchitecture WithTensorFlowPadding()
    {
        CnnArchitecture copy = Copy();
        copy.TensorFlowPadding = true;
        return copy;
    }

    /// <summary>The same network with another epsilon in its batch normalizations (Keras has 1e-3 where others have 1e-5).</summary>
    /// <param name="epsilon">Greater than 0.</param>
    public CnnArchitecture WithBatchNormEpsilon(float epsilon)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        CnnArchitecture copy = Copy();
        copy.BatchNormEpsilonOverride = epsilon;
        return copy;
    }

    /// <summary>The same network without auxiliary classifiers, named <c>…_noaux</c>; the network itself where it has none.</summary>
    public CnnArchitecture WithoutAuxiliaries()
    {
        if (!HasAuxiliaries)
            return this;
        CnnArchitecture copy = Copy();
        copy.HasAuxiliaries = false;
        copy.Facts = Facts with { Name = $"{Name}_noaux", DisplayName = $"{DisplayName} (no auxiliaries)" };
        return copy;
    }

    /// <summary>The same network with its auxiliary classifiers in inference graphs too, where no dropout and no batch statistics disturb their logits: for comparing them with other implementations.</summary>
    internal CnnArchitecture WithAuxiliariesInInference()
    {
        CnnArchitecture copy = Copy();
        copy.AuxiliariesInInference = true;
        return copy;
    }

    /// <inheritdoc/>
    public override string ToString() => DisplayName;

    /// <summary>Whether a graph gets the auxiliary classifiers.</summary>
    private protected bool BuildsAuxiliaries(GraphBuilder g) => HasAuxiliaries && (AuxiliariesInInference || g.Mode == GraphMode.Training);

    /// <summary>Padding of a layer with strides: symmetric, or SAME if that was asked for.</summary>
    private protected Padding StridedPadding(int pixels) => TensorFlowPadding ? Padding.Same : pixels == 0 ? Padding.Valid : Padding.Symmetric(pixels);

    private CnnArchitecture Copy() => (CnnArchitecture)MemberwiseClone();

    /// <summary>Adds the layers.</summary>
    internal abstract NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes);
}
