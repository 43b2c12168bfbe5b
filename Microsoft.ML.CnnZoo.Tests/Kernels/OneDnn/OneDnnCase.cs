using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.OneDnn;
using Microsoft.ML.CnnZoo.Tests.Conformance;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Kernels.OneDnn;

/// <summary>One node with its inputs, run by oneDNN and compared with the naive loops.</summary>
internal sealed class OneDnnCase
{
    private readonly GraphBuilder _builder = new();
    private readonly Dictionary<string, Tensor> _feeds = [];
    private readonly List<NaiveTensor> _inputs = [];
    private readonly List<NodeOutput> _outputs = [];
    private readonly Random _random = new(4711);

    public NodeDef Node { get; private set; } = null!;

    /// <summary>Adds an input of values in [-1, 1), or those given.</summary>
    public OneDnnCase Input(TensorShape shape, float[]? values = null)
    {
        values ??= [.. Enumerable.Range(0, (int)shape.ElementCount).Select(_ => (_random.NextSingle() * 2) - 1)];
        string name = $"input{_inputs.Count}";
        _feeds.Add(name, Tensor.Of<float>(shape, values));
        _inputs.Add(NaiveTensor.From(_feeds[name]));
        _outputs.Add(_builder.Placeholder(name, DataType.Float, shape));
        return this;
    }

    /// <summary>Adds an input of integers known when the kernel is prepared.</summary>
    public OneDnnCase Constant(params ReadOnlySpan<int> values)
    {
        Tensor tensor = Tensor.Of(new TensorShape(values.Length), values);
        _inputs.Add(NaiveTensor.From(tensor));
        _outputs.Add(_builder.Constant(new TensorLiteral(DataType.Int32, tensor.Shape, tensor.Bytes), $"input{_inputs.Count - 1}"));
        return this;
    }

    public OneDnnCase Op(string op, params ReadOnlySpan<(string Name, AttributeValue Value)> attributes)
    {
        var pairs = new List<KeyValuePair<string, AttributeValue>>();
        foreach ((string name, AttributeValue value) in attributes)
            pairs.Add(new(name, value));
        Node = _builder.AddNode(op, _outputs.ToArray(), pairs, "node");
        return this;
    }

    /// <summary>The outputs by oneDNN; null when it has no kernel.</summary>
    public Tensor[]? Run(int threads)
    {
        using var workers = new WorkerPool(threads);
        return KernelHarness.Evaluate(OneDnnBackend.TryCreate(out _)!, _builder.ToGraph(), _feeds,
            [.. Enumerable.Range(0, Node.Outputs.Count).Select(i => Node.Output(i))], workers: workers);
    }

    /// <summary>Runs and compares.</summary>
    /// <param name="threads">Threads to run on.</param>
    /// <param name="tolerance">Greatest error, as a share of the largest expected value (at least 1): float32 sums of up to a few thousand terms.</param>
    public void Check(int threads, double tolerance = 2e-5)
    {
        Tensor[]? actual = Run(threads);
        Assert.NotNull(actual);
        NaiveTensor[] expected = NaiveOps.Evaluate(Node, _inputs);
        for (int port = 0; port < expected.Length; port++)
        {
            double scale = Math.Max(1, expected[port].Data.Max(Math.Abs));
            float[] values = actual[port].Values<float>().ToArray();
            for (int i = 0; i < values.Length; i++)
                Assert.True(Math.Abs(values[i] - expected[port].Data[i]) <= tolerance * scale,
                    $"{Node} on {threads} threads: output {port}[{i}] is {values[i]}, expected {expected[port].Data[i]}.");
        }
    }
}
