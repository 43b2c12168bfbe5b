using System.Text.Json;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>Outputs of networks that compute in bfloat16 against golden/logits.</summary>
public class BFloat16LogitsTests
{
    /// <summary>
    /// Relative L2 distance from float32. Each tensor is rounded to 8 bits (2^-9 of its value at most), which a
    /// network's layers average out rather than add up: most are within 6e-3. MobileNet-v2, whose linear bottlenecks
    /// pass the error of 17 blocks on while ReLU6 cuts the signal, is at 4e-2.
    /// </summary>
    private const double Tolerance = 5e-2;

    /// <summary>
    /// Small networks, and of the large ones those that differ in their ops: LRN and dropout's place, depthwise
    /// convolutions, concatenations, residual sums.
    /// </summary>
    private static readonly string[] Networks =
        ["lenet1", "lenet5", "lenet5_relu", "resnet20_cifar", "densenet_bc40_k12_cifar", "resnet164_v2_cifar",
            "alexnet", "squeezenet", "mobilenet_v2", "resnet18"];

    public static TheoryData<string> Cases =>
        [.. GoldenFiles.All("logits")
        .Where(f => Networks.Contains(GoldenNames.ToCatalog(Path.GetFileNameWithoutExtension(f))))];

    [Fact]
    public void Files_EveryChosenNetwork_Exists() =>
        Assert.Equal(Networks.Length, GoldenFiles.All("logits")
        .Count(f => Networks.Contains(GoldenNames.ToCatalog(Path.GetFileNameWithoutExtension(f)))));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Outputs_InBFloat16_AreNearGolden(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        CnnArchitecture network = GoldenNetwork.Find(document.RootElement.GetProperty("model").GetString()!)!;
        JsonElement golden = document.RootElement.GetProperty("cases").EnumerateObject().First().Value;
        double gain = document.RootElement.GetProperty("conv_c").GetDouble();
        double[] expected = Compute(network, golden, gain, CnnPrecision.Float32),
            actual = Compute(network, golden, gain, CnnPrecision.BFloat16);
        double[] errors = [.. actual.Zip(expected, (a, b) => a - b)];
        Assert.InRange(Norm(errors) / Norm(expected), 1e-6,
            Tolerance); // 0 would mean that nothing was computed in bfloat16
        double[] ranked = [.. expected.OrderDescending()];
        if (ranked[0] - ranked[1] > 2 * errors.Max(Math.Abs))
            Assert.Equal(Array.IndexOf(expected, ranked[0]), Array.IndexOf(actual, actual.Max()));
    }

    private static double[] Compute(CnnArchitecture network, JsonElement golden, double gain, CnnPrecision precision)
    {
        using var run = new GoldenRun(network, golden, gain, precision);
        return run.Compute([run.Outputs.Output])[0];
    }

    private static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(v => v * v));
}
