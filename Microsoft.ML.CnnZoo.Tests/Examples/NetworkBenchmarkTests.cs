using System.Text.Json;
using Benchmarks;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>The parts of the benchmark that need no clock.</summary>
public class NetworkBenchmarkTests
{
    [Theory]
    [InlineData("lenet5_relu", "inference-b1-f32 inference-b64-f32 training-f32 pipeline-f32")]
    [InlineData("resnet20_cifar", "inference-b1-f32 inference-b128-f32 training-f32")]
    [InlineData("vgg16", "inference-b1-f32 inference-b16-f32 training-f32")]
    public void Modes_Float32_AreTheTables(string network, string expected) =>
        Assert.Equal(expected, Modes(network, WorkPrecision.F32));

    [Theory]
    [InlineData("lenet5_relu", "inference-b1-bf16 inference-b64-bf16 training-bf16")]
    public void Modes_BFloat16_HaveNoPipeline(string network, string expected) =>
        Assert.Equal(expected, Modes(network, WorkPrecision.Bf16));

    [Theory]
    [InlineData(Goals.OnnxRuntime, 1.0, 1.25, null)]
    [InlineData(Goals.PyTorch, 1.5, null, 1.75)]
    [InlineData(Goals.Baseline, 0.95, null, null)]
    public void Goals_Peer_AreThoseOfEachRowAndOfTheMeans(
        string peer, double eachRow, double? inference, double? training) =>
        Assert.Equal(
            (eachRow, inference, training),
            (Goals.EachRow(peer), Goals.Mean(peer, WorkKind.Inference), Goals.Mean(peer, WorkKind.Training)));

    [Fact]
    public void Find_UnknownName_ErrorListsThem()
    {
        var error = Assert.Throws<ArgumentException>(() => NetworkTable.Find("resnet5"));
        Assert.StartsWith("There is no network 'resnet5' in the benchmark. "
            + "It has lenet5_relu, resnet20_cifar, alexnet_torchvision", error.Message);
    }

    [Theory]
    [InlineData(new[] { 3.0 }, 3, 3, 3)]
    [InlineData(new[] { 5.0, 1, 2 }, 2, 1, 5)]
    [InlineData(new[] { 4.0, 1, 2, 9 }, 3, 1, 9)]
    public void Of_Rounds_MedianAndSpread(double[] speeds, double median, double min, double max) =>
        Assert.Equal(
            new SideResult("ours", "1", "AVX2", speeds.Length, median, min, max, 70) { PlanBytes = 5 },
            SideResult.Of("ours", "1", [.. speeds.Select(speed => Answer(speed, 70))]));

    [Fact]
    public void Of_RoundThatFailed_IsTheError()
    {
        SideResult result = SideResult.Of("ours", "1", [Answer(3, 70), new WorkAnswer { Error = "no memory" }]);
        Assert.Equal(
            new SideResult("ours", "1", null, 0, null, null, null, null) { Error = "no memory" }, result);
    }

    [Theory]
    [InlineData(Goals.OnnxRuntime, 200, 80, 1.0, true, true)]
    [InlineData(Goals.OnnxRuntime, 201, 70, 0.995, false, false)]
    [InlineData(Goals.PyTorch, 100, 80, 2.0, true, true)]
    [InlineData(Goals.PyTorch, 160, 80, 1.25, false, true)]
    [InlineData(Goals.Baseline, 210, 60, 0.952, true, null)]
    public void Beside_Peer_RatioOfMediansAndGoals(
        string name, double speed, long memory, double ratio, bool reached, bool? memoryReached)
    {
        SideResult peer = Side(name, speed, memory).Beside(Side("ours", 200, 70));
        Assert.Equal(ratio, peer.Ratio!.Value, 3);
        Assert.Equal((Goals.EachRow(name), reached, memoryReached), (peer.Goal, peer.Reached, peer.MemoryReached));
    }

    [Fact]
    public void Beside_SideThatFailed_HasNeitherRatioNorVerdict()
    {
        SideResult failed = SideResult.Of("ours", null, [new WorkAnswer { Error = "no memory" }]);
        SideResult peer = Side(Goals.PyTorch, 100, 80).Beside(failed);
        Assert.Equal((null, null, null), (peer.Ratio, peer.Reached, peer.MemoryReached));
    }

    [Fact]
    public void GeometricMean_Rows_OnePerPeerAndKindWithTheLowestRow()
    {
        GeometricMean[] means = [.. GeometricMean.Of([Row("vgg16", 400), Row("resnet18", 100)])];
        Assert.Equal(
            [(Goals.OnnxRuntime, WorkKind.Inference, 2, 2.0, "resnet18", 1.0, 1.25)],
            means.Select(m => (m.Peer, m.Kind, m.Rows, Math.Round(m.Ratio, 9), m.Lowest.Network, m.LowestRatio,
                m.Goal!.Value)));
    }

    [Fact]
    public void Lines_Row_OneForEachSideWithin120Columns()
    {
        string[] lines = [.. ComparisonTable.Lines(Row("googlenet_torchvision", 2_345))];
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("googlenet_torchvision inference-b16-f32  ours ", lines[0]);
        Assert.EndsWith(" 23.45 1.00 reached     76*", lines[1]);
        Assert.All([ComparisonTable.Header, .. lines], line => Assert.InRange(line.Length, 1, 120));
    }

    [Fact]
    public void Markdown_Rows_ColumnsForEachPeer()
    {
        Assert.Equal(
            [
                "| network | mode | ours | ONNX Runtime | ratio | memory, MiB |",
                "| --- | --- | ---: | ---: | ---: | ---: |",
                "| vgg16 | inference-b16-f32 | 150 (150..150) | 100 (100..100) | 1.50 | 95 / 76 |",
            ],
            ComparisonTable.Markdown([Row("vgg16", 150)]));
    }

    [Fact]
    public void Write_Rows_AreReadBackAndNamedAsDocumented()
    {
        string path = Path.GetTempFileName();
        ComparisonRow row = Row("vgg16", 150);
        try
        {
            ComparisonRow.Write(path, [row]);
            ComparisonRow read = Assert.Single(ComparisonRow.Read(path));
            Assert.Equal(row with { Peers = read.Peers }, read);
            Assert.Equal(row.Peers, read.Peers);
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            JsonElement element = document.RootElement[0];
            Assert.Equal(["network", "mode", "kind", "precision", "machine", "ours", "peers"], Names(element));
            Assert.Equal(
                [
                    "name", "version", "form", "rounds", "median", "min", "max", "peakBytes", "ratio", "goal",
                    "reached", "memoryReached",
                ],
                Names(element.GetProperty("peers")[0]));
        }
        finally
        {
            File.Delete(path);
        }
    }

    // Parameters (scoring, training) and multiply-adds as PyTorch counts them in its own modules.
    [Theory]
    [InlineData("lenet5_relu", 61_706, 61_706, 416_520)]
    [InlineData("resnet20_cifar", 269_722, 269_722, 40_551_040)]
    [InlineData("alexnet_torchvision", 61_100_840, 61_100_840, 714_188_480)]
    [InlineData("vgg16", 138_357_544, 138_357_544, 15_470_264_320)]
    [InlineData("googlenet_torchvision", 6_624_904, 13_004_888, 1_498_376_192)]
    [InlineData("resnet18", 11_689_512, 11_689_512, 1_814_073_344)]
    [InlineData("resnet50_torchvision", 25_557_032, 25_557_032, 4_089_184_256)]
    [InlineData("densenet121", 7_978_856, 7_978_856, 2_834_161_664)]
    [InlineData("inception_v3", 23_834_568, 27_161_264, 5_713_216_096)]
    [InlineData("xception", 22_855_952, 22_855_952, 8_357_403_496)]
    public void DifferenceFrom_PyTorchsCounts_Null(
        string network, long parameters, long trainingParameters, long multiplyAdds)
    {
        NetworkCost cost = NetworkCost.Of(NetworkTable.Find(network));
        var peer = new WorkAnswer
            { Parameters = parameters, TrainingParameters = trainingParameters, MultiplyAdds = multiplyAdds };
        Assert.Null(cost.DifferenceFrom(peer));
        Assert.Equal(
            $"The two sides' networks differ: parameters: {parameters:N0} ours, {parameters + 1:N0} peer's.",
            cost.DifferenceFrom(peer with { Parameters = parameters + 1 }));
    }

    // A step costs three forward passes, but for the gradient of the image, which no fetch depends on: 117,600 and
    // 118,013,952 multiply-adds in the first convolutions.
    [Theory]
    [InlineData("lenet5_relu", (3 * 416_520) - 117_600)]
    [InlineData("resnet18", (3 * 1_814_073_344L) - 118_013_952)]
    public void TrainingMultiplyAdds_WholeStep_ThreeForwardPassesWithoutTheImagesGradient(
        string network, long expected) =>
        Assert.Equal(expected, NetworkCost.Of(NetworkTable.Find(network)).TrainingMultiplyAdds);

    [Fact]
    public void Gigaflops_ImagesPerSecond_TwoOperationsPerMultiplyAdd()
    {
        var cost = new NetworkCost(1, 1, MultiplyAdds: 500_000_000, TrainingMultiplyAdds: 1_500_000_000);
        Assert.Equal(10, cost.Gigaflops(WorkKind.Inference, 10));
        Assert.Equal(30, cost.Gigaflops(WorkKind.Training, 10));
    }

    [Fact]
    public void DifferenceFrom_PeerThatFailed_ItsError() =>
        Assert.Equal("no torch", new NetworkCost(1, 1, 1, 1).DifferenceFrom(new WorkAnswer { Error = "no torch" }));

    private static string Modes(string network, WorkPrecision precision) =>
        string.Join(' ', NetworkTable.Find(network).Modes(precision).Select(mode => mode.Name));

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(p => p.Name);

    /// <summary>A row whose peer makes 100 images per second.</summary>
    private static ComparisonRow Row(string network, double speed)
    {
        SideResult ours = Side("ours", speed, 100_000_000);
        return new ComparisonRow(
            network, "inference-b16-f32", WorkKind.Inference, WorkPrecision.F32, "a machine", ours,
            [Side(Goals.OnnxRuntime, 100, 80_000_000).Beside(ours)]);
    }

    private static SideResult Side(string name, double speed, long memory) =>
        SideResult.Of(name, "1.0", [Answer(speed, memory)]);

    private static WorkAnswer Answer(double speed, long memory) => new()
    {
        ImagesPerSecond = speed, PeakBytes = memory, PlanBytes = 5, Form = "AVX2",
    };
}
