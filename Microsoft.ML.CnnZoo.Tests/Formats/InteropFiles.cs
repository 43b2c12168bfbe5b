using System.Text.Json;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats;

/// <summary>The files that other frameworks wrote, with the values that those compute (Golden/interop).</summary>
internal static class InteropFiles
{
    /// <summary>The folder of copies.</summary>
    public static string Folder { get; } = Path.Combine(GoldenFiles.Folder, "interop");

    /// <summary>A file's or folder's path.</summary>
    public static string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([Folder, .. parts]);

    /// <summary>The entries of a list of cases.</summary>
    public static IReadOnlyList<JsonElement> Cases(string folder, string file = "all.json")
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(PathOf(folder, file)));
        return [.. document.RootElement.Clone().EnumerateArray()];
    }

    /// <summary>A case's input in the file's order.</summary>
    public static KnownArray Input(JsonElement entry)
    {
        int[] shape = [.. entry.GetProperty("inputShape").EnumerateArray().Select(d => d.GetInt32())];
        return KnownArray.Of(shape, GoldenFill.Input("input", shape.Aggregate(1, (s, d) => s * d),
            Number(entry, "inputScale", 1), Number(entry, "inputOffset", 0)));
    }

    /// <summary>Numbers of a case.</summary>
    public static double[] Numbers(JsonElement entry, string name) =>
        [.. entry.GetProperty(name).EnumerateArray().Select(v => v.GetDouble())];

    /// <summary>A case's text, or null.</summary>
    public static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;

    /// <summary>The first values, and the norm of all where it is given, to a share of the largest.</summary>
    public static void Check(JsonElement entry, double[] expected, float[] actual, double tolerance = 2e-5)
    {
        Assert.True(actual.Length >= expected.Length, $"{expected.Length} values expected, {actual.Length} received");
        double largest = expected.Max(Math.Abs);
        double difference = expected.Select((e, i) => Math.Abs(e - actual[i])).Max();
        Assert.True(difference <= tolerance * largest, $"differs by {difference / largest:g3} of the largest value: "
            + $"{string.Join(' ', actual.Take(5))}, expected {string.Join(' ', expected.Take(5))}");
        if (entry.TryGetProperty("l2", out JsonElement norm))
            Assert.Equal(1, Math.Sqrt(actual.Sum(v => (double)v * v)) / norm.GetDouble(), 4);
    }

    private static double Number(JsonElement entry, string name, double otherwise) =>
        entry.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : otherwise;
}
