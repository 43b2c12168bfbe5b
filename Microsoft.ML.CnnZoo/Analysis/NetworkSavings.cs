using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Analysis;

/// <summary>What a part of a network costs.</summary>
/// <param name="Form">Its form, for example <c>3x3, 3x3</c>.</param>
/// <param name="Parameters">Trainable parameters.</param>
/// <param name="MultiplyAdds">Multiply-adds for one image.</param>
/// <param name="ReceptiveField">Pixels of the image along one side that an output sees.</param>
internal sealed record PartCost(string Form, long Parameters, long MultiplyAdds, int ReceptiveField);

/// <summary>The same part in a costly and in a lean form, both counted from graphs.</summary>
/// <param name="Part">What is compared, for example <c>inception_3a</c>.</param>
/// <param name="Costly">The form that was improved on.</param>
/// <param name="Lean">The form that came after it.</param>
internal sealed record PartSaving(string Part, PartCost Costly, PartCost Lean)
{
    /// <summary>Share of the parameters that the lean form saves, at most 1.</summary>
    public double ParametersSaved => 1 - ((double)Lean.Parameters / Costly.Parameters);

    /// <summary>Share of the multiply-adds that the lean form saves, at most 1.</summary>
    public double MultiplyAddsSaved => 1 - ((double)Lean.MultiplyAdds / Costly.MultiplyAdds);
}

/// <summary>
/// What two ideas save: 1×1 convolutions before wide ones, and stacked 3×3 convolutions in place of a large one.
/// </summary>
internal static class NetworkSavings
{
    /// <summary>
    /// The inception modules of GoogLeNet, naive (figure 2a) and with 1×1 reductions (figure 2b), and all of them
    /// together. Szegedy et al. 2014, arXiv:1409.4842.
    /// </summary>
    /// <remarks>
    /// Both networks are counted whole: from the second module on a naive one reads more channels, for it cannot narrow
    /// what its pool passes on.
    /// </remarks>
    public static IReadOnlyList<PartSaving> InceptionModules()
    {
        List<PartCost> naive = Modules(GoogLeNet.Naive, "naive", out List<string> names),
            reduced = Modules(GoogLeNet.Original, "reduced", out _);
        return [.. names.Select((name, i) => new PartSaving(name, naive[i], reduced[i])),
            new("all modules", Total(naive), Total(reduced))];
    }

    /// <summary>
    /// Two and three stacked 3×3 convolutions against one 5×5 and one 7×7 with the same receptive field. Simonyan,
    /// Zisserman 2014, arXiv:1409.1556, §2.3.
    /// </summary>
    /// <param name="channels">Channels in and out of every convolution, ≥ 1; no biases, as the paper counts.</param>
    /// <param name="size">Height and width of the image, ≥ 1.</param>
    public static IReadOnlyList<PartSaving> StackedConvolutions(int channels = 256, int size = 56) =>
    [
        new("two 3x3 for 5x5", Stack([5], channels, size), Stack([3, 3], channels, size)),
        new("three 3x3 for 7x7", Stack([7], channels, size), Stack([3, 3, 3], channels, size)),
    ];

    private static PartCost Stack(int[] kernels, int channels, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        var g = new GraphBuilder(GraphMode.Inference);
        NodeOutput x = g.Placeholder("image", DataType.Float,
            new TensorShape(TensorShape.Unknown, size, size, channels));
        for (int i = 0; i < kernels.Length; i++)
            x = g.Conv2D(x, channels, kernels[i], Padding.Same, $"conv{i + 1}", options: Conv2DOptions.NoBias);
        return Cost(string.Join(", ", kernels.Select(k => $"{k}x{k}")), NetworkSummary.LayersOf(g.ToGraph()));
    }

    private static List<PartCost> Modules(CnnArchitecture network, string form, out List<string> names)
    {
        var modules = NetworkSummary.Of(network, classes: 1000).Layers.Where(l =>
            l.Name.StartsWith("inception_", StringComparison.Ordinal))
            .GroupBy(l => l.Name.Split('/')[0], StringComparer.Ordinal).ToList();
        names = [.. modules.Select(m => m.Key)];
        return [.. modules.Select(m => Cost(form, m))];
    }

    private static PartCost Cost(string form, IEnumerable<LayerSummary> layers) =>
        new(form, layers.Sum(l => l.Parameters), layers.Sum(l => l.MultiplyAdds),
            layers.Max(l => l.ReceptiveField?.Size ?? 0));

    private static PartCost Total(List<PartCost> parts) =>
        new(parts[0].Form, parts.Sum(p => p.Parameters), parts.Sum(p => p.MultiplyAdds),
        parts.Max(p => p.ReceptiveField));
}
