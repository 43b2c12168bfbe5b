using System.Text.Json;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Explain;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Weights.Names;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>One case of golden/judge/explain: a network with the formula's weights and images.</summary>
internal sealed class ExplanationRun : IDisposable
{
    private readonly CnnArchitecture _network;
    private readonly ClassificationGraphs _graphs;
    private readonly VariableStore _variables = new();
    private readonly Session _session = new(KernelSet.Shared);
    private readonly string _layer;
    private readonly int[] _classes;
    private readonly float[] _images;

    /// <summary>Builds and fills the network.</summary>
    public ExplanationRun(JsonElement golden)
    {
        _network = GoldenNetwork.Find(golden.GetProperty("name").GetString()!)!;
        int[] nchw = [.. golden.GetProperty("inputShape").EnumerateArray().Select(e => e.GetInt32())];
        _classes = [.. golden.GetProperty("classes").EnumerateArray().Select(e => e.GetInt32())];
        Images = nchw[0];
        _graphs = new(_network, new ImageShape(nchw[2], nchw[3], nchw[1]), golden.GetProperty("logits").GetArrayLength() / Images);
        _images = GoldenLayout.ToNhwc(GoldenFill.Input("input", nchw.Aggregate(1L, (a, b) => a * b)), nchw[0], nchw[1],
            nchw[2], nchw[3]);
        NetworkGraph graph = _graphs.Scoring().Graph;
        string module = TorchNames.Of(_network).Module(golden.GetProperty("layer").GetString()!);
        _layer = graph.Nodes.Last(n => (n.Name == module || n.Name.StartsWith($"{module}/", StringComparison.Ordinal))
            && n.Outputs.Count > 0).Name;
        double gain = golden.GetProperty("conv_c").GetDouble();
        foreach (VariableDefinition definition in graph.Variables)
            Fill(definition, gain);
    }

    /// <summary>Images that the case has.</summary>
    public int Images { get; }

    /// <summary>Values of a layer for each image.</summary>
    public double[] Logits()
    {
        ClassificationGraph scoring = _graphs.Scoring();
        NodeOutput logits = scoring.Fetches[0].Node.Inputs[0];
        return [.. Run(new() { Graph = scoring.Graph, Image = scoring.Image, Fetches = [logits] })[0].Select(v => (double)v)];
    }

    public float[][] GradCam() => Run(new ExplanationGraphs(_graphs).GradCam(_layer, out _));

    public float[][] Saliency() => Run(new ExplanationGraphs(_graphs).Saliency());

    public IEnumerable<double> Occlusion(int image, int patch, int stride)
    {
        using var explainer = new NetworkExplainer(_graphs, _session, _variables);
        int size = _graphs.Image.ValueCount;
        HeatMap map = explainer.Occlusion(_images.AsSpan(image * size, size), _classes[image], patch, stride);
        return map.Values.Select(v => (double)v);
    }

    /// <summary>The Euclidean norm of each image's each channel.</summary>
    public IEnumerable<double> NormsByChannel(float[] gradient)
    {
        (int size, int channels) = (_graphs.Image.ValueCount, _graphs.Image.Channels);
        return Enumerable.Range(0, Images * channels).Select(i => Math.Sqrt(gradient.Skip(i / channels * size).Take(size)
            .Where((_, at) => at % channels == i % channels).Sum(v => (double)v * v)));
    }

    /// <inheritdoc/>
    public void Dispose() => _variables.Dispose();

    private float[][] Run(ClassificationGraph graph)
    {
        var feeds = graph.Graph.Nodes.Where(n => n.Op == "Placeholder")
            .ToDictionary(n => n.Name, n => n.Outputs[0].Shape.With(0, Images));
        using Executable plan = _session.Compile(graph.Graph, feeds, graph.Fetches, [], _variables);
        _images.CopyTo(plan.Feed<float>(ClassificationGraph.ImageInput));
        if (plan.HasFeed(ExplanationGraphs.ClassInput))
        {
            Span<float> factors = plan.Feed<float>(ExplanationGraphs.ClassInput);
            factors.Clear();
            for (int i = 0; i < Images; i++)
                factors[i * _graphs.Classes + _classes[i]] = 1;
        }
        plan.Run();
        return [.. Enumerable.Range(0, graph.Fetches.Count).Select(i => plan.Fetch<float>(i).ToArray())];
    }

    private void Fill(VariableDefinition definition, double gain)
    {
        string name = TorchNames.Of(_network).Variable(definition.Name);
        GoldenTensor listed = GoldenFiles.Tensors(_network.Name).Single(t => t.Name == name);
        if (listed.Shape[0] == 1000)
            listed = listed with { Shape = [_graphs.Classes, .. listed.Shape[1..]] };
        float[] values = GoldenFill.Weights(listed, gain);
        GoldenTensor tensor = GoldenLayout.AsDense(listed, definition.Spec.Shape);
        if (definition.FlattenShape is { } flat && tensor.Shape is [int outputs, int inputs] && inputs != flat.ElementCount)
        {
            values = BehindAdaptivePool(values, outputs, GoldenFiles.FlattenShape(_network.Name, name)!, flat);
            tensor = tensor with { Shape = [outputs, (int)flat.ElementCount] };
        }
        Variable variable = _variables.GetOrAdd(definition.Name, definition.Spec);
        GoldenLayout.ToVariable(tensor, values, definition.FlattenShape, GoldenLayout.IsDepthwise(tensor, definition.Spec.Shape))
            .CopyTo(variable.Values<float>());
        variable.Touch();
    }

    /// <summary>
    /// Torchvision brings maps of any size to that of 224 pixels by adaptive average pooling, in front of its first dense
    /// layer: both are linear, so that one matrix [out, C·h·w] does what they do together.
    /// </summary>
    private static float[] BehindAdaptivePool(float[] weights, int outputs, int[] pooled, TensorShape maps)
    {
        (int channels, int rows, int columns) = (pooled[0], pooled[1], pooled[2]);
        (int height, int width) = (maps[0], maps[1]);
        double[,] byRow = Bins(rows, height), byColumn = Bins(columns, width);
        var result = new float[outputs * channels * height * width];
        Parallel.For(0, outputs * channels, plane =>
        {
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++)
                {
                    double sum = 0;
                    for (int i = 0; i < rows; i++)
                        for (int j = 0; j < columns; j++)
                            sum += weights[(plane * rows + i) * columns + j] * byRow[i, y] * byColumn[j, x];
                    result[(plane * height + y) * width + x] = (float)sum;
                }
        });
        return result;
    }

    /// <summary>Share of each pixel in each bin: bin i covers pixels ⌊i·s/n⌋ … ⌈(i+1)·s/n⌉ − 1.</summary>
    private static double[,] Bins(int count, int size)
    {
        var shares = new double[count, size];
        for (int bin = 0; bin < count; bin++)
        {
            int first = bin * size / count, end = ((bin + 1) * size + count - 1) / count;
            for (int pixel = first; pixel < end; pixel++)
                shares[bin, pixel] = 1.0 / (end - first);
        }
        return shares;
    }
}
