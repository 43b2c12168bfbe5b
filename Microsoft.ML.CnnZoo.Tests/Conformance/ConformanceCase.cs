using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>One op with inputs and attributes, named by its geometry.</summary>
/// <param name="Name">Op and geometry, for example <c>Conv2D x=[1,4,4,1] f=[3,3,1,2] s=2 SAME</c>.</param>
/// <param name="Op">TensorFlow's op name.</param>
/// <param name="Inputs">Inputs.</param>
/// <param name="Attributes">Attributes other than the defaults.</param>
/// <param name="Tolerance">Largest error, as a fraction of the result's largest element: float32 rounds every product
/// (6e-8), sums of a few hundred to thousands stay below 1e-5.</param>
internal sealed record ConformanceCase(string Name, string Op, KernelCaseInput[] Inputs,
    KeyValuePair<string, AttributeValue>[] Attributes, double Tolerance = 1e-5)
{
    /// <summary>Runs the case and compares with the naive loops.</summary>
    /// <returns>False when there is no kernel for it.</returns>
    public bool Check(IKernelSet kernels, WorkerPool? workers = null)
    {
        KernelRun? run = KernelHarness.Run(kernels, Op, Inputs, Attributes, workers);
        if (run is null)
            return false;
        NaiveTensor[] expected = NaiveOps.Evaluate(run.Node, [.. Inputs.Select(i => NaiveTensor.From(i.Value))]);
        Tensor[] actual = Inputs[0].Kind == InputKind.Handle ? run.Variables : run.Outputs;
        Assert.True(actual.Length > 0);
        for (int i = 0; i < actual.Length; i++)
            Comparison.AssertClose($"{Name}, output {i}", expected[i].Data,
                NaiveTensor.From(actual[i]).Data, Tolerance);
        return true;
    }

    public override string ToString() => Name;
}

/// <summary>Comparison of tensors by their largest element.</summary>
internal static class Comparison
{
    /// <summary>
    /// Fails where an element differs by more than a fraction of the largest expected element, or is NaN where the
    /// other is not.
    /// </summary>
    /// <returns>The largest difference, as a fraction of the largest expected element.</returns>
    public static double AssertClose(string what, double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = Math.Max(1e-30, expected.Select(Math.Abs).Where(double.IsFinite).DefaultIfEmpty(1).Max());
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i] == actual[i] || (double.IsNaN(expected[i]) && double.IsNaN(actual[i])))
                continue;
            double difference = Math.Abs(expected[i] - actual[i]);
            if (!(difference <= tolerance * scale))
                Assert.Fail($"{what}: element {i} is {actual[i]:R}, expected {expected[i]:R} (tolerance {tolerance:g2} of {scale:g4}).");
            worst = Math.Max(worst, difference / scale);
        }
        return worst;
    }
}

/// <summary>Seeded tensors for cases.</summary>
internal sealed class CaseValues(int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Uniform in [low, high).</summary>
    public Tensor Uniform(TensorShape shape, double low = -1, double high = 1)
    {
        var tensor = new Tensor(new TensorSpec(DataType.Float, shape));
        foreach (ref float v in tensor.Values<float>())
            v = (float)(low + ((high - low) * _random.NextDouble()));
        return tensor;
    }

    /// <summary>A handful of distinct values, so that ties happen.</summary>
    public Tensor Tied(TensorShape shape)
    {
        var tensor = new Tensor(new TensorSpec(DataType.Float, shape));
        foreach (ref float v in tensor.Values<float>())
            v = _random.Next(4);
        return tensor;
    }

    /// <summary>In [0, 1), evenly spaced, in random order: without ties and near ties.</summary>
    public Tensor Distinct(TensorShape shape)
    {
        float[] values = [.. Enumerable.Range(0, (int)shape.ElementCount).Select(i => (float)i / shape.ElementCount)];
        _random.Shuffle(values);
        return Tensor.Of<float>(shape, values);
    }

    /// <summary>Whole numbers from -3 to 3, as floats.</summary>
    public Tensor Whole(TensorShape shape)
    {
        var tensor = new Tensor(new TensorSpec(DataType.Float, shape));
        foreach (ref float v in tensor.Values<float>())
            v = _random.Next(-3, 4);
        return tensor;
    }

    /// <summary>Integers in [0, bound).</summary>
    public Tensor Integers(TensorShape shape, int bound)
    {
        var tensor = new Tensor(new TensorSpec(DataType.Int32, shape));
        foreach (ref int v in tensor.Values<int>())
            v = _random.Next(bound);
        return tensor;
    }

    /// <summary>Booleans.</summary>
    public Tensor Booleans(TensorShape shape)
    {
        var tensor = new Tensor(new TensorSpec(DataType.Bool, shape));
        foreach (ref byte v in tensor.Bytes)
            v = (byte)_random.Next(2);
        return tensor;
    }
}
