using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>
/// Compares an op's gradient graph, run by kernels, with central differences of the naive forward loops in
/// double precision. The loss is Σ dy·y with a dy whose elements differ.
/// </summary>
internal static class KernelGradientChecker
{
    private const double Step = 1e-4;

    /// <summary>
    /// Checks the gradients of all fed float inputs of a case; <paramref name="tamper"/> may change the computed ones.
    /// </summary>
    /// <returns>Number of gradients that were compared.</returns>
    public static int Check(IKernelSet kernels, ConformanceCase c, double tolerance = 2e-4,
        Action<float[]>? tamper = null)
    {
        var builder = new GraphBuilder();
        var feeds = new Dictionary<string, Tensor>();
        NodeOutput[] inputs = [.. c.Inputs.Select((input, i) => AddInput(builder, feeds, input, i))];
        NodeDef node = builder.AddNode(c.Op, inputs, c.Attributes, "forward");
        Tensor dy = new CaseValues(99).Uniform(node.Outputs[0].Shape);
        feeds.Add("dy", dy);
        var outputGradients = new NodeOutput?[node.Outputs.Count];
        outputGradients[0] = builder.Placeholder("dy", DataType.Float, dy.Shape);
        bool[] needed = [.. c.Inputs.Select(i => i.Kind == InputKind.Fed && i.Value.Spec.Type == DataType.Float)];
        NodeOutput?[] gradients =
            node.Definition.BuildGradient(new GradientContext(builder, node, outputGradients, needed));
        int compared = 0;
        for (int i = 0; i < inputs.Length; i++)
        {
            if (!needed[i] || gradients[i] is not NodeOutput gradient)
                continue;
            Assert.Equal(inputs[i].Shape, gradient.Shape);
            float[] actual = KernelHarness.Evaluate(kernels, builder.ToGraph(), feeds, [gradient])![0]
                .Values<float>().ToArray();
            tamper?.Invoke(actual);
            Comparison.AssertClose($"{c.Name}, gradient of input {i}", Differences(node, c, i, dy),
                Array.ConvertAll(actual, v => (double)v), tolerance);
            compared++;
        }
        return compared;
    }

    private static NodeOutput AddInput(GraphBuilder builder, Dictionary<string, Tensor> feeds,
        KernelCaseInput input, int index)
    {
        if (input.Kind == InputKind.Constant)
            return builder.Constant(new TensorLiteral(input.Value.Spec.Type, input.Value.Shape, input.Value.Bytes),
                $"input{index}");
        feeds.Add($"input{index}", input.Value);
        return builder.Placeholder($"input{index}", input.Value.Spec.Type, input.Value.Shape);
    }

    private static double[] Differences(NodeDef node, ConformanceCase c, int input, Tensor dy)
    {
        NaiveTensor[] x = [.. c.Inputs.Select(i => NaiveTensor.From(i.Value))];
        double[] weights = NaiveTensor.From(dy).Data, data = x[input].Data;
        var result = new double[data.Length];
        for (int i = 0; i < data.Length; i++)
        {
            double value = data[i];
            data[i] = value + Step;
            double above = Loss();
            data[i] = value - Step;
            double below = Loss();
            data[i] = value;
            result[i] = (above - below) / (2 * Step);
        }
        return result;

        double Loss() => NaiveOps.Evaluate(node, x)[0].Data.Zip(weights, (y, w) => y * w).Sum();
    }
}
