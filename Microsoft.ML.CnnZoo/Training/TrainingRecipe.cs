using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// What settings that are left open become: values that train a network well without tuning, by the network's kind,
/// what it starts from and the number of images. Each was found by trying: BENCHMARKS.md has the tables.
/// </summary>
/// <param name="Epochs">Passes over the training images.</param>
/// <param name="EarlyStopping">When fewer are enough; null for never.</param>
/// <param name="BatchSize">Images per step.</param>
/// <param name="LearningRate">The schedule's peak.</param>
/// <param name="WeightDecay">Of kernels.</param>
/// <param name="GradientClipNorm">Largest norm of the gradients; null for any.</param>
/// <param name="Loss">The loss; null for the architecture's own.</param>
/// <param name="StandardizesLayers">Whether random first weights are rescaled by what layers make of images: deep
/// networks without batch norms stay where they are with their papers' distributions, which were
/// meant for a million images.</param>
internal sealed record TrainingRecipe(
    int Epochs, EarlyStopping? EarlyStopping, int BatchSize, float LearningRate, float WeightDecay, float? GradientClipNorm,
    ClassificationLoss? Loss, bool StandardizesLayers)
{
    /// <summary>Pictures as small as this are digits, icons, thumbnails: nothing may be cut off them.</summary>
    public const int SmallSide = 40;

    /// <summary>Of the LeNets, and of rates that are too high for AdamW.</summary>
    public static readonly Optimizer GradientDescent = new MomentumOptimizer(0.9f, Nesterov: true);

    private const int ShallowDepth = 7, SideStep = 32;

    /// <summary>Chooses.</summary>
    /// <param name="network">The network.</param>
    /// <param name="optimizer">The rule: the options', or that of <see cref="OptimizerFor"/>.</param>
    /// <param name="start">What it starts from, and what is trained.</param>
    /// <param name="images">Images to train on.</param>
    public static TrainingRecipe For(CnnArchitecture network, Optimizer optimizer, TrainingStart start, int images)
    {
        NetworkKind kind = KindOf(network);
        int batchSize = images switch { < 500 => 16, < 20_000 => 32, _ => 64 };
        int epochs = EpochsFor(kind, images, start);
        return new TrainingRecipe(
            epochs, Patience(kind, epochs), batchSize,
            IsAdaptive(optimizer) ? AdaptiveRate(kind, optimizer, start) : Rate(kind, start),
            kind == NetworkKind.RadialBasis ? 0 : optimizer is AdamWOptimizer ? 0.01f : 5e-4f,
            kind is NetworkKind.Deep or NetworkKind.Shallow ? 5 : null,
            kind == NetworkKind.RadialBasis || network.LabelSmoothing > 0 ? null : new SoftmaxCrossEntropyLoss(0.1f),
            start == TrainingStart.RandomWeights && kind == NetworkKind.Deep);
    }

    /// <summary>
    /// Few pictures are few steps, in which AdamW brings a deep network much further than gradient descent: a ResNet-18
    /// on 1,200 pictures 0.95 instead of 0.77 in 30 epochs, and a pretrained one on 120 pictures 0.95 instead of 0.82 in
    /// 20. The LeNets end worse with it. A rate of somebody's own goes to the rule whose own rate is nearer: the other one
    /// would learn little with it, or nothing. RBF units have one alone.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="start">What it starts from, and what is trained.</param>
    /// <param name="learningRate">The rate; null where it is open, too.</param>
    public static Optimizer OptimizerFor(CnnArchitecture network, TrainingStart start, float? learningRate = null)
    {
        NetworkKind kind = KindOf(network);
        var adaptive = new AdamWOptimizer();
        bool isAdaptive = learningRate is not { } rate ? kind is NetworkKind.Normalized or NetworkKind.Deep
            : kind != NetworkKind.RadialBasis && rate * rate < AdaptiveRate(kind, adaptive, start) * Rate(kind, start);
        return isAdaptive ? adaptive : GradientDescent;
    }

    /// <summary>Share of the images that is held out to choose an epoch by: a few dozen would choose it by chance.</summary>
    public static double HeldOutShare(int images) => images < 500 ? 0 : 0.1;

    /// <summary>The accuracy on few images is a number of few steps; their loss tells epochs apart.</summary>
    public static StoppingMetric Metric(int validationImages) =>
        validationImages < 1000 ? StoppingMetric.ValidationLoss : StoppingMetric.ValidationAccuracy;

    /// <summary>
    /// Side of the network's images: the paper's, or that of smaller pictures, in steps of 32 pixels. Not under a quarter of
    /// the paper's: a 224-pixel network's last maps are single pixels then, and what it learns is worse, or nothing.
    /// </summary>
    /// <param name="paper">The paper's side.</param>
    /// <param name="least">The least that the network takes.</param>
    /// <param name="pictures">The pictures' shorter side.</param>
    public static int SideFor(int paper, int least, int pictures) =>
        Math.Min(paper, Math.Max(least, SideStep
            * Math.Max((int)Math.Ceiling(paper / 4.0 / SideStep), (int)Math.Round((double)pictures / SideStep))));

    /// <summary>How images are augmented; mirroring is decided when they are there.</summary>
    /// <param name="image">Size of the network's images.</param>
    /// <param name="pictures">The pictures' shorter side; null where it is not known: the network's.</param>
    public static ImageAugmentation Augmentation(ImageShape image, int? pictures) => Crops(image, pictures) with
    {
        Rotation = 15, Brightness = 0.2, Contrast = 0.2, Saturation = 0.2, Hue = 0.05,
    };

    /// <summary>The same without turns and colors, which may be what tells classes apart.</summary>
    public static ImageAugmentation Crops(ImageShape image, int? pictures)
    {
        int side = Math.Min(image.Height, image.Width);
        return (pictures ?? side) <= SmallSide ? new() { Scale = new(0.85, 1.15), Translation = 0.1 }
            : new ImageAugmentation { Area = new(0.5, 1) }.ForSide(side);
    }

    /// <summary>
    /// Enough passes over a small set for some thousand steps, and no fewer than some over a large one; with trained
    /// weights a third. The LeNets, which cost little, learn from four times as many: with ReLU 0.93 instead of 0.89 on
    /// 1,200 pictures.
    /// </summary>
    private static int EpochsFor(NetworkKind kind, int images, TrainingStart start)
    {
        (int passes, int least, int most) = start != TrainingStart.RandomWeights ? (30_000, 5, 60)
            : kind is NetworkKind.Shallow or NetworkKind.RadialBasis ? (360_000, 20, 600) : (90_000, 15, 200);
        return Math.Clamp((int)Math.Round((double)passes / images), least, most);
    }

    /// <summary>Training ends early when half of its epochs brought nothing: a schedule's descent comes late.</summary>
    private static EarlyStopping? Patience(NetworkKind kind, int epochs) =>
        kind == NetworkKind.RadialBasis ? null : new(Math.Max(10, (epochs + 1) / 2));

    private static float Rate(NetworkKind kind, TrainingStart start) => (kind, start) switch
    {
        (NetworkKind.RadialBasis, _) => 0.001f,
        (_, TrainingStart.TrainedBody) => 0.02f,
        (_, not TrainingStart.RandomWeights) => 0.01f,
        (NetworkKind.Normalized or NetworkKind.Shallow, _) => 0.05f,
        _ => 0.01f,
    };

    private static float AdaptiveRate(NetworkKind kind, Optimizer optimizer, TrainingStart start) => (kind, start) switch
    {
        (_, TrainingStart.TrainedBody) => 0.01f,
        (_, TrainingStart.TrainedBodyThenAll) => 0.003f, // of which the body gets a tenth
        (_, TrainingStart.TrainedWeights) => 0.0003f,
        (NetworkKind.Normalized, _) => optimizer is AdamWOptimizer ? 0.004f : 0.002f,
        _ => 0.001f,
    };

    private static bool IsAdaptive(Optimizer optimizer) =>
        optimizer is AdamOptimizer or AdamWOptimizer or NAdamOptimizer or RmsPropOptimizer;

    private static NetworkKind KindOf(CnnArchitecture network)
    {
        if (network.Output == OutputKind.RbfPenalty)
            return NetworkKind.RadialBasis;
        if (network.BuildGraph(2).Variables.Any(v => v.Role == VariableRole.Statistic))
            return NetworkKind.Normalized;
        return network.Depth <= ShallowDepth ? NetworkKind.Shallow : NetworkKind.Deep;
    }

    /// <summary>What decides which rates a network bears.</summary>
    private enum NetworkKind
    {
        /// <summary>Batch norms keep its activations in range.</summary>
        Normalized,
        /// <summary>A few layers without batch norms: the LeNets.</summary>
        Shallow,
        /// <summary>Many layers without batch norms.</summary>
        Deep,
        /// <summary>Distances of RBF units are some hundred times larger than cross-entropies.</summary>
        RadialBasis,
    }
}

/// <summary>What a training starts from, and what it trains.</summary>
internal enum TrainingStart
{
    /// <summary>All layers, from random weights.</summary>
    RandomWeights,
    /// <summary>All layers, from trained weights.</summary>
    TrainedWeights,
    /// <summary>The head on a trained body, then all layers.</summary>
    TrainedBodyThenAll,
    /// <summary>The head alone, on a trained body.</summary>
    TrainedBody,
}
