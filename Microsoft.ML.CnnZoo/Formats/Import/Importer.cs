using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>Makes an architecture of a network from a file.</summary>
internal static class Importer
{
    // Who multiplies values by more than this takes them as 0…1: pixels of 0…255 are scaled down.
    private const float GreatestScaleOfPixels = 1.5f;

    /// <summary>The presets, for messages.</summary>
    public const string Presets = "ImagePreprocessing.Torchvision, KerasCaffe, KerasTensorFlow, ZeroToOne or Raw";

    /// <summary>Makes an architecture.</summary>
    /// <param name="network">The network.</param>
    /// <param name="options">What the user says of it.</param>
    /// <exception cref="InvalidDataException">It is no classifier.</exception>
    public static ImportedArchitecture Import(FrozenNetwork network, CnnImportOptions options)
    {
        (GraphRequest request, ImagePreprocessing? inGraph) =
            InputPreprocessing.Extract(FrozenNetworkSimplifier.Simplify(network));
        (ImportedNetwork imported, IReadOnlyDictionary<string, TensorLiteral> values) =
            ImportedNetwork.Of(request, network.Origin, options);
        (ImagePreprocessing preprocessing, string reason, bool guessed) =
            Choose(network, options.Preprocessing, inGraph, imported.Image.Channels);
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(network.Origin));
        var architecture = new ImportedArchitecture(name, imported)
        {
            Labels = Labels(network, options, imported.Classes),
            Preprocessing = preprocessing,
            PreprocessingReason = reason,
            IsPreprocessingGuessed = guessed,
        };
        return architecture.WithWeights(options.KeepWeights
            ? new CnnWeights(new ImportedTensors(network.Origin, architecture, values)) : null);
    }

    private static IReadOnlyList<string>? Labels(FrozenNetwork network, CnnImportOptions options, int classes)
    {
        if (options.Labels is { } given)
            return given.Count == classes ? given : throw new ArgumentException(
                $"There are {given.Count} names of classes (CnnImportOptions.Labels); '{network.Origin}' has {classes} "
                + "classes.");
        return network.Labels?.Count == classes ? network.Labels : null;
    }

    private static (ImagePreprocessing Preprocessing, string Reason, bool Guessed) Choose(FrozenNetwork network,
        ImagePreprocessing? chosen, ImagePreprocessing? inGraph, int channels)
    {
        if ((chosen ?? network.Preprocessing) is { } before)
        {
            string reason = chosen is not null ? "as the import's options say" : $"as '{network.Origin}' states";
            return (inGraph is null ? Fit(before, channels) : Compose(Fit(before, channels), inGraph), reason, false);
        }
        if (inGraph is not null)
        {
            bool unit = inGraph.Normalization.Scale.Max() > GreatestScaleOfPixels;
            return (unit ? Compose(new(PixelNormalization.Uniform(channels, 1 / 255f, 0)), inGraph) : inGraph,
                $"as the first nodes of '{network.Origin}' have it{(unit ? ", for pixels of 0 to 1" : "")}", false);
        }
        bool channelsFirst = network.Input.Axes is [0, 3, 1, 2];
        ImagePreprocessing guess = channelsFirst ? ImagePreprocessing.Torchvision : ImagePreprocessing.KerasTensorFlow;
        return (Fit(guess, channels), $"'{network.Origin}' does not say what pixels it takes; taken is "
            + $"{(channelsFirst ? "Torchvision (ImageNet's mean and deviation, RGB)" : "KerasTensorFlow ([-1, 1], RGB)")}. "
            + $"Scores are wrong if it is another: state it by CnnImportOptions.Preprocessing ({Presets})",
            true);
    }

    /// <summary>A preset for three channels, for a network with one.</summary>
    private static ImagePreprocessing Fit(ImagePreprocessing preprocessing, int channels)
    {
        PixelNormalization n = preprocessing.Normalization;
        return n.Channels == channels ? preprocessing
            : preprocessing with { Normalization = PixelNormalization.Uniform(channels, n.Scale.Average(), n.Offset.Average()) };
    }

    /// <summary>First one, then the other, which sees the channels in the first one's order.</summary>
    private static ImagePreprocessing Compose(ImagePreprocessing first, ImagePreprocessing then)
    {
        bool swapped = first.Order == ChannelOrder.Bgr;
        PixelNormalization a = first.Normalization, b = then.Normalization;
        int last = a.Channels - 1;
        int Seen(int channel) => swapped ? last - channel : channel;
        return new(new(
            [.. a.Scale.Select((s, c) => s * b.Scale[Seen(c)])],
            [.. a.Offset.Select((o, c) => (o * b.Scale[Seen(c)]) + b.Offset[Seen(c)])]),
            (then.Order == ChannelOrder.Bgr) == swapped ? ChannelOrder.Rgb : ChannelOrder.Bgr);
    }
}
