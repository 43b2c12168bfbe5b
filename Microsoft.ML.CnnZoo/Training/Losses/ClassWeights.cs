using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// How much the images of each class count in the training loss: more for rare classes, so that frequent ones do not
/// decide alone. Validation counts every image the same.
/// </summary>
/// <remarks>
/// A batch's loss is Σ wᵢ·lossᵢ / Σ wᵢ, as in PyTorch: only the weights' ratios matter. With
/// <see cref="DivideByCount"/> it is divided by the number of images, as in Keras: batches with more weight move the
/// network further.
/// </remarks>
public sealed record ClassWeights
{
    private readonly ImmutableDictionary<string, float> _byName = ImmutableDictionary<string, float>.Empty;
    private readonly ImmutableArray<float> _byIndex = [];

    private ClassWeights() { }

    /// <summary>n / (K · nₖ) for a class with nₖ of the n training images of K classes, as in scikit-learn.</summary>
    public static ClassWeights Balanced { get; } = new();

    /// <summary>Given weights.</summary>
    /// <param name="weights">Class names, as the label column has them, and weights, > 0; classes that are not among
    /// them weigh 1.</param>
    public static ClassWeights Of(IReadOnlyDictionary<string, float> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentOutOfRangeException.ThrowIfZero(weights.Count);
        return new(weights.ToImmutableDictionary(StringComparer.Ordinal));
    }

    /// <summary>Given weights.</summary>
    /// <param name="weights">One for each class, in the order of the label's keys, > 0.</param>
    public static ClassWeights Of(params ImmutableArray<float> weights)
    {
        ArgumentOutOfRangeException.ThrowIfZero(weights.Length);
        return new(weights);
    }

    /// <summary>Whether a batch's loss is divided by the number of its images instead of the sum of their weights.
    /// Default: false.</summary>
    public bool DivideByCount { get; init; }

    private ClassWeights(ImmutableDictionary<string, float> byName) => _byName = byName;

    private ClassWeights(ImmutableArray<float> byIndex) => _byIndex = byIndex;

    private IEnumerable<float> Given => _byName.Values.Concat(_byIndex);

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A weight is out of its range.</exception>
    internal void Check()
    {
        foreach (float weight in Given)
            OptionRange.RequirePositive(weight, "A weight of Options.ClassWeights");
    }

    /// <summary>The weight of each class.</summary>
    /// <param name="names">The classes' names.</param>
    /// <param name="labels">The labels of the training images, for balanced weights.</param>
    /// <exception cref="ArgumentOutOfRangeException">A class is unknown, or there are more or fewer weights than
    /// classes.</exception>
    internal LossWeights Resolve(IReadOnlyList<string> names, IReadOnlyList<int> labels)
    {
        if (!Given.Any())
            return new(BalancedFor(names.Count, labels), DivideByCount);
        if (_byName.Keys.Except(names, StringComparer.Ordinal).FirstOrDefault() is { } unknown)
            OptionRange.Require(false, "A class of Options.ClassWeights", $"'{unknown}'",
                $"one of {string.Join(", ", names)}");
        if (!_byName.IsEmpty)
            return new([.. names.Select(n => _byName.GetValueOrDefault(n, 1))], DivideByCount);
        OptionRange.Require(_byIndex.Length == names.Count, "Options.ClassWeights",
            $"{_byIndex.Length} weights", $"one for each of the {names.Count} classes");
        return new([.. _byIndex], DivideByCount);
    }

    private static float[] BalancedFor(int classes, IReadOnlyList<int> labels)
    {
        var counts = new int[classes];
        foreach (int label in labels)
            counts[label]++;
        int present = counts.Count(c => c > 0);
        return Array.ConvertAll(counts, c => c == 0 ? 1 : (float)((double)labels.Count / present / c));
    }
}
