using System.Text.Json;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>
/// What a file of weights says of itself: in its metadata, and in transformers' <c>config.json</c> and
/// <c>preprocessor_config.json</c> beside it.
/// </summary>
internal sealed record WeightsFacts
{
    private const long MaxBytes = 1 << 24;

    /// <summary>Whether we wrote the file: its tensors have our names of PyTorch's libraries.</summary>
    public bool IsOurs { get; init; }

    /// <summary>Names of the classes, or null.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>What pixels become, or null.</summary>
    public ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>Where that was found, for people.</summary>
    public string? Origin { get; init; }

    /// <summary>Batch normalization's epsilon, or null.</summary>
    public float? Epsilon { get; init; }

    /// <summary>Whether strided layers have TensorFlow's SAME padding; null where nothing is said.</summary>
    public bool? TensorFlowPadding { get; init; }

    /// <summary>Whether bottlenecks stride in their first 1x1.</summary>
    public bool StridesInFirst { get; init; }

    /// <summary>Reads them.</summary>
    /// <exception cref="InvalidDataException">The metadata or one of the files cannot be read.</exception>
    public static WeightsFacts Read(ITensorSource source)
    {
        if (WeightsMetadata.Read(source) is { } own)
            return new WeightsFacts
            {
                IsOurs = true,
                Labels = own.Labels,
                Preprocessing = own.Normalization is { } n && !own.FromFloats ? new(n, own.Order) : null,
                Origin = "the file's metadata",
                Epsilon = own.Epsilon,
                TensorFlowPadding = own.TensorFlowPadding ? true : null,
            };
        var facts = new WeightsFacts { Labels = WeightsMetadata.ReadLabels(source) };
        if (!File.Exists(source.Origin))
            return facts;
        string folder = Path.GetDirectoryName(Path.GetFullPath(source.Origin))!;
        facts = Parse(Path.Combine(folder, "config.json"), facts, FromConfiguration);
        return Parse(Path.Combine(folder, "preprocessor_config.json"), facts, FromPreprocessor);
    }

    private static WeightsFacts Parse(string path, WeightsFacts facts,
        Func<WeightsFacts, JsonElement, WeightsFacts> read)
    {
        if (!File.Exists(path))
            return facts;
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
                throw new JsonException($"longer than {MaxBytes} bytes");
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object ? read(facts, document.RootElement) : facts;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{path}' beside the weights cannot be read: {e.Message}", e);
        }
    }

    /// <summary>transformers' and timm's config.json.</summary>
    private static WeightsFacts FromConfiguration(WeightsFacts facts, JsonElement config)
    {
        if (config.TryGetProperty("id2label", out JsonElement labels) && labels.ValueKind == JsonValueKind.Object)
            facts = facts with { Labels = Ordered(labels) ?? facts.Labels };
        else if (config.TryGetProperty("label_names", out labels) && labels.ValueKind == JsonValueKind.Array)
            facts = facts with { Labels = [.. labels.EnumerateArray().Select(l => l.ToString())] };
        if (config.TryGetProperty("pretrained_cfg", out JsonElement timm) && timm.ValueKind == JsonValueKind.Object
            && Normalization(timm, "mean", "std", 1 / 255.0) is { } normalization)
            facts = facts with { Preprocessing = new(normalization), Origin = "config.json" };
        return facts with
        {
            Epsilon = Number(config, "layer_norm_eps") is double e and > 0 ? (float)e : facts.Epsilon,
            TensorFlowPadding = Flag(config, "tf_padding") ?? facts.TensorFlowPadding,
            StridesInFirst = Flag(config, "downsample_in_bottleneck") ?? facts.StridesInFirst,
        };
    }

    /// <summary>transformers' preprocessor_config.json.</summary>
    private static WeightsFacts FromPreprocessor(WeightsFacts facts, JsonElement config)
    {
        double factor = Flag(config, "do_rescale") == false ? 1 : Number(config, "rescale_factor") ?? (1 / 255.0);
        PixelNormalization? normalization = Flag(config, "do_normalize") == false
            ? PixelNormalization.Uniform(3, (float)factor, 0)
            : Normalization(config, "image_mean", "image_std", factor);
        return normalization is null ? facts
            : facts with { Preprocessing = new(normalization), Origin = "preprocessor_config.json" };
    }

    /// <summary>(value · factor − mean) / standard deviation.</summary>
    private static PixelNormalization? Normalization(JsonElement config, string mean, string deviation, double factor)
    {
        if (!config.TryGetProperty(mean, out JsonElement m) || m.ValueKind != JsonValueKind.Array
            || !config.TryGetProperty(deviation, out JsonElement s) || s.ValueKind != JsonValueKind.Array
            || m.GetArrayLength() != s.GetArrayLength() || m.GetArrayLength() is not (1 or 3))
            return null;
        double[] means = [.. m.EnumerateArray().Select(v => v.GetDouble())],
            deviations = [.. s.EnumerateArray().Select(v => v.GetDouble())];
        var normalization = new PixelNormalization([.. deviations.Select(d => (float)(factor / d))],
            [.. means.Zip(deviations, (a, d) => (float)(-a / d))]);
        return normalization.IsFinite ? normalization : null;
    }

    /// <summary>{"0": "tench", …}: names in the order of their numbers, or null where numbers are missing.</summary>
    private static string[]? Ordered(JsonElement labels)
    {
        var names = new SortedDictionary<int, string>();
        foreach (JsonProperty label in labels.EnumerateObject())
            if (!int.TryParse(label.Name, out int number) || !names.TryAdd(number, label.Value.ToString()))
                return null;
        return names.Keys.Select((number, i) => number == i).All(fits => fits) ? [.. names.Values] : null;
    }

    private static double? Number(JsonElement config, string name) =>
        config.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble() : null;

    private static bool? Flag(JsonElement config, string name) => config.TryGetProperty(name, out JsonElement value)
        ? value.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null } : null;
}
