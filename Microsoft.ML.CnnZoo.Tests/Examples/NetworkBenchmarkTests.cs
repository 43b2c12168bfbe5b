using System.Text.Json;
using Benchmarks;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>The parts of the benchmark that need no clock.</summary>
public class NetworkBenchmarkTests
{
    private static readonly WorkMode Batch16 = new(WorkKind.Inference, 16, WorkPrecision.F32);

    [Theory]
    [InlineData("lenet5_relu", "inference-b1-f32:3 inference-b64-f32:2 training-f32:2 pipeline-f32:1")]
    [InlineData("resnet20_cifar", "inference-b1-f32:3 inference-b128-f32:2 training-f32:2")]
    [InlineData("vgg16", "inference-b1-f32:1.5 inference-b16-f32:1.3 training-f32:1.2")]
    public void Modes_Float32_AreTheTablesWithTheirGoals(string network, string expected) =>
        Assert.Equal(expected, ModesAndGoals(network, WorkPrecision.F32));

    [Theory]
    [InlineData("lenet5_relu", "inference-b1-bf16:3 inference-b64-bf16:2 training-bf16:2")]
    [InlineData("xception", "inference-b1-bf16:1.5 inference-b16-bf16:1.5 training-bf16:1.5")]
    public void Modes_BFloat16_AreTheTablesWithTheirGoals(string network, string expected) =>
        Assert.Equal(expected, ModesAndGoals(network, WorkPrecision.Bf16));

    [Fact]
    public void Find_UnknownName_ErrorListsThem()
    {
        var error = Assert.Throws<ArgumentException>(() => NetworkTable.Find("resnet5"));
        Assert.StartsWith("There is no network 'resnet5' in the benchmark. It has lenet5_relu, resnet20_cifar, alexnet_torchvision", error.Message);
    }

    [Theory]
    [InlineData(new[] { 3.0 }, 3)]
    [InlineData(new[] { 5.0, 1, 2 }, 2)]
    [InlineData(new[] { 4.0, 1, 2, 9 }, 3)]
    public void Median_Values_IsTheMiddle(double[] values, double expected) =>
        Assert.Equal(expected, ComparisonRow.Median(values));

    [Fact]
    public void Of_RoundsOfBothSides_BestSpeedsAndMedianRatio()
    {
        WorkAnswer[] ours = [Answer(100, 7, plan: 5), Answer(300, 9, plan: 5), Answer(200, 8, plan: 5)],
        peer = [Answer(50, 70), Answer(100, 60), Answer(200, 50)];
        ComparisonRow row = ComparisonRow.Of(NetworkTable.Find("resnet18"), Batch16, ours, peer);
        Assert.Equal(
            new ComparisonRow("resnet18", "inference-b16-f32", 300, 200, 2, 1.3, 9, 70) { Rounds = 3, OursPlan = 5 },
            row);
        Assert.True(row.Reached);
    }

    [Fact]
    public void Of_PeerThatFailed_HasOursAndTheError()
    {
        ComparisonRow row = ComparisonRow.Of(
            NetworkTable.Find("resnet18"), Batch16, [Answer(100, 7), Answer(120, 7)],
            [new WorkAnswer { Error = "no torch" }]);
        Assert.Equal(
            new ComparisonRow(
                "resnet18", "inference-b16-f32", 120, null, null, 1.3, 7, null)
                { Rounds = 2, Error = "peer: no torch" }, row);
        Assert.Null(row.Reached);
    }

    [Fact]
    public void Of_NoPeer_HasNoError()
    {
        ComparisonRow row = ComparisonRow.Of(NetworkTable.Find("resnet18"), Batch16, [Answer(100, 7)], []);
        Assert.Equal((100, null, null), (row.Ours, row.Ratio, row.Error));
    }

    [Fact]
    public void Write_Rows_AreReadBackAndNamedAsDocumented()
    {
        string path = Path.GetTempFileName();
        ComparisonRow[] rows = [
            new("lenet5_relu", "training-f32", 300.5, 200, 1.5, 2, 9, 70)
            { Rounds = 3, OursGigaflops = 4, PeerForm = "contiguous f32" }];
        try
        {
            ComparisonRow.Write(path, rows);
            Assert.Equal(rows, ComparisonRow.Read(path));
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            string[] names = [.. document.RootElement[0].EnumerateObject().Select(p => p.Name)];
            Assert.Equal(
                ["network", "mode", "ours", "peer", "ratio", "goal", "oursMemory", "peerMemory"], names.Take(8));
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

    private static string ModesAndGoals(string name, WorkPrecision precision)
    {
        BenchmarkNetwork network = NetworkTable.Find(name);
        return string.Join(
            ' ', network.Modes(precision)
            .Select(mode => FormattableString.Invariant($"{mode.Name}:{network.Goal(mode)}")));
    }

    private static WorkAnswer Answer(double speed, long memory, long plan = 0) => new()
    {
        ImagesPerSecond = speed, PeakBytes = memory, PlanBytes = plan,
    };
}
