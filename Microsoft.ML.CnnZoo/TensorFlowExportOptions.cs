namespace Microsoft.ML.CnnZoo;

/// <summary>How a trained network is written for TensorFlow.</summary>
public sealed record TensorFlowExportOptions
{
    /// <summary>
    /// Whether the graph takes the values that the network's images have, pixels 0…255 in the order red, green, blue
    /// (or the floats of its column), and normalizes them itself. False: whoever runs it multiplies and adds what
    /// <see cref="CnnClassificationModel.Normalization"/> says. Default: true.
    /// </summary>
    public bool NormalizesPixels { get; init; } = true;

    /// <summary>
    /// Whether batch norms become part of the convolutions before them, which is faster. False: all stay nodes of their
    /// own, as fine-tuning elsewhere needs them. Default: true.
    /// </summary>
    public bool FoldsBatchNorms { get; init; } = true;
}
