using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>A trained network with all that scoring needs: architecture, weights, preprocessing.</summary>
public sealed class CnnClassificationModel : IDisposable
{
    internal CnnClassificationModel(CnnArchitecture architecture, ImageShape image, int classes, bool takesFloats, ImageFit fit, PixelNormalization normalization, VariableStore weights, CnnPrecision precision,
        ImageShape? resizedImage = null, TestCrops testCrops = TestCrops.Center)
    {
        Architecture = architecture;
        Image = image;
        Classes = classes;
        TakesFloats = takesFloats;
        Fit = fit;
        Normalization = normalization;
        Weights = weights;
        Precision = precision;
        ResizedImage = resizedImage ?? image;
        TestCrops = testCrops;
    }

    /// <summary>The network.</summary>
    public CnnArchitecture Architecture { get; }
    /// <summary>Number of classes.</summary>
    public int Classes { get; }
    /// <summary>Size of the images that the network takes: parts of <see cref="ResizedImage"/>.</summary>
    public ImageShape Image { get; }
    /// <summary>Whether it was trained on a vector of floats, scaled by the pipeline, rather than on pixels 0…255.</summary>
    public bool TakesFloats { get; }
    /// <summary>How images of another shape are brought to the network's.</summary>
    public ImageFit Fit { get; }
    /// <summary>Size that images are scaled to before <see cref="TestCrops"/> are taken from them; the network's own unless it was trained on parts of larger images, or scores ten.</summary>
    public ImageShape ResizedImage { get; }
    /// <summary>What the network is shown of an image.</summary>
    public TestCrops TestCrops { get; }
    /// <summary>From pixels to what the network takes.</summary>
    public PixelNormalization Normalization { get; }
    /// <summary>The weights by name. Reading is safe from any thread; changing them while the transformer scores is not.</summary>
    internal VariableStore Weights { get; }

    /// <summary>In what numbers it scores, as chosen for training; the weights are 32-bit floats whatever it is.</summary>
    public CnnPrecision Precision { get; }

    internal ClassificationGraphs Graphs => new(Architecture, Image, Classes);

    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();
}
