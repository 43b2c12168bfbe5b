using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Explain;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo;

/// <content>What the network saw in an image.</content>
public sealed partial class CnnClassificationTransformer
{
    /// <summary>
    /// Explains what the network sees in an encoded image: the contents of a PNG, JPEG, WebP, BMP, GIF, ICO or WBMP file.
    /// Safe to call from many threads at a time.
    /// </summary>
    /// <remarks>
    /// Gradients are computed in 32-bit floats, whatever the precision of scoring. Plans of up to eight methods and layers
    /// are kept for later calls.
    /// </remarks>
    /// <param name="encodedImage">The file's bytes.</param>
    /// <param name="options">Method, class and layer; null: Grad-CAM of the most probable class at the last feature maps.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range, or there is no such class or layer: the
    /// message names those that are most like it.</exception>
    /// <exception cref="InvalidDataException">The image cannot be decoded; the message says why.</exception>
    /// <exception cref="InvalidOperationException">The network was trained on vectors of floats.</exception>
    /// <exception cref="GraphException">The network has an op without a gradient between class and layer.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public CnnExplanation Explain(ReadOnlySpan<byte> encodedImage, CnnExplanationOptions? options = null) =>
        Explainer.Explain(encodedImage.ToArray(), options ?? new(), name: null);

    /// <summary>Explains what the network sees in an image file. Safe to call from many threads at a time.</summary>
    /// <param name="path">The file: PNG, JPEG, WebP, BMP, GIF, ICO or WBMP.</param>
    /// <param name="options">Method, class and layer; null: Grad-CAM of the most probable class at the last feature maps.</param>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Reading it is not permitted, or the path is a folder's.</exception>
    /// <inheritdoc cref="Explain(ReadOnlySpan{byte}, CnnExplanationOptions?)"/>
    public CnnExplanation Explain(string path, CnnExplanationOptions? options = null) =>
        Explainer.Explain(File.ReadAllBytes(path), options ?? new(), path);

    /// <summary>
    /// Explains what the network sees in a decoded image, which stays the caller's. Safe to call from many threads at a time.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="options">Method, class and layer; null: Grad-CAM of the most probable class at the last feature maps.</param>
    /// <inheritdoc cref="Explain(ReadOnlySpan{byte}, CnnExplanationOptions?)"/>
    public CnnExplanation Explain(MLImage image, CnnExplanationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Explainer.Explain(image, options ?? new());
    }

    /// <summary>
    /// Draws the filters of the first convolution as PNG, in the order of its channels: gray is 0, and each is drawn from
    /// minus to plus its largest absolute weight.
    /// </summary>
    /// <param name="side">About how many pixels the picture has in width. Default: 480.</param>
    /// <exception cref="InvalidOperationException">No convolution reads all of the image's channels.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public byte[] DrawFilters(int side = 480)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 16);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(side, 4096);
        using IDisposable hold = Scorer.Hold();
        NodeDef first = Model.Graphs.Scoring().Graph.Nodes.FirstOrDefault(n => n.Op == "Conv2D")
            ?? throw new InvalidOperationException($"{Model.Architecture.DisplayName} has no convolution.");
        TensorShape shape = first.Inputs[1].Shape;
        NodeDef read = first.Inputs[1].Node;
        if (read.Op != "ReadVariableOp" || shape[2] != Model.Image.Channels || shape[2] is not (1 or 3))
            throw new InvalidOperationException($"The filters of {first} cannot be drawn: they have {shape[2]} channels, the "
                + $"image has {Model.Image.Channels}; expected 1 or 3 as the image has.");
        Variable kernel = Model.Weights[read.Inputs[0].Node.Name];
        return FeatureMapSheet.Filters(kernel.Values<float>(), new ImageShape(shape[0], shape[1], shape[2]), side);
    }

    private ImageExplainer Explainer
    {
        get
        {
            Scorer.CheckAlive();
            return _explainer.Value;
        }
    }
}
