using System.Text.Encodings.Web;
using System.Text.Json;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>What our ONNX files say about themselves, in <c>metadata_props</c>; <see cref="OnnxMetadata"/> reads it.</summary>
internal static class OnnxDescription
{
    /// <summary>Key of the class names: a JSON array of texts, in the order of the probabilities.</summary>
    public const string Classes = "classes";

    /// <summary>
    /// Key of what pixels become before the graph: a JSON object with <c>resize</c> (height, width, fit), <c>crop</c>
    /// (height, width, crops), <c>channels</c> (RGB or gray), <c>values</c> (pixels or floats), <c>scale</c>,
    /// <c>offset</c> and <c>mean</c> per channel (value · scale + offset = (value − mean) · scale), and
    /// <c>normalized_in_graph</c>: whether the graph does that itself.
    /// </summary>
    public const string Preprocessing = "preprocessing";

    /// <summary>Key of the architecture's name.</summary>
    public const string Network = "network";

    /// <summary>Key of the version of this package.</summary>
    public const string Version = "version";

    // ONNX's own keys for images: docs/MetadataProps.md of the specification.
    private const string PixelFormat = "Image.BitmapPixelFormat", PixelRange = "Image.NominalPixelRange";

    // Names keep their letters.
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The entries for a model.</summary>
    public static Dictionary<string, string> Of(CnnClassificationModel model, IReadOnlyList<string> classNames,
        OnnxExportOptions options, string version)
    {
        PixelNormalization normalization = model.Normalization;
        var entries = new Dictionary<string, string>
        {
            [Network] = model.Architecture.Name,
            [Version] = version,
            [Classes] = JsonSerializer.Serialize(classNames, Json),
            [Preprocessing] = JsonSerializer.Serialize(new
            {
                resize = new { height = model.ResizedImage.Height, width = model.ResizedImage.Width,
                    fit = model.Fit.ToString() },
                crop = new { height = model.Image.Height, width = model.Image.Width, crops = model.TestCrops.ToString() },
                channels = model.Image.Channels == 1 ? "gray" : "RGB",
                values = model.TakesFloats ? "floats" : "pixels",
                scale = normalization.Scale,
                offset = normalization.Offset,
                mean = normalization.Scale.Zip(normalization.Offset, (s, o) => s == 0 || o == 0 ? 0 : -o / s),
                normalized_in_graph = options.NormalizesPixels,
            }, Json),
        };
        if (options.NormalizesPixels && !model.TakesFloats)
        {
            entries[PixelFormat] = model.Image.Channels == 1 ? "Gray8" : "Rgb8";
            entries[PixelRange] = "NominalRange_0_255";
        }
        return entries;
    }
}
