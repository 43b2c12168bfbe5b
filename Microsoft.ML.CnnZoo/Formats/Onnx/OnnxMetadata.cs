using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>What an ONNX file says beside its graph.</summary>
internal static class OnnxMetadata
{
    /// <summary>Class names; null where there are none.</summary>
    public static string[]? Labels(ModelProto model)
    {
        if (Find(model, OnnxDescription.Classes) is not { } text)
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
    /// What our files state of pixels that are normalized before the graph; else ONNX's image metadata
    /// (Image.BitmapPixelFormat, Image.NominalPixelRange), which Custom Vision writes, too. Null where the file says
    /// nothing.
    /// </summary>
    public static ImagePreprocessing? Preprocessing(ModelProto model, ValueInfoProto input, string origin)
    {
        if (Find(model, OnnxDescription.Preprocessing) is { } own && OfOurs(own) is { } stated)
            return stated;
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

    private static ImagePreprocessing? OfOurs(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("normalized_in_graph", out JsonElement inGraph)
                || inGraph.GetBoolean() || root.GetProperty("values").GetString() != "pixels")
                return null;
            var normalization = new PixelNormalization(Numbers(root, "scale"), Numbers(root, "offset"));
            return normalization.IsFinite && normalization.Channels is 1 or 3
                && normalization.Offset.Length == normalization.Channels ? new(normalization) : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null; // another program's key of that name
        }
    }

    private static ImmutableArray<float> Numbers(JsonElement root, string name) =>
        [.. root.GetProperty(name).EnumerateArray().Select(v => v.GetSingle())];

    private static string? Find(ModelProto model, string key) =>
        model.MetadataProps.FirstOrDefault(p => string.Equals(p.Key, key, StringComparison.OrdinalIgnoreCase))?.Value;
}
