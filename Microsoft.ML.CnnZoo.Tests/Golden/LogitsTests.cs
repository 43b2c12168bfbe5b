using System.Text.Json;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>
/// Outputs, auxiliary outputs and named activations of whole networks against golden/logits: every file whose network
/// the catalog has.
/// </summary>
public class LogitsTests(GoldenReport errors, ITestOutputHelper log) : IClassFixture<GoldenReport>
{
    /// <summary>
    /// Relative L2 distance from float64; the golden float32 runs are within 2.8e-6, the smallest real mistake moves
    /// 2.9e-4.
    /// </summary>
    private const double Tolerance = 5e-5;

    /// <summary>
    /// Relative distance of an activation's norm from float64's; the golden float32 runs are within 6e-7.
    /// </summary>
    private const double NormTolerance = 1e-5;

    public static TheoryData<string> Cases =>
        [.. GoldenFiles.All("logits").Where(GoldenNetwork.IsKnown).SelectMany(CaseNames)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Outputs_FilledWeightsAndInput_EqualGolden(string fileAndCase)
    {
        string[] parts = fileAndCase.Split('|');
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(parts[0]));
        JsonElement golden = document.RootElement.GetProperty("cases").GetProperty(parts[1]);
        CnnArchitecture network = GoldenNetwork.Find(document.RootElement.GetProperty("model").GetString()!)!;
        using var run = new GoldenRun(network, golden, document.RootElement.GetProperty("conv_c").GetDouble());

        JsonElement[] logits = [.. golden.EnumerateObject().Where(p =>
            p.Name.EndsWith("logits", StringComparison.Ordinal)).OrderBy(p => p.Name != "logits")
            .ThenBy(p => p.Name, StringComparer.Ordinal).Select(p => p.Value)];
        double[][] outputs = run.Compute([run.Outputs.Output, .. run.Outputs.Auxiliary.Select(a => a.Logits)]);
        Assert.Equal(logits.Length, outputs.Length);
        double error = logits.Zip(outputs, (expected, actual) => Error(expected.GetProperty("f64"), actual)).Max();
        string name = $"{Path.GetFileNameWithoutExtension(parts[0])} {parts[1]}";
        errors.Add(log, "logits", name, error, Tolerance);
        Assert.InRange(error, 0, Tolerance);
        AssertActivations(golden, run, name);
    }

    /// <summary>The distance of the values that the file lists, or of the norm of all, whichever is larger.</summary>
    private static double Error(JsonElement expected, double[] outputs)
    {
        double l2 = expected.GetProperty("l2").GetDouble();
        double[] first = Numbers(expected, "first16");
        double[] last = expected.TryGetProperty("last16", out _) ? Numbers(expected, "last16") : [];
        double[] seen = [.. outputs.Take(first.Length), .. outputs.TakeLast(last.Length)];
        double[] wanted = [.. first, .. last];
        return Math.Max(Norm(seen.Zip(wanted, (a, b) => a - b)) / Norm(wanted), Math.Abs(Norm(outputs) - l2) / l2);
    }

    /// <summary>In a plan of their own: a fetched tensor keeps what follows from being fused into it.</summary>
    private void AssertActivations(JsonElement golden, GoldenRun run, string name)
    {
        if (!golden.TryGetProperty("activations", out JsonElement list))
            return;
        JsonElement[] activations = [.. list.EnumerateArray()];
        string[] names = [.. activations.Select(a => a.GetProperty("name").GetString()!)];
        double[][] values = run.Compute([.. names.Select(run.Module)]);
        for (int i = 0; i < names.Length; i++)
        {
            double expected = activations[i].GetProperty("l2_f64").GetDouble(), actual = Norm(values[i]);
            Assert.Equal(activations[i].GetProperty("shape").EnumerateArray().Aggregate(1L, (n, d) => n * d.GetInt32()),
                values[i].Length);
            errors.Add(log, "norms of activations", $"{name}, {names[i]}",
                Math.Abs(actual - expected) / expected, NormTolerance);
            Assert.True(Math.Abs(actual - expected) <= NormTolerance * expected,
                $"{names[i]}: norm {actual}, expected {expected}.");
        }
    }

    private static IEnumerable<string> CaseNames(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        return [.. document.RootElement.GetProperty("cases").EnumerateObject().Select(c => $"{file}|{c.Name}")];
    }

    private static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(v => v * v));

    private static double[] Numbers(JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(e => e.GetDouble())];
}
