using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

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
        ValuesKey = "pixel_values", OrderKey = "channel_order", EpsilonKey = "batch_norm_epsilon",
        PaddingKey = "padding", LabelsKey = "labels";
    private const string Floats = "float column", Bytes = "0-255", Reversed = "bgr", TensorFlow = "tensorflow";

    /// <summary>The order in which the network takes the colors.</summary>
    public ChannelOrder Order { get; init; }

    /// <summary>Batch normalization's epsilon if not the network's own.</summary>
    public float? Epsilon { get; init; }

    /// <summary>Whether strided layers have TensorFlow's SAME padding.</summary>
    public bool TensorFlowPadding { get; init; }

    /// <summary>Names of the classes, or null.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

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
        return new(architecture, normalization, source.Metadata.GetValueOrDefault(ValuesKey) == Floats)
        {
            Order = source.Metadata.GetValueOrDefault(OrderKey) == Reversed ? ChannelOrder.Bgr : ChannelOrder.Rgb,
            Epsilon = source.Metadata.TryGetValue(EpsilonKey, out string? epsilon)
                ? Numbers(source, epsilon) is [> 0 and float e] ? e : throw Damaged(source, epsilon) : null,
            TensorFlowPadding = source.Metadata.GetValueOrDefault(PaddingKey) == TensorFlow,
            Labels = ReadLabels(source),
        };
    }

    /// <summary>Names of the classes in a file's metadata: a JSON array under <c>labels</c>; or null.</summary>
    public static IReadOnlyList<string>? ReadLabels(ITensorSource source)
    {
        try
        {
            return source.Metadata.TryGetValue(LabelsKey, out string? labels)
                ? JsonSerializer.Deserialize<string[]>(labels) : null;
        }
        catch (JsonException)
        {
            return null;
        }
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
        if (Order == ChannelOrder.Bgr)
            text[OrderKey] = Reversed;
        if (Epsilon is float epsilon)
            text[EpsilonKey] = epsilon.ToString("r", CultureInfo.InvariantCulture);
        if (TensorFlowPadding)
            text[PaddingKey] = TensorFlow;
        if (Labels is not null)
            text[LabelsKey] = JsonSerializer.Serialize(Labels);
        return text;
    }

    private static ImmutableArray<float> Numbers(ITensorSource source, string text) =>
        [.. text.Split(' ').Select(t => float.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture,
            out float value)
            && float.IsFinite(value) ? value : throw Damaged(source, text))];

    private static InvalidDataException Damaged(ITensorSource source, string text) =>
        new($"'{source.Origin}': its metadata has the number '{text}'; "
            + "expected finite numbers, of pixel scale and offset one per channel.");
}
