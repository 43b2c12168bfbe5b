using System.Text.Json;

namespace Microsoft.ML.CnnZoo.Formats.Keras;

/// <summary>A layer's configuration: values by name, checked when they are asked for.</summary>
internal readonly struct KerasConfig(JsonElement element)
{
    private const int LargestSize = 1 << 20;

    /// <summary>A value, or null where it is missing or null. Arrays and tensors come as their values.</summary>
    public JsonElement? Find(string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
            && value.ValueKind != JsonValueKind.Null ? Plain(value) : null;

    /// <summary>A text.</summary>
    public string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } value => value.GetString(),
        var other => throw Wrong(name, "a text", other.Value),
    };

    /// <summary>A Boolean.</summary>
    public bool Flag(string name, bool otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        var other => throw Wrong(name, "true or false", other.Value),
    };

    /// <summary>A number, or null where it is missing or null.</summary>
    public float? Number(string name) => Find(name) is { } value
        ? Numbers(value) is [var number] ? number : throw Wrong(name, "a number", value) : null;

    /// <summary>Numbers in the order in which they are written; null where they are missing or null.</summary>
    public float[]? Numbers(string name) =>
        Find(name) is { } value ? Numbers(value) ?? throw Wrong(name, "numbers", value) : null;

    /// <summary>Whole numbers, -1 for null; null where they are missing.</summary>
    public int[]? Integers(string name)
    {
        if (Find(name) is not { } value)
            return null;
        JsonElement[] all = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return Array.ConvertAll(all, v => v.ValueKind == JsonValueKind.Null ? -1
            : v.ValueKind == JsonValueKind.Number && v.TryGetInt32(out int i) && Math.Abs((long)i) <= LargestSize ? i
            : throw Wrong(name, "whole numbers", value));
    }

    /// <summary>A positive whole number.</summary>
    public int Size(string name) => Integers(name) is [> 0 and var size] ? size
        : throw new InvalidDataException($"its configuration has no positive '{name}'");

    /// <summary>Two positive whole numbers, rows and columns; one stands for both.</summary>
    public (int Rows, int Columns) Pair(string name, (int, int)? otherwise = null) => Integers(name) switch
    {
        [> 0 and var both] => (both, both),
        [> 0 and var rows, > 0 and var columns] => (rows, columns),
        null when otherwise is { } pair => pair,
        _ => throw new InvalidDataException($"its configuration has no '{name}' of one or two positive numbers"),
    };

    /// <summary>Pixels above, below, left and right: one number, one for each dimension, or two for each.</summary>
    public (int Top, int Bottom, int Left, int Right) Sides(string name)
    {
        float[]? all = Numbers(name);
        if (all is null || all.Any(v => v is not (>= 0 and <= LargestSize) || v != MathF.Truncate(v)))
            throw new InvalidDataException($"its configuration has no '{name}' of pixels");
        int[] n = Array.ConvertAll(all, v => (int)v);
        return n switch
        {
            [var a] => (a, a, a, a),
            [var rows, var columns] => (rows, rows, columns, columns),
            [var top, var bottom, var left, var right] => (top, bottom, left, right),
            _ => throw new InvalidDataException($"its '{name}' has {n.Length} numbers; expected 1, 2 or 4"),
        };
    }

    /// <summary>All numbers in nested lists; null where something else is among them.</summary>
    public static float[]? Numbers(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                return [value.GetSingle()];
            case JsonValueKind.Array:
                List<float> all = [];
                foreach (JsonElement item in value.EnumerateArray())
                    if (Numbers(Plain(item)) is { } some)
                        all.AddRange(some);
                    else
                        return null;
                return [.. all];
            default:
                return null;
        }
    }

    /// <summary>The values of an array or tensor that is written as an object.</summary>
    public static JsonElement Plain(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return value;
        if (value.TryGetProperty("class_name", out JsonElement name) && name.ValueKind == JsonValueKind.String
            && name.GetString() is "__numpy__" or "__tensor__" or "__tuple__"
            && value.TryGetProperty("config", out JsonElement config) && config.ValueKind == JsonValueKind.Object)
            value = config;
        else if (!value.TryGetProperty("type", out JsonElement type) || type.ValueKind != JsonValueKind.String)
            return value;
        return value.TryGetProperty("value", out JsonElement plain) ? plain : value;
    }

    private static InvalidDataException Wrong(string name, string expected, JsonElement value)
    {
        string text = value.ToString();
        return new($"its '{name}' is {(text.Length > 40 ? $"{text[..40]}…" : text)}; expected {expected}");
    }
}
