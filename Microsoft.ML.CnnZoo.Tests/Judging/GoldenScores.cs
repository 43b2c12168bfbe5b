using System.Text.Json;
using Microsoft.ML.CnnZoo.Tests.Golden;

namespace Microsoft.ML.CnnZoo.Tests.Judging;

/// <summary>Scores and labels of a golden case, by formula, and the figures that other libraries computed of them.</summary>
internal sealed record GoldenScores(JsonElement Case, double[][] Probabilities, int[] Labels)
{
    public string Name => Case.GetProperty("name").GetString()!;

    /// <summary>All cases of all files, also those beside the copies.</summary>
    public static IEnumerable<GoldenScores> All() => GoldenFiles.All("judge")
        .SelectMany(file => JsonDocument.Parse(File.ReadAllBytes(file)).RootElement is { ValueKind: JsonValueKind.Array } cases
            ? cases.EnumerateArray() : Enumerable.Empty<JsonElement>())
        .Where(c => c.TryGetProperty("sharp", out _)).Select(Of);

    private static GoldenScores Of(JsonElement golden)
    {
        string name = golden.GetProperty("name").GetString()!;
        int n = golden.GetProperty("n").GetInt32(), classes = golden.GetProperty("classes").GetInt32();
        double sharp = golden.GetProperty("sharp").GetDouble(), bonus = golden.GetProperty("bonus").GetDouble();
        int power = golden.GetProperty("labels").GetString() switch
        {
            "uniform" => 1,
            "cubed" => 3,
            var other => throw new InvalidDataException($"Labels '{other}' of the case {name} are not known."),
        };
        double[] z = GoldenFill.Raw(name + "/scores", (long)n * classes);
        int[] labels = Array.ConvertAll(GoldenFill.Raw(name + "/labels", n),
            v => (int)Math.Floor(Math.Pow((v + 1) / 2, power) * classes));
        return new(golden, [.. Enumerable.Range(0, n).Select(i => Softmax([.. Enumerable.Range(0, classes)
            .Select(c => (sharp * z[(i * classes) + c]) + (c == labels[i] ? bonus : 0))]))], labels);
    }

    private static double[] Softmax(double[] z)
    {
        double most = z.Max(), sum = z.Sum(v => Math.Exp(v - most));
        return Array.ConvertAll(z, v => Math.Exp(v - most) / sum);
    }
}
