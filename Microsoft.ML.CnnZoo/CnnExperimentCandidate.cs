using System.Globalization;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// What an experiment tries: a network, what it starts from, and settings that decide much. Settings that are null are
/// those of <see cref="CnnExperimentOptions.Trainer"/>, and where these are null, too, the trainer's own.
/// </summary>
public sealed record CnnExperimentCandidate
{
    /// <summary>The network, one of <see cref="CnnArchitectures"/> or an imported one.</summary>
    public required CnnArchitecture Architecture { get; init; }

    /// <summary>Size of its images; null: the trainer chooses by network and pictures. Default: null.</summary>
    public ImageShape? NetworkInput { get; init; }

    /// <summary>Weights to start from, which stay the caller's; null: random ones. Default: null.</summary>
    public CnnWeights? InitialWeights { get; init; }

    /// <summary>Which layers are trained. Default: AllLayers.</summary>
    public FineTuning FineTuning { get; init; } = FineTuning.AllLayers;

    /// <summary>Learning rate, > 0; null: one that suits. Default: null.</summary>
    public float? LearningRate { get; init; }

    /// <summary>How images are augmented; null: as the trainer's options say. Default: null.</summary>
    public ImageAugmentation? Augmentation { get; init; }

    /// <summary>
    /// The candidates for pictures of a size, what an experiment tries when it is given none. Up to 40 pixels: LeNet-5 with
    /// ReLU, ResNet-20 and DenseNet-BC-40. Larger ones: SqueezeNet 1.1, MobileNetV2 and ResNet-18 at 128 pixels (or less, where
    /// the pictures are smaller), ResNet-18 for pictures of 160 pixels or more also at its paper's size. Two more: the ResNet at
    /// twice its learning rate, and LeNet-5 or ResNet-18 with crops alone, neither rotated nor mirrored nor with other colors,
    /// for classes that differ in direction or color. None is without augmentation: it would lead in the first epochs, by
    /// which candidates are chosen, and be behind in the end. All start from random weights: append
    /// candidates with weights of your own.
    /// </summary>
    /// <param name="shorterSide">The pictures' shorter side in pixels, ≥ 1.</param>
    public static IReadOnlyList<CnnExperimentCandidate> ForPictures(int shorterSide)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shorterSide, 1);
        if (shorterSide <= TrainingRecipe.SmallSide)
        {
            CnnExperimentCandidate small = new() { Architecture = CnnArchitectures.LeNet5Relu },
                residual = new() { Architecture = CnnArchitectures.ResNet20Cifar };
            return
            [
                small, Cropped(small, shorterSide), residual, Faster(residual),
                new() { Architecture = CnnArchitectures.DenseNetBC40K12Cifar },
            ];
        }
        ImageShape? reduced = shorterSide >= ReducedSide ? new ImageShape(ReducedSide, ReducedSide, 3) : null;
        CnnExperimentCandidate deep = new() { Architecture = CnnArchitectures.ResNet18, NetworkInput = reduced };
        IEnumerable<CnnExperimentCandidate> full = shorterSide >= FullSide ? [deep with { NetworkInput = null }] : [];
        return
        [
            new() { Architecture = CnnArchitectures.SqueezeNet11, NetworkInput = reduced },
            new() { Architecture = CnnArchitectures.MobileNetV2, NetworkInput = reduced },
            deep, Faster(deep), Cropped(deep, shorterSide), .. full,
        ];
    }

    private const int ReducedSide = 128, FullSide = 160;

    /// <summary>At twice the rate that suits most data: with few epochs, or few images, some networks get further by it.</summary>
    private static CnnExperimentCandidate Faster(CnnExperimentCandidate candidate) => candidate with
    {
        LearningRate = 2 * TrainingRecipe.For(candidate.Architecture,
            TrainingRecipe.OptimizerFor(candidate.Architecture, TrainingStart.RandomWeights), TrainingStart.RandomWeights, images: 1)
                .LearningRate,
    };

    private static CnnExperimentCandidate Cropped(CnnExperimentCandidate candidate, int pictures) => candidate with
    {
        Augmentation = TrainingRecipe.Crops(candidate.NetworkInput ?? candidate.Architecture.DefaultInput, pictures),
    };

    /// <summary>What is set apart from the network, in words: <c>rate 0.008, augmentation none</c>.</summary>
    public string Settings
    {
        get
        {
            List<string> parts = [];
            if (NetworkInput is { } image)
                parts.Add($"images {image}");
            if (InitialWeights is { } weights)
                parts.Add($"weights {Path.GetFileName(weights.Source)}");
            if (FineTuning != FineTuning.AllLayers)
                parts.Add(FineTuning.ToString());
            if (LearningRate is { } rate)
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"rate {rate:g3}"));
            if (Augmentation is { } augmentation)
                parts.Add($"augmentation {augmentation.Describe()}");
            return parts.Count == 0 ? "recipe" : string.Join(", ", parts);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Architecture.DisplayName} ({Settings})";
}
