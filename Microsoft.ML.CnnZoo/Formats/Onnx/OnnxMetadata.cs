using System.Globalization;
using System.Text.Json;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>What an ONNX file says beside its graph.</summary>
internal static class OnnxMetadata
{
    /// <summary>Class names; null where there are none.</summary>
    public static string[]? Labels(ModelProto model)
    {
        if (Find(model, "classes") is not { } text)
            return null;
        try
        {
            return JsonSerializer.Deserialize<string[]>(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// ONNX's image metadata (Image.BitmapPixelFormat, Image.NominalPixelRange), which Custom Vision writes; null where
    /// the file says nothing.
    /// </summary>
    public static ImagePreprocessing? Preprocessing(ModelProto model, ValueInfoProto input, string origin)
    {
        string? format = Find(model, "Image.BitmapPixelFormat"), range = Find(model, "Image.NominalPixelRange");
        if (format is null && range is null)
            return null;
        ImagePreprocessing scaling = range switch
        {
            null or "NominalRange_0_255" => ImagePreprocessing.Raw,
            "Normalized_0_1" => ImagePreprocessing.ZeroToOne,
            "Normalized_1_1" => ImagePreprocessing.KerasTensorFlow,
            _ => throw new InvalidDataException($"'{origin}': '{input.Name}' takes pixels of the range '{range}', which is "
                + "not supported; state the preprocessing in the options."),
        };
        return scaling with
        {
            Order = format?.StartsWith("Bgr", StringComparison.OrdinalIgnoreCase) == true ? ChannelOrder.Bgr : ChannelOrder.Rgb,
        };
    }

    private static string? Find(ModelProto model, string key) =>
        model.MetadataProps.FirstOrDefault(p => string.Equals(p.Key, key, StringComparison.OrdinalIgnoreCase))?.Value;
}
