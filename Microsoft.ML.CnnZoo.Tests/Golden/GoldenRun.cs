using System.Text.Json;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Weights.Names;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>
/// One case of a golden/logits file: the network in inference with the formula's weights, ready to compute any of its
/// tensors.
/// </summary>
internal sealed class GoldenRun : IDisposable
{
    private readonly VariableStore _variables = new();
    private readonly CnnArchitecture _network;
    private readonly NetworkGraph _graph;
    private readonly CnnPrecision _precision;
    private readonly TensorShape _shape;
    private readonly float[] _image;

    /// <summary>Builds and fills the network.</summary>
    /// <param name="network">As the catalog has it.</param>
    /// <param name="golden">The case.</param>
    /// <param name="gain">conv_c of the file.</param>
    /// <param name="precision">Numeric precision.</param>
    public GoldenRun(CnnArchitecture network, JsonElement golden, double gain,
        CnnPrecision precision = CnnPrecision.Float32)
    {
        (_network, _precision) = (Form(network, golden), precision);
        JsonElement input = golden.GetProperty("input");
        int[] nchw = [.. input.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
        var g = new GraphBuilder();
        _shape = new TensorShape(nchw[0], nchw[2], nchw[3], nchw[1]);
        NodeOutput image = g.Placeholder("image", DataType.Float, _shape.With(0, TensorShape.Unknown));
        Outputs = _network.Build(g, image, golden.GetProperty("logits").GetProperty("count").GetInt32() / nchw[0]);
        _graph = g.ToGraph();
        GoldenNetwork.Fill(_network, _graph.Variables, _variables, gain);
        float[] values = GoldenFill.Input(input.GetProperty("name").GetString()!, _shape.ElementCount,
            input.GetProperty("scale").GetDouble());
        _image = GoldenLayout.ToNhwc(values, nchw[0], nchw[1], nchw[2], nchw[3]);
    }

    /// <summary>The network's tensors.</summary>
    public NetworkOutputs Outputs { get; }

    /// <summary>
    /// What a module of PyTorch's library returns: the last tensor of the node or scope that the network names.
    /// </summary>
    public NodeOutput Module(string module)
    {
        string name = TorchNames.Of(_network).Module(module);
        return _graph.Nodes.Last(n => (n.Name == name || n.Name.StartsWith($"{name}/", StringComparison.Ordinal))
            && n.Outputs.Count > 0).Output();
    }

    /// <summary>Computes tensors.</summary>
    public double[][] Compute(IReadOnlyList<NodeOutput> tensors)
    {
        var feeds = new Dictionary<string, TensorShape> { ["image"] = _shape };
        using Executable plan = new Session(KernelSet.Shared)
            .Compile(_graph, feeds, tensors, [], _variables, new CompileOptions { Precision = _precision });
        _image.CopyTo(plan.Feed<float>("image"));
        plan.Run();
        return [.. Enumerable.Range(0, tensors.Count)
            .Select(i => Array.ConvertAll(plan.Fetch<float>(i).ToArray(), v => (double)v))];
    }

    /// <inheritdoc/>
    public void Dispose() => _variables.Dispose();

    private static CnnArchitecture Form(CnnArchitecture network, JsonElement golden)
    {
        if (golden.TryGetProperty("same_layers", out _))
            network = network.WithTensorFlowPadding();
        if (golden.TryGetProperty("bn_eps", out JsonElement epsilon))
            network = network.WithBatchNormEpsilon(epsilon.GetSingle());
        return golden.EnumerateObject().Any(p => p.Name.StartsWith("aux", StringComparison.Ordinal))
            ? network.WithAuxiliariesInInference() : network;
    }
}
