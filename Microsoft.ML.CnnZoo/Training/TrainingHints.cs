namespace Microsoft.ML.CnnZoo.Training;

/// <summary>What a training's course tells about its settings.</summary>
internal static class TrainingHints
{
    private const double FarAhead = 0.15, NearChance = 1.2;
    private const int EnoughEpochs = 10;

    /// <summary>Hints for the log; none where all is well.</summary>
    /// <param name="result">The training.</param>
    /// <param name="network">Its network.</param>
    /// <param name="classes">Number of classes.</param>
    public static IEnumerable<string> Of(TrainingResult result, CnnArchitecture network, int classes)
    {
        if (result.History is not [.., { } last] || result.Best is not { } best)
            yield break;
        if (best.ValidationAccuracy is { } validation && best.Accuracy - validation > FarAhead)
            yield return FormattableString.Invariant($"Training accuracy {best.Accuracy:f3} is far ahead of validation's ")
                + FormattableString.Invariant($"{validation:f3}: the network learns its images by heart. More images, ")
                + "pretrained weights (Options.InitialWeights), stronger augmentation or weight decay help.";
        if (last.Epoch >= EnoughEpochs && Math.Max(last.Accuracy, best.ValidationAccuracy ?? 0) < NearChance / classes)
            yield return $"{network.DisplayName} is still near chance, {1.0 / classes:f3}, after {last.Epoch} epochs: "
                + "look at the labels, train longer, try Options.FindLearningRate, or another network: one with batch "
                + "normalization (resnet20_cifar, resnet18) or ReLUs (lenet5_relu) learns sooner.";
    }
}
