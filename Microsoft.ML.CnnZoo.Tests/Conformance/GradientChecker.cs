using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>
/// Compares the gradients that ReverseMode adds with central differences, both in double precision with the naive ops,
/// without kernels.
/// </summary>
internal static class GradientChecker
{
    private const double Step = 1e-5;

    /// <summary>
    /// The largest difference between gradient and central difference over all elements of all sources, relative to the
    /// largest gradient element (at least 1).
    /// </summary>
    /// <param name="build">Adds the function under test to the graph, from its inputs.</param>
    /// <param name="shapes">Shapes of the inputs, fully known.</param>
    /// <param name="sources">Which inputs to differentiate by.</param>
    /// <param name="low">Least input value.</param>
    /// <param name="high">Greatest input value.</param>
    /// <param name="seed">Seed of the inputs and of the weights of the sum that reduces the result to a scalar.</param>
    /// <param name="tamper">Changes a gradient before it is compared; tests of the checker itself use it.</param>
    public static double WorstError(Func<GraphBuilder, NodeOutput[], NodeOutput> build, TensorShape[] shapes,
        int[] sources, double low, double high, int seed, Action<double[]>? tamper = null)
    {
        var random = new Random(seed);
        var g = new GraphBuilder(GraphMode.Training);
        NodeOutput[] inputs = [.. shapes.Select((s, i) => g.Placeholder($"x{i}", DataType.Float, s))];
        NodeOutput loss = WeightedSum(g, build(g, inputs), random);
        IReadOnlyList<NodeOutput?> gradients = ReverseMode.AddGradients(g, loss, [.. sources.Select(i => inputs[i])]);
        NaiveTensor[] values = [.. shapes.Select(s => new NaiveTensor(s, Draw(s, random, low, high)))];
        double worst = 0;
        for (int k = 0; k < sources.Length; k++)
        {
            NodeOutput gradient = gradients[k]
                ?? throw new InvalidOperationException($"No gradient reaches input {sources[k]}.");
            double[] actual = [.. Evaluate(g, gradient, values).Data];
            tamper?.Invoke(actual);
            double[] expected = CentralDifferences(g, loss, values, sources[k]);
            double scale = Math.Max(1, expected.Max(Math.Abs));
            for (int i = 0; i < expected.Length; i++)
                worst = Math.Max(worst,
                    double.IsNaN(actual[i]) ? double.PositiveInfinity : Math.Abs(actual[i] - expected[i]) / scale);
        }
        return worst;
    }

    private static double[] CentralDifferences(GraphBuilder g, NodeOutput loss, NaiveTensor[] values, int source)
    {
        double[] x = values[source].Data;
        var result = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double at = x[i];
            x[i] = at + Step;
            double up = Evaluate(g, loss, values).Data[0];
            x[i] = at - Step;
            double down = Evaluate(g, loss, values).Data[0];
            x[i] = at;
            result[i] = (up - down) / (2 * Step);
        }
        return result;
    }

    /// <summary>Σ y·dy with uneven dy: a constant one would hide permutations.</summary>
    private static NodeOutput WeightedSum(GraphBuilder g, NodeOutput y, Random random)
    {
        float[] weights = [.. Draw(y.Shape, random, -1, 1).Select(v => (float)v)];
        NodeOutput product = g.AddNode("Mul", [y, g.Constant(TensorLiteral.Of<float>(y.Shape, weights), "dy")],
            name: "weighted").Output();
        return y.Shape.Rank == 0 ? product
            : g.AddNode("Sum",
                [product, g.Constant(TensorLiteral.Vector<int>([.. Enumerable.Range(0, y.Shape.Rank)]), "all")],
                name: "loss").Output();
    }

    private static double[] Draw(TensorShape shape, Random random, double low, double high) =>
        [.. Enumerable.Range(0, (int)shape.ElementCount).Select(_ => low + ((high - low) * random.NextDouble()))];

    private static NaiveTensor Evaluate(GraphBuilder g, NodeOutput wanted, NaiveTensor[] values)
    {
        var needed = new HashSet<NodeDef> { wanted.Node };
        for (int i = wanted.Node.Index; i >= 0; i--)
            if (needed.Contains(g.Nodes[i]))
                needed.UnionWith(g.Nodes[i].Inputs.Select(input => input.Node));
        var results = new Dictionary<NodeDef, NaiveTensor[]>();
        foreach (NodeDef node in g.Nodes.Where(needed.Contains))
            results[node] = node.Op switch
            {
                "Placeholder" => [values[int.Parse(node.Name.AsSpan(1))]],
                "Const" => [NaiveTensor.From(Literal(node.Attributes["value"].Tensor))],
                "Shape" => [new NaiveTensor(node.Outputs[0].Shape,
                    [.. node.Inputs[0].Shape.Dimensions.ToArray().Select(d => (double)d)])],
                "Reshape" or "Squeeze" or "ExpandDims" or "Identity" =>
                    [new NaiveTensor(node.Outputs[0].Shape, results[node.Inputs[0].Node][node.Inputs[0].Port].Data)],
                _ => NaiveOps.Evaluate(node, [.. node.Inputs.Select(i => results[i.Node][i.Port])]),
            };
        return results[wanted.Node][wanted.Port];
    }

    private static Tensor Literal(TensorLiteral literal)
    {
        var tensor = new Tensor(literal.Spec);
        literal.Bytes.CopyTo(tensor.Bytes);
        return tensor;
    }
}
