using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Explain;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Tests.Explain;

/// <summary>A network of the catalog on its smallest image, with weights and image by formula.</summary>
internal sealed class FilledNetwork : IDisposable
{
    private const int Classes = 5;
    private readonly Session _session = new(KernelSet.Shared);
    private readonly Lazy<Executable> _logits;

    public FilledNetwork(string name)
    {
        CnnArchitecture network = GoldenNetwork.Find(name)!;
        double gain = name.Contains("res", StringComparison.Ordinal) || name == "xception" ? 3 : 6; // as the golden files have it
        int side = Math.Max(32, network.MinimumSize);
        Graphs = new(network, network.DefaultInput with { Height = side, Width = side }, Classes);
        Image = GoldenFill.Input("image", Graphs.Image.ValueCount);
        ClassificationGraph scoring = Graphs.Scoring();
        foreach (VariableDefinition variable in scoring.Graph.Variables)
        {
            Variable values = Weights.GetOrAdd(variable.Name, variable.Spec);
            GoldenTensor tensor = TraceNetworks.Tensor(variable, variable.Name);
            if (variable.Spec.Shape is { Rank: 4 } shape && shape[3] == 1)
                tensor = tensor with { Shape = [shape[2], 1, shape[0], shape[1]] }; // depthwise
            GoldenFill.Weights(tensor, gain).CopyTo(values.Values<float>());
            values.Touch();
        }
        _logits = new(() => Compile(new() { Graph = scoring.Graph, Image = scoring.Image,
            Fetches = [scoring.Fetches[0].Node.Inputs[0]] }));
    }

    public ClassificationGraphs Graphs { get; }

    public VariableStore Weights { get; } = new();

    public float[] Image { get; }

    /// <summary>The image, moved along a direction.</summary>
    public float[] Moved(float[] direction, double step) => [.. Image.Zip(direction, (v, d) => (float)(v + step * d))];

    public double[] Logits(float[] image)
    {
        image.CopyTo(_logits.Value.Feed<float>(ClassificationGraph.ImageInput));
        _logits.Value.Run();
        return Array.ConvertAll(_logits.Value.Fetch<float>(0).ToArray(), v => (double)v);
    }

    /// <summary>What a graph computes for the image and a class.</summary>
    public float[][] Explain(ClassificationGraph graph, int target)
    {
        using Executable plan = Compile(graph);
        Image.CopyTo(plan.Feed<float>(ClassificationGraph.ImageInput));
        if (plan.HasFeed(ExplanationGraphs.ClassInput))
        {
            plan.Feed<float>(ExplanationGraphs.ClassInput).Clear();
            plan.Feed<float>(ExplanationGraphs.ClassInput)[target] = 1;
        }
        plan.Run();
        return [.. Enumerable.Range(0, graph.Fetches.Count).Select(i => plan.Fetch<float>(i).ToArray())];
    }

    public void Dispose()
    {
        if (_logits.IsValueCreated)
            _logits.Value.Dispose();
        Weights.Dispose();
    }

    private Executable Compile(ClassificationGraph graph) => _session.Compile(graph.Graph, graph.Graph.Nodes
        .Where(n => n.Op == "Placeholder").ToDictionary(n => n.Name, n => n.Outputs[0].Shape.With(0, 1)), graph.Fetches, [],
        Weights);
}
