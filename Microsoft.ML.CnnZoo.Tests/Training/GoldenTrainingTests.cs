using System.Text.Json;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>
/// Whole training runs, step by step, against golden/training: forward, loss, gradients, batch statistics and optimizer
/// at once.
/// </summary>
public class GoldenTrainingTests(GoldenReport errors, ITestOutputHelper log) : IClassFixture<GoldenReport>
{
    public static TheoryData<string> Cases =>
        [.. GoldenFiles.All("training").Where(GoldenNetwork.IsKnown)];

    [Fact]
    public void Files_EveryCopy_IsOfAKnownNetwork()
    {
        string[] copies = Directory.GetFiles(Path.Combine(GoldenFiles.Folder, "training"), "*.json");
        Assert.Equal(6, copies.Length);
        Assert.All(copies, file => Assert.True(GoldenNetwork.IsKnown(file), file));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_StepByStep_EqualGolden(string file)
    {
        using var trace = new GoldenTrace(file);
        TrainingOptions options = trace.Options;
        using var store = new VariableStore();
        ClassificationGraph graph = trace.Graphs.Training(options);
        trace.Fill(graph.Graph.Variables, store);
        using VariableStore start = store.Clone();
        using var step = new TrainingStep(new Session(KernelSet.Shared), graph, store,
            new CompileOptions());

        double[] expected = trace.Losses, tolerance = trace.Tolerances;
        for (int s = 0; s < trace.ComparableSteps; s++)
        {
            (float[] images, int[] labels) = trace.Batch(s);
            double loss = step.Run(images, labels, options.LearningRate).Loss;
            AssertClose(new("losses of traces", file), $"loss of step {s + 1}", loss, expected[s],
                tolerance[s], Math.Abs(expected[s]));
            if (s + 1 == trace.CheckpointStep)
                CheckVariables(new("variables of traces", file), trace, graph.Graph, store, start, "check");
        }
        if (trace.ComparableSteps == trace.Steps)
            CheckVariables(new("variables of traces", file), trace, graph.Graph, store, start, "end");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gradients_FirstStep_EqualGolden(string file)
    {
        using var trace = new GoldenTrace(file);
        (NetworkGraph graph, VariableDefinition[] trained, NodeOutput[] fetches) = Differentiate(trace);
        (float[] images, int[] labels) = trace.Batch(0);
        using var store = new VariableStore();
        trace.Fill(graph.Variables, store);
        var feeds = new Dictionary<string,
            TensorShape> { ["image"] = new(labels.Length, trace.Image.Height, trace.Image.Width, trace.Image.Channels),
            ["label"] = new(labels.Length) };
        using Executable plan = new Session(KernelSet.Shared).Compile(graph, feeds, fetches, [], store);
        images.CopyTo(plan.Feed<float>("image"));
        labels.CopyTo(plan.Feed<int>("label"));
        plan.Run();

        double[] logits = trace.FirstLogits;
        double scale = Norm(logits);
        for (int i = 0; i < logits.Length; i++)
            AssertClose(new("first outputs of traces", file), $"output {i}", plan.Fetch<float>(0)[i],
                logits[i], 1e-5, scale);
        Assert.Equal(trained.Length, trace.Parameters.Count());
        foreach (JsonElement parameter in trace.Parameters)
        {
            VariableDefinition variable = trace.Variable(trained, parameter);
            CheckGradient(new("first gradients of traces", file), parameter, variable,
                plan.Fetch<float>(1 + Array.IndexOf(trained, variable)));
        }
    }

    /// <summary>Outputs, and the gradient of every trained variable, before any step.</summary>
    private static (NetworkGraph Graph, VariableDefinition[] Trained,
        NodeOutput[] Fetches) Differentiate(GoldenTrace trace)
    {
        var g = new GraphBuilder(GraphMode.Training);
        NodeOutput image = g.Placeholder("image", DataType.Float,
            new TensorShape(-1, trace.Image.Height, trace.Image.Width, trace.Image.Channels));
        NodeOutput output = trace.Network.Build(g, image, trace.FirstLogits.Length).Output;
        NodeOutput loss = trace.Loss.Build(g, output, g.Placeholder("label", DataType.Int32, new TensorShape(-1)),
            "loss");
        VariableDefinition[] trained = [.. g.Variables.Where(v => v.IsTrainable)];
        IReadOnlyList<NodeOutput?> gradients = ReverseMode.AddGradients(g, loss, [.. trained.Select(g.ReadVariable)]);
        return (g.ToGraph(), trained, [output, .. gradients.Select(d => d!.Value)]);
    }

    /// <summary>
    /// Norm and first values. Where a rounding error turns ReLUs over, the golden file says how far its own float32 run
    /// was off.
    /// </summary>
    private void CheckGradient(Subject subject, JsonElement parameter, VariableDefinition variable,
        ReadOnlySpan<float> gradient)
    {
        double expected = parameter.GetProperty("grad1_l2").GetDouble(),
            tolerance = Math.Max(5e-5, 10 * parameter.GetProperty("grad1_f32_err").GetDouble());
        AssertClose(subject, $"norm of the gradient of {variable.Name}",
            Norm([.. gradient.ToArray().Select(v => (double)v)]), expected, tolerance, expected);
        double[] first = [.. parameter.GetProperty("grad1_first4").EnumerateArray().Select(e => e.GetDouble())];
        float[] places = Places(parameter, variable);
        for (int i = 0; i < first.Length; i++)
            AssertClose(subject, $"value {i} of the gradient of {variable.Name}", gradient[Array.IndexOf(places, i)],
                first[i], tolerance, expected);
    }

    /// <summary>For each element of our variable, its index in PyTorch's tensor.</summary>
    private static float[] Places(JsonElement parameter, VariableDefinition variable)
    {
        int[] shape = [.. parameter.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
        var tensor = new GoldenTensor(variable.Name, shape.Length == 4 ? "conv_w" : shape.Length == 2 ? "linear_w"
            : "bias", shape);
        float[] indices = [.. Enumerable.Range(0, (int)tensor.Count).Select(i => (float)i)];
        return GoldenLayout.ToVariable(tensor, indices, variable.FlattenShape,
            GoldenLayout.IsDepthwise(tensor, variable.Spec.Shape));
    }

    /// <summary>
    /// Where each variable is and how far it has moved: a parameter that no gradient reaches, or that decays wrongly,
    /// shows here.
    /// </summary>
    private void CheckVariables(Subject subject, GoldenTrace trace, NetworkGraph graph, VariableStore store,
        VariableStore start, string key)
    {
        foreach (JsonElement parameter in trace.Parameters)
        {
            string name = trace.Variable(graph.Variables, parameter).Name;
            double change = parameter.GetProperty($"{key}_change_l2").GetDouble(),
                norm = parameter.GetProperty($"{key}_l2").GetDouble();
            double tolerance = Math.Max(1e-3, 10 * parameter.GetProperty($"{key}_f32_err").GetDouble());
            double[] now = Doubles(store[name]), moved = [.. now.Zip(Doubles(start[name]), (a, b) => a - b)];
            AssertClose(subject, $"{key}_change_l2 of {name}", Norm(moved), change, tolerance, change);
            AssertClose(subject, $"{key}_l2 of {name}", Norm(now), norm, (tolerance * change / norm) + 1e-6, norm);
        }
        foreach (JsonElement statistic in trace.Statistics)
        {
            string name = trace.Variable(graph.Variables, statistic).Name;
            double expected = statistic.GetProperty($"{key}_l2").GetDouble(),
                tolerance = Math.Max(1e-5, 10 * statistic.GetProperty($"{key}_f32_err").GetDouble());
            AssertClose(subject, $"{key}_l2 of {name}", Norm(Doubles(store[name])), expected, tolerance, expected);
        }
    }

    /// <summary>Notes the error and fails where it is above the tolerance; both are fractions of the scale.</summary>
    private void AssertClose(Subject subject, string what, double actual, double expected, double tolerance,
        double scale)
    {
        double difference = Math.Abs(actual - expected);
        errors.Add(log, subject.Quantity,
            $"{Path.GetFileNameWithoutExtension(subject.File)}: {what}", difference / scale, tolerance);
        Assert.True(difference <= tolerance * scale,
            $"{what}: {actual:r}, golden {expected:r}, tolerance {tolerance:g3} of {scale:g4}");
    }

    private static double[] Doubles(Variable variable) =>
        Array.ConvertAll(variable.Values<float>().ToArray(), v => (double)v);

    private static double Norm(double[] values) => Math.Sqrt(values.Sum(v => v * v));

    /// <summary>What is compared, of which trace.</summary>
    private readonly record struct Subject(string Quantity, string File);
}
