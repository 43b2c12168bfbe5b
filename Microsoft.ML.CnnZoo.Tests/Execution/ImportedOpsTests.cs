using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Conformance;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution;

/// <summary>
/// A network of the ops that other frameworks' files bring, in plans: with memory reused, results written in place and
/// a batch that is unknown until then.
/// </summary>
public sealed class ImportedOpsTests
{
    private static readonly TensorShape Shape = new(2, 6, 5, 12);

    [Theory]
    [InlineData(CnnPrecision.Float32, "Max", "Min", 1e-5)]
    [InlineData(CnnPrecision.BFloat16, "Sum", "Mean", 0.1)] // rounded, another element may be the greatest
    public void Run_PlanOfAllOps_GivesWhatTheKernelsGiveOneByOne(CnnPrecision precision, string first, string second,
        double tolerance)
    {
        var g = new GraphBuilder(GraphMode.Training);
        NodeOutput x = g.Placeholder("x", DataType.Float, Shape.With(0, -1));
        NodeOutput y = Build(g, x, first, second), loss = g.AddNode("L2Loss", [y]).Output();
        NodeOutput dx = ReverseMode.AddGradients(g, loss, [x])[0]!.Value;
        Assert.Equal(x.Shape, dx.Shape);
        Tensor input = new CaseValues(3).Uniform(Shape);
        using var variables = new VariableStore();
        using Executable plan = new Session(KernelSet.Shared).Compile(g.ToGraph(),
            new Dictionary<string, TensorShape> { ["x"] = Shape }, [y, dx], [], variables,
            new CompileOptions { Precision = precision });
        for (int run = 0; run < 2; run++) // in memory that holds the first run's values
        {
            input.Values<float>().CopyTo(plan.Feed<float>("x"));
            plan.Run();
        }

        var known = new GraphBuilder(GraphMode.Training);
        NodeOutput knownX = known.Placeholder("x", DataType.Float, Shape),
            knownY = Build(known, knownX, first, second);
        NodeOutput knownDx = ReverseMode.AddGradients(known, known.AddNode("L2Loss", [knownY]).Output(), [knownX])[0]!
            .Value;
        Tensor[] expected = KernelHarness.Evaluate(KernelSet.Shared, known.ToGraph(),
            new Dictionary<string, Tensor> { ["x"] = input }, [knownY, knownDx])!;
        for (int i = 0; i < expected.Length; i++)
            Comparison.AssertClose($"output {i}", NaiveTensor.From(expected[i]).Data,
                Array.ConvertAll(plan.Fetch<float>(i).ToArray(), v => (double)v), tolerance);
    }

    private static NodeOutput Build(GraphBuilder g, NodeOutput x, string first, string second)
    {
        NodeOutput Ints(params int[] values) => g.Constant(TensorLiteral.Vector<int>(values));
        NodeOutput Node(string op, params NodeOutput[] inputs) => g.AddNode(op, inputs).Output();
        x = g.AddNode("AvgPool", [x], [new("ksize", AttributeValue.OfInts(1, 1, 1, 1)),
            new("strides", AttributeValue.OfInts(1, 1, 1, 1)), new("padding", AttributeValue.Of("VALID"))]).Output();
        foreach (string op in new[] { "Elu", "LeakyRelu", "Softsign", "Selu", "Erf", "Softplus" })
            x = Node(op, x);
        NodeOutput squeezed = g.AddNode("Mean", [x, Ints(1, 2)], [new("keep_dims", AttributeValue.Of(true))]).Output();
        x = Node("Mul", x, squeezed);
        x = Node("Pow", Node("Abs", x), g.Constant(TensorLiteral.Scalar(1.5f)));
        x = g.AddNode("MirrorPad",
            [x, g.Constant(TensorLiteral.Of<int>(new(4, 2), [0, 0, 1, 2, 2, 0, 0, 0]))],
            [new("mode", AttributeValue.Of("REFLECT"))]).Output();
        x = Node("Reshape", x, Ints(-1, 9, 7, 3, 4)); // channel shuffle
        x = Node("Reshape", Node("Transpose", x, Ints(0, 1, 2, 4, 3)), Ints(-1, 9, 7, 12));
        x = Node("ReverseV2", x, Ints(3));
        return Node("LogSoftmax", Node("AddV2", Node(first, x, Ints(1, 2)), Node(second, x, Ints(1, 2))));
    }
}
