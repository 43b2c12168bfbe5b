using System.Text.Json;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>Losses with class weights, smoothing and mixing: values and gradients on the logits.</summary>
public class ClassificationLossTests
{
    private const int Rows = 8, Classes = 5;
    private const double Tolerance = 1e-6;
    private static readonly int[] OtherLabels = [3, 2, 1, 0, 2, 1, 0, 4];
    private static readonly LossWeights Weights = new([0.5f, 1, 2, 1.5f, 0.25f], DivideByCount: false);

    private static readonly Dictionary<string, (ClassificationLoss Loss, LossWeights? Weights)> Rules = new()
    {
        ["class_weights"] = (ClassificationLoss.SoftmaxCrossEntropy, Weights),
        ["class_weights_mean"] = (ClassificationLoss.SoftmaxCrossEntropy, Weights with { DivideByCount = true }),
        ["label_smoothing"] = (new SoftmaxCrossEntropyLoss(0.1f), null),
        ["focal_2"] = (new FocalLoss(2), null),
        ["mixup"] = (ClassificationLoss.SoftmaxCrossEntropy, null),
    };

    public static TheoryData<string> Golden
    {
        get
        {
            using JsonDocument document = GoldenFiles.Read("rules/losses.json");
            return [.. document.RootElement.EnumerateArray().Select(e => e.GetProperty("name").GetString()!)];
        }
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void Build_LossAndGradient_EqualGolden(string name)
    {
        using JsonDocument document = GoldenFiles.Read("rules/losses.json");
        JsonElement golden = document.RootElement.EnumerateArray()
            .First(e => e.GetProperty("name").GetString() == name);
        int[] labels = [.. golden.GetProperty("labels").EnumerateArray().Select(e => e.GetInt32())];
        (double loss, float[] gradient) = Compute(Rules[name].Loss, Rules[name].Weights, labels,
            mix: name == "mixup" ? 0.3f : null);
        double[] expected = [.. golden.GetProperty("gradient").EnumerateArray().Select(e => e.GetDouble())];
        Assert.Equal(golden.GetProperty("loss").GetDouble(), loss, 1e-5);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - gradient[i]) < Tolerance,
                $"{name}, gradient {i}: {gradient[i]}, golden {expected[i]}");
    }

    [Fact]
    public void Build_SmoothedAndWeighted_WeighsEachTargetAsItsClass()
    {
        int[] labels = [0, 1, 2, 3, 4, 0, 1, 2];
        double[] logits = Array.ConvertAll(Logits(), v => (double)v);
        double sum = 0, weights = 0;
        for (int row = 0; row < Rows; row++)
        {
            double[] x = logits[(row * Classes)..((row + 1) * Classes)];
            double logSum = Math.Log(x.Sum(Math.Exp));
            for (int c = 0; c < Classes; c++)
                sum -= Weights.Values[c] * (0.02 + (c == labels[row] ? 0.9 : 0)) * (x[c] - logSum);
            weights += Weights.Values[labels[row]];
        }
        Assert.Equal(sum / weights, Compute(new SoftmaxCrossEntropyLoss(0.1f), Weights, labels).Loss, 1e-5);
    }

    [Fact]
    public void Build_FocalWithoutDoubt_StaysFinite()
    {
        foreach (float gamma in (float[])[0, 0.5f, 1, 2])
        {
            (double loss, float[] gradient) = Compute(new FocalLoss(gamma), null, [0, 0, 0, 0, 0, 0, 0, 0],
                logits: [.. Enumerable.Range(0, Rows).SelectMany(r => new float[] { r % 2 == 0 ? 200 : -200, 0, 0, 0, 0 })]);
            Assert.InRange(loss, 99, 101); // half of the rows are certain and right, half certain and wrong
            Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
        }
    }

    [Fact]
    public void Build_LossOfAWrongShape_IsRefusedByName()
    {
        var error = Assert.Throws<GraphException>(() => Compute(new Misshapen(), null, [0, 1, 2, 3, 4, 0, 1, 2]));
        Assert.Contains("Misshapen made a loss of shape [?,5]; expected one number for each image", error.Message);
    }

    [Fact]
    public void Training_MixedImages_AuxiliaryLossesToo()
    {
        CnnArchitecture network = CnnArchitectures.Find("googlenet");
        ClassificationGraph graph = new ClassificationGraphs(network, new ImageShape(64, 64, 3), 4).Training(
            new TrainingOptions { MixesImages = true, Optimizer = Optimizer.GradientDescent });
        foreach (string loss in (string[])["loss", "loss_auxiliary1", "loss_mixed", "loss_mixed_auxiliary2"])
            Assert.Contains(graph.Graph.Nodes, n => n.Name.StartsWith($"{loss}/", StringComparison.Ordinal));
    }

    [Fact]
    public void Training_MixedBatch_LossIsBothLabelsShares()
    {
        float Loss(int first, int second, float mix)
        {
            var network = CnnArchitectures.LeNet5Relu;
            ClassificationGraph graph = new ClassificationGraphs(network, new ImageShape(32, 32, 1), 10).Training(
                new TrainingOptions { MixesImages = true, ClassWeights = new LossWeights([.. Enumerable.Repeat(2f, 10)],
                    DivideByCount: true), Optimizer = Optimizer.GradientDescent });
            using var store = new VariableStore();
            VariableInitialization.Initialize(store, graph.Graph.Variables, 1);
            using Executable plan = new Session(KernelSet.Shared)
                .Compile(graph.Graph, graph.Feeds(1), graph.Fetches, [], store);
            Digits.Padded(0).Select(b => b / 255f).ToArray().CopyTo(plan.Feed<float>(ClassificationGraph.ImageInput));
            plan.Feed<int>(ClassificationGraph.LabelInput)[0] = first;
            plan.Feed<int>(ClassificationGraph.MixedLabelInput)[0] = second;
            plan.Feed<float>(ClassificationGraph.MixInput)[0] = mix;
            plan.Run();
            return plan.Fetch<float>(1)[0];
        }
        float own = Loss(3, 7, 1), other = Loss(3, 7, 0);
        Assert.NotEqual(own, other, 1e-3f);
        Assert.Equal(own, Loss(3, 3, 0.4f), 1e-5f);
        Assert.Equal((0.4f * own) + (0.6f * other), Loss(3, 7, 0.4f), 1e-5f);
        Assert.InRange(own, 2, 10); // about 2·ln 10: the weights count
    }

    [Fact]
    public void ClassWeights_Balanced_AreInverseFrequencies()
    {
        LossWeights weights = ClassWeights.Balanced.Resolve(["a", "b", "c", "d"], [0, 0, 0, 0, 0, 0, 1, 1, 2]);
        Assert.Equal([0.5f, 1.5f, 3, 1], weights.Values); // 9 / (3·6), 9 / (3·2), 9 / (3·1); no image, no weight
        Assert.False(weights.DivideByCount);
    }

    [Fact]
    public void ClassWeights_Given_ByNameOrInOrder()
    {
        ClassWeights named = ClassWeights.Of(new Dictionary<string, float> { ["b"] = 3 });
        Assert.Equal([1f, 3, 1], named.Resolve(["a", "b", "c"], []).Values);
        Assert.Contains("'b'; expected one of x, y",
            Assert.Throws<ArgumentOutOfRangeException>(() => named.Resolve(["x", "y"], [])).Message);
        Assert.True((ClassWeights.Of(1, 2) with { DivideByCount = true }).Resolve(["x", "y"], []).DivideByCount);
        Assert.Contains("2 weights; expected one for each of the 3 classes", Assert.Throws<ArgumentOutOfRangeException>(
            () => ClassWeights.Of(1, 2).Resolve(["a", "b", "c"], [])).Message);
    }

    private static float[] Logits() => GoldenFill.Input("logits", Rows * Classes, 3);

    private static (double Loss, float[] Gradient) Compute(ClassificationLoss loss, LossWeights? weights, int[] labels,
        float? mix = null, float[]? logits = null)
    {
        var g = new GraphBuilder(GraphMode.Training);
        NodeOutput x = g.Placeholder("logits", DataType.Float, new TensorShape(-1, Classes));
        NodeOutput Of(string input) => loss.Build(g, x, g.Placeholder(input, DataType.Int32, new TensorShape(-1)),
            $"loss_{input}", weights);
        NodeOutput total = Of("label");
        if (mix is not null)
            total = ClassificationGraphs.Mixed(g, total, Of("label_mixed"));
        NodeOutput gradient = ReverseMode.AddGradients(g, total, [x])[0]!.Value;
        using var store = new VariableStore();
        var feeds = new Dictionary<string, TensorShape> { ["logits"] = new(Rows, Classes), ["label"] = new(Rows),
            ["label_mixed"] = new(Rows) };
        using Executable plan = new Session(KernelSet.Shared).Compile(g.ToGraph(), feeds, [total, gradient], [], store);
        (logits ?? Logits()).CopyTo(plan.Feed<float>("logits"));
        labels.CopyTo(plan.Feed<int>("label"));
        if (mix is { } share)
        {
            OtherLabels.CopyTo(plan.Feed<int>("label_mixed"));
            plan.Feed<float>(ClassificationGraph.MixInput)[0] = share;
        }
        plan.Run();
        return (plan.Fetch<float>(0)[0], plan.Fetch<float>(1).ToArray());
    }

    private sealed record Misshapen : ClassificationLoss
    {
        protected override TensorExpression PerImage(LossInputs inputs) => inputs.Targets * inputs.Outputs;
    }
}
