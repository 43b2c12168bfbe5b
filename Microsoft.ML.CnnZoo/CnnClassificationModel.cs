using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Weights;

namespace Microsoft.ML.CnnZoo;

/// <summary>A trained network with all that scoring needs: architecture, weights, preprocessing.</summary>
public sealed class CnnClassificationModel : IDisposable
{
    internal CnnClassificationModel(
        CnnArchitecture architecture, ImageShape image, int classes, PixelNormalization normalization,
            VariableStore weights)
    {
        Architecture = architecture;
        Image = image;
        Classes = classes;
        Normalization = normalization;
        Weights = weights;
        ResizedImage = image;
    }

    /// <summary>The network.</summary>
    public CnnArchitecture Architecture { get; }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Size of the network's images: crops of <see cref="ResizedImage"/>.</summary>
    public ImageShape Image { get; }

    /// <summary>
    /// Whether it was trained on a vector of floats, scaled by the pipeline, rather than on pixels 0…255.
    /// </summary>
    public bool TakesFloats { get; internal init; }

    /// <summary>How images of another shape are brought to the network's.</summary>
    public ImageFit Fit { get; internal init; }

    /// <summary>
    /// Size that images are scaled to before <see cref="TestCrops"/> are taken from them; the network's own unless it
    /// was trained on crops of larger images, or scores ten.
    /// </summary>
    public ImageShape ResizedImage { get; internal init; }

    /// <summary>The crops of an image that are scored.</summary>
    public TestCrops TestCrops { get; internal init; }

    /// <summary>Most pixels, width times height, that an image may have; a larger one is bad.</summary>
    public long MaxImagePixels { get; internal init; } = ImageDecoder.DefaultMaxPixels;

    /// <summary>From pixels to the network's input.</summary>
    public PixelNormalization Normalization { get; }

    /// <summary>
    /// Numeric precision of scoring, as chosen for training; the weights are 32-bit floats in any case.
    /// </summary>
    public CnnPrecision Precision { get; internal init; }

    /// <summary>
    /// Share of each class in training, as the loss weighed them, in the order of the class names; empty where it is not
    /// known, as for models of earlier versions and imported networks.
    /// </summary>
    public IReadOnlyList<double> TrainingShares { get; internal init; } = [];

    /// <summary>What becomes of the probabilities before they are given out.</summary>
    internal DecisionRule Decision { get; set; } = DecisionRule.None;

    /// <summary>
    /// The weights by name. Reading is safe from any thread; changing them while the transformer scores is not.
    /// </summary>
    internal VariableStore Weights { get; }

    internal ClassificationGraphs Graphs => new(Architecture, Image, Classes);

    internal WeightsMetadata WeightsMetadata => new(Architecture.Name, Normalization, TakesFloats)
    {
        Epsilon = Architecture.BatchNormEpsilonOverride,
        TensorFlowPadding = Architecture.TensorFlowPadding,
    };

    /// <summary>
    /// Writes the weights as a safetensors file with the tensor names, shapes and layout of torchvision or timm.
    /// </summary>
    /// <remarks>
    /// The file's metadata holds the architecture's name and the pixel normalization, and epsilon and padding where
    /// they are not the network's own: <see cref="CnnWeights.Load"/> reads them.
    /// </remarks>
    /// <param name="path">The file to make; an existing one is replaced once the new one is complete.</param>
    /// <param name="precision">Element type in the file; Float32, the default, is exact.</param>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SaveWeights(string path, WeightsPrecision precision = WeightsPrecision.Float32)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SafetensorsWriter.Write(path, ReadTensors(), precision, WeightsMetadata.Write());
    }

    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();

    /// <summary>The network as one graph that holds its weights.</summary>
    /// <param name="normalizesPixels">
    /// Whether it takes images as this model does (pixels 0…255, or the floats of its column), and normalizes them.
    /// </param>
    /// <param name="foldsBatchNorms">Whether batch norms become part of the convolutions before them.</param>
    internal FrozenGraph Freeze(bool normalizesPixels, bool foldsBatchNorms) => FrozenGraph.Of(Architecture, Image,
        Classes, Weights, KernelSet.Shared, normalizesPixels ? Normalization : null, foldsBatchNorms, Decision.OnLogits);

    internal IReadOnlyList<NamedTensor> ReadTensors() =>
        new NetworkTensors(Architecture, Graphs.Scoring().Graph).Read(Weights);
}
