using System.Text.Json;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Estimators;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>Outputs of whole networks against golden/logits: every file whose network the catalogue has, on every backend.</summary>
public class LogitsTests
{
    /// <summary>Relative L2 distance from float64; the golden float32 runs are within 2.8e-6, the smallest real mistake moves 2.9e-4.</summary>
    private const double Tolerance = 5e-5;

    public static TheoryData<string, CnnBackend> Cases => TestBackends.With(GoldenFiles.All("logits").Where(GoldenNetwork.IsKnown).SelectMany(CaseNames));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Outputs_FilledWeightsAndInput_EqualGolden(string fileAndCase, CnnBackend backend)
    {
        string[] parts = fileAndCase.Split('|');
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(parts[0]));
        JsonElement golden = document.RootElement.GetProperty("cases").GetProperty(parts[1]);
        CnnArchitecture network = GoldenNetwork.Find(document.RootElement.GetProperty("model").GetString()!)!;
        if (golden.TryGetProperty("same_layers", out _))
            network = network.WithTensorFlowPadding();
        if (golden.TryGetProperty("bn_eps", out JsonElement epsilon))
            network = network.WithBatchNormEpsilon(epsilon.GetSingle());
        double[] outputs = Run(network, golden, document.RootElement.GetProperty("conv_c").GetDouble(), backend);

        JsonElement expected = golden.GetProperty("logits").GetProperty("f64");
        double l2 = expected.GetProperty("l2").GetDouble();
        double[] first = Numbers(expected, "first16");
        double[] last = expected.TryGetProperty("last16", out _) ? Numbers(expected, "last16") : [];
        double[] seen = [.. outputs.Take(first.Length), .. outputs.TakeLast(last.Length)];
        double[] wanted = [.. first, .. last];
        double scale = Math.Sqrt(wanted.Sum(v => v * v));
        Assert.InRange(Math.Sqrt(seen.Zip(wanted, (a, b) => (a - b) * (a - b)).Sum()) / scale, 0, Tolerance);
        Assert.InRange(Math.Abs(Math.Sqrt(outputs.Sum(v => v * v)) - l2) / l2, 0, Tolerance);
    }

    private static double[] Run(CnnArchitecture network, JsonElement golden, double gain, CnnBackend backend)
    {
        JsonElement input = golden.GetProperty("input");
        int[] nchw = [.. input.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
        int classes = golden.GetProperty("logits").GetProperty("count").GetInt32() / nchw[0];
        var g = new GraphBuilder();
        NodeOutput image = g.Placeholder("image", DataType.Float, new TensorShape(-1, nchw[2], nchw[3], nchw[1]));
        NodeOutput output = network.Build(g, image, classes).Output;
        NetworkGraph graph = g.ToGraph();
        using var store = new VariableStore();
        GoldenNetwork.Fill(network, graph.Variables, store, gain);
        var feeds = new Dictionary<string, TensorShape> { ["image"] = new(nchw[0], nchw[2], nchw[3], nchw[1]) };
        using Executable plan = new Session(TestBackends.Registry(backend)).Compile(graph, feeds, [output], [], store);
        float[] values = GoldenFill.Input(input.GetProperty("name").GetString()!, nchw.Aggregate(1, (a, b) => a * b), input.GetProperty("scale").GetDouble());
        GoldenLayout.ToNhwc(values, nchw[0], nchw[1], nchw[2], nchw[3]).CopyTo(plan.Feed<float>("image"));
        plan.Run();
        return Array.ConvertAll(plan.Fetch<float>(0).ToArray(), v => (double)v);
    }

    private static IEnumerable<string> CaseNames(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        return [.. document.RootElement.GetProperty("cases").EnumerateObject().Select(c => $"{file}|{c.Name}")];
    }

    private static double[] Numbers(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(e => e.GetDouble())];
}
