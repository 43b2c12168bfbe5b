using System.Text.Json;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Estimators;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>Whole training runs, step by step, against golden/training: forward, loss, gradients, batch statistics and optimizer at once, on every backend.</summary>
public class GoldenTrainingTests
{
    public static TheoryData<string, CnnBackend> Cases => TestBackends.With(GoldenFiles.All("training").Where(GoldenNetwork.IsKnown));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_StepByStep_EqualGolden(string file, CnnBackend backend)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        JsonElement trace = document.RootElement;
        CnnArchitecture network = GoldenNetwork.Find(trace.GetProperty("model").GetString()!)!;
        TrainingOptions options = Options(trace);
        using var store = new VariableStore();
        ClassificationGraph graph = new ClassificationGraphs(network, network.DefaultInput, 10).Training(options);
        VariableInitialization.Initialize(store, graph.Graph.Variables, 0);
        GoldenNetwork.Fill(network, graph.Graph.Variables, store, trace.GetProperty("conv_c").GetDouble());
        using VariableStore start = store.Clone();
        using var step = new TrainingStep(new Session(TestBackends.Registry(backend)), graph, options, store, new CompileOptions());

        double[] expected = Numbers(trace, "loss_f64"), tolerance = Numbers(trace, "suggested_loss_rtol");
        int comparable = trace.GetProperty("comparable_steps").GetInt32(), check = trace.GetProperty("checkpoint_after_step").GetInt32();
        for (int s = 0; s < comparable; s++)
        {
            (float[] images, int[] labels) = GoldenBatches.Batch(trace.GetProperty("data"), network.DefaultInput, s);
            double loss = step.Run(images, labels, options.LearningRate).Loss;
            Assert.True(Math.Abs(loss - expected[s]) <= tolerance[s] * Math.Abs(expected[s]), $"step {s + 1}: loss {loss:r}, golden {expected[s]:r}, tolerance {tolerance[s]}");
            if (s + 1 == check)
                CheckParameters(network, graph.Graph, trace, store, start, "check_change_l2");
        }
        if (comparable == trace.GetProperty("steps").GetInt32())
            CheckParameters(network, graph.Graph, trace, store, start, "end_change_l2");
    }

    /// <summary>How far each parameter has moved: a parameter that no gradient reaches, or that decays wrongly, shows here.</summary>
    private static void CheckParameters(CnnArchitecture network, NetworkGraph graph, JsonElement trace, VariableStore store, VariableStore start, string key)
    {
        foreach (JsonElement parameter in trace.GetProperty("params").EnumerateArray())
        {
            VariableDefinition variable = graph.Variables.Single(v => v.Role != VariableRole.Slot && network.TorchName(v.Name) == parameter.GetProperty("name").GetString());
            ReadOnlySpan<float> now = store[variable.Name].Values<float>(), then = start[variable.Name].Values<float>();
            double sum = 0;
            for (int i = 0; i < now.Length; i++)
                sum += Math.Pow((double)now[i] - then[i], 2);
            double expected = parameter.GetProperty(key).GetDouble();
            Assert.True(Math.Abs(Math.Sqrt(sum) - expected) <= 1e-3 * expected, $"{key} of {variable.Name}: {Math.Sqrt(sum):r}, golden {expected:r}");
        }
    }

    private static TrainingOptions Options(JsonElement trace)
    {
        JsonElement optimizer = trace.GetProperty("optimizer");
        string loss = trace.GetProperty("loss_function").GetString()!;
        return new TrainingOptions
        {
            LearningRate = optimizer.GetProperty("lr").GetSingle(),
            WeightDecay = Number(optimizer, "wd"),
            DecayAllParameters = true, // PyTorch's default, which the traces follow
            Optimizer = GoldenOptimizers.Parse(optimizer.GetProperty("rule").GetString()!, optimizer),
            Loss = loss.Contains("eq. 8", StringComparison.Ordinal) ? new RbfMeanSquaredErrorLoss() : loss.Contains("eq. 9", StringComparison.Ordinal) ? new RbfMaximumAPosterioriLoss(Number(trace, "j", 1))
                : new SoftmaxCrossEntropyLoss(Number(trace, "label_smoothing")),
        };
    }

    private static float Number(JsonElement element, string name, float otherwise = 0) => element.TryGetProperty(name, out JsonElement value) ? value.GetSingle() : otherwise;

    private static double[] Numbers(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(e => e.GetDouble())];
}
