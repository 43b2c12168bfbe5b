using System.Collections.Immutable;
using System.Globalization;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>
/// What a file of weights says of them besides the tensors: the architecture, and what pixels become before it.
/// </summary>
/// <param name="Architecture">The architecture's name.</param>
/// <param name="Normalization">What pixels become.</param>
/// <param name="FromFloats">Whether the network was trained on a column of floats, scaled by the pipeline.</param>
internal sealed record WeightsMetadata(string Architecture, PixelNormalization? Normalization, bool FromFloats)
{
    private const string ArchitectureKey = "architecture", ScaleKey = "pixel_scale", OffsetKey = "pixel_offset",
        ValuesKey = "pixel_values";
    private const string Floats = "float column", Bytes = "0-255";

    /// <summary>Reads a file's metadata; null where the file is not ours.</summary>
    /// <exception cref="InvalidDataException">Numbers cannot be read.</exception>
    public static WeightsMetadata? Read(ITensorSource source)
    {
        if (!source.Metadata.TryGetValue(ArchitectureKey, out string? architecture))
            return null;
        PixelNormalization? normalization = null;
        if (source.Metadata.TryGetValue(ScaleKey, out string? scale)
            && source.Metadata.TryGetValue(OffsetKey, out string? offset))
        {
            normalization = new(Numbers(source, scale), Numbers(source, offset));
            if (normalization.Scale.Length != normalization.Offset.Length)
                throw Damaged(source, $"{scale} and {offset}");
        }
        return new(architecture, normalization, source.Metadata.GetValueOrDefault(ValuesKey) == Floats);
    }

    /// <summary>As text, with PyTorch's mark.</summary>
    public Dictionary<string, string> Write()
    {
        var text = new Dictionary<string, string> { ["format"] = "pt", [ArchitectureKey] = Architecture };
        if (Normalization is { } n)
        {
            text[ScaleKey] = string.Join(' ', n.Scale.Select(v => v.ToString("r", CultureInfo.InvariantCulture)));
            text[OffsetKey] = string.Join(' ', n.Offset.Select(v => v.ToString("r", CultureInfo.InvariantCulture)));
            text[ValuesKey] = FromFloats ? Floats : Bytes;
        }
        return text;
    }

    private static ImmutableArray<float> Numbers(ITensorSource source, string text) =>
        [.. text.Split(' ').Select(t => float.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture,
            out float value)
            && float.IsFinite(value) ? value : throw Damaged(source, text))];

    private static InvalidDataException Damaged(ITensorSource source, string text) =>
        new($"'{source.Origin}': its metadata has the pixel scale or offset '{text}'; "
            + "expected finite numbers, one per channel.");
}
