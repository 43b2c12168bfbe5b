namespace Microsoft.ML.CnnZoo;

/// <summary>The order of dimensions of an ONNX file's images.</summary>
public enum OnnxInputLayout
{
    /// <summary>[batch, channels, height, width]: usual in ONNX, the default.</summary>
    Nchw,
    /// <summary>[batch, height, width, channels].</summary>
    Nhwc,
}

/// <summary>How a trained network is written as ONNX.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>The order of the input's dimensions. Default: <see cref="OnnxInputLayout.Nchw"/>.</summary>
    public OnnxInputLayout InputLayout { get; init; }

    /// <summary>
    /// Whether the graph takes the values that the network's images have, pixels 0…255 in the order red, green, blue (or
    /// the floats of its column), and normalizes them itself. False: whoever runs it normalizes as the file's metadata
    /// says. Default: true.
    /// </summary>
    public bool NormalizesPixels { get; init; } = true;

    /// <summary>
    /// Whether batch norms become part of the convolutions before them, which is faster. False: all stay nodes of their
    /// own, as fine-tuning elsewhere needs them. Default: true.
    /// </summary>
    public bool FoldsBatchNorms { get; init; } = true;

    /// <summary>Name of the input. Default: <c>image</c>.</summary>
    public string InputName { get; init; } = "image";

    /// <summary>Name of the output [batch, classes], floats that sum to 1. Default: <c>probabilities</c>.</summary>
    public string ProbabilitiesName { get; init; } = "probabilities";

    /// <summary>
    /// Name of the output [batch], Int64: the number of the most probable class, from 0. Default: <c>class</c>.
    /// </summary>
    public string ClassName { get; init; } = "class";

    /// <summary>Throws if a value is out of its range.</summary>
    internal void Check()
    {
        if (!Enum.IsDefined(InputLayout))
            throw new ArgumentException($"The layout {InputLayout} does not exist.");
        string[] names = [InputName, ProbabilitiesName, ClassName];
        if (names.Any(string.IsNullOrWhiteSpace) || names.Distinct(StringComparer.Ordinal).Count() != names.Length)
            throw new ArgumentException(
                $"Input and outputs need names of their own; received '{string.Join("', '", names)}'.");
    }
}
