using Microsoft.ML.CnnZoo.Explain;
using Microsoft.ML.CnnZoo.Files;

namespace Microsoft.ML.CnnZoo;

/// <summary>What a network saw in an image: numbers, and a picture of them.</summary>
public sealed class CnnExplanation
{
    private const int DefaultSide = 224;
    private readonly Func<int, byte[]> _draw;

    internal CnnExplanation(ExplanationMethod method, ClassProbability explained, HeatMap map, Func<int, byte[]> draw)
    {
        (Method, ClassName, Probability) = (method, explained.Label, explained.Probability);
        (Layer, Width, Height, Values) = (map.Layer, map.Width, map.Height, Array.AsReadOnly(map.Values));
        _draw = draw;
    }

    /// <summary>How it was made.</summary>
    public ExplanationMethod Method { get; }

    /// <summary>The class that is explained.</summary>
    public string ClassName { get; }

    /// <summary>How probable the network finds that class, as <c>Classify</c> says.</summary>
    public float Probability { get; }

    /// <summary>The node whose feature maps are explained; empty where no layer matters.</summary>
    public string Layer { get; }

    /// <summary>
    /// Columns of <see cref="Values"/>: of the layer's feature maps for Grad-CAM and feature maps, the places of the square
    /// for occlusion, else the network's image.
    /// </summary>
    public int Width { get; }

    /// <summary>Rows of <see cref="Values"/>.</summary>
    public int Height { get; }

    /// <summary>
    /// The numbers, row by row, not scaled. They lie over the part of the image that the network reads, which is the center
    /// crop of a model that scores ten. Grad-CAM: ≥ 0, its negative values cut. Saliency, SmoothGrad: ≥ 0, of the logit by
    /// the normalized pixel. Occlusion: the fall of the probability, in [-1, 1]. Deconvnet: largest absolute value over the
    /// channels of the strongest map's projection. FeatureMaps: the strongest map.
    /// </summary>
    public IReadOnlyList<float> Values { get; }

    /// <summary>
    /// A picture as PNG: for Grad-CAM, saliency, SmoothGrad and occlusion the image under the heat map, blue for nothing, red
    /// for the most; for the others a sheet of maps or projections with their numbers.
    /// </summary>
    /// <param name="side">Pixels of the image's longer side, 16 to 4096; of a sheet about as many. Default: 224.</param>
    public byte[] ToPng(int side = DefaultSide)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(side, 4096);
        return _draw(side);
    }

    /// <summary>Writes the picture.</summary>
    /// <param name="path">The file to make; an existing one is replaced once the new one is complete.</param>
    /// <param name="side">Pixels of the image's longer side, 16 to 4096. Default: 224.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void SavePng(string path, int side = DefaultSide)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] png = ToPng(side);
        CompleteFile.Write(path, stream => stream.Write(png));
    }
}
