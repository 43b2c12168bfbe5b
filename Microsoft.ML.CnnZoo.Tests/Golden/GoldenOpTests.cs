using System.Text.Json;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Differentiation;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Conformance;
using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>PyTorch's results for single operators, with all gradients.</summary>
public class GoldenOpTests(GoldenReport errors, ITestOutputHelper log) : IClassFixture<GoldenReport>
{
    /// <summary>Of the result's largest element: float32 against float64.</summary>
    private const double Tolerance = 1e-5;

    public static TheoryData<string> Ids =>
        [.. GoldenOpCase.Entries("cases").Select(c => c.GetProperty("id").GetString()!)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Op_GoldenCase_AgreesWithPyTorch(string id)
    {
        var golden = new GoldenOpCase(id, GoldenOpCase.Entries("cases")
            .First(c => c.GetProperty("id").GetString() == id));
        var graph = new GoldenOpGraph(golden);
        string result = golden.Json.GetProperty("outputs").TryGetProperty("loss", out _) ? "loss" : "y";
        AssertClose("operators", $"{id} {result}", golden.Output(result).Data,
            Run(graph, graph.Result));
        foreach ((string name, NodeOutput output, double[] expected) in graph.Extras)
            AssertClose("operators", $"{id} {name}", expected, Run(graph, output));

        NodeOutput dy = graph.Builder.Constant(new TensorLiteral(DataType.Float, graph.Result.Shape,
            golden.Upstream().Bytes));
        NodeOutput product = graph.Op("Mul", [graph.Result, dy]);
        NodeOutput loss = graph.Op("Sum",
            [product, graph.Builder.Constant(TensorLiteral.Vector<int>([.. Enumerable.Range(0, product.Shape.Rank)]))]);
        string[] names = [.. golden.Json.GetProperty("grads").EnumerateObject().Select(p => p.Name)];
        IReadOnlyList<NodeOutput?> gradients = ReverseMode.AddGradients(graph.Builder, loss,
            [.. names.Select(n => graph.Inputs[n])]);
        for (int i = 0; i < names.Length; i++)
            AssertClose("gradients of operators", $"{id} gradient of {names[i]}",
                golden.Gradient(names[i]).Data, Run(graph, gradients[i]!.Value));
    }

    [Theory]
    [InlineData("opt_sgd", "ResourceApplyGradientDescent")]
    [InlineData("opt_momentum", "ResourceApplyMomentum")]
    [InlineData("opt_adam", "ResourceApplyAdam")]
    public void Optimizer_GoldenSteps_AgreeWithPyTorch(string id, string op)
    {
        JsonElement golden = GoldenOpCase.Entries("optimizers").First(c => c.GetProperty("id").GetString() == id),
            hyper = golden.GetProperty("hyper");
        float Hyper(string name) => hyper.GetProperty(name).GetSingle();
        Tensor[] state = [Vector(golden.GetProperty("param_start")), new(new TensorSpec(DataType.Float, new(6))),
            new(new TensorSpec(DataType.Float, new(6)))];
        for (int step = 0; step < golden.GetProperty("gradients").GetArrayLength(); step++)
        {
            Tensor gradient = Vector(golden.GetProperty("gradients")[step]);
            KernelCaseInput[] handles = [.. state.Select(s => new KernelCaseInput(s, InputKind.Handle))];
            KernelCaseInput[] inputs = op switch
            {
                "ResourceApplyGradientDescent" => [handles[0], Scalar(Hyper("lr")), new(gradient)],
                "ResourceApplyMomentum" => [handles[0], handles[1], Scalar(Hyper("lr")), new(gradient),
                    Scalar(Hyper("mu"))],
                // The paper's epsilon is added to √(v/(1−β₂ᵗ)), this op's to √v.
                _ => [.. handles, Scalar(MathF.Pow(Hyper("b1"), step + 1)), Scalar(MathF.Pow(Hyper("b2"), step + 1)),
                    Scalar(Hyper("lr")), Scalar(Hyper("b1")), Scalar(Hyper("b2")),
                    Scalar(Hyper("eps") * MathF.Sqrt(1 - MathF.Pow(Hyper("b2"), step + 1))), new(gradient)],
            };
            KernelRun run = KernelHarness.Run(KernelSet.Shared, op, inputs)!;
            run.Variables.CopyTo(state, 0);
            AssertClose("optimizers", $"{id}, step {step}",
                GoldenOpCase.Numbers(golden.GetProperty("param_after_each_step")[step]),
                NaiveTensor.From(state[0]).Data);
        }
    }

    private void AssertClose(string quantity, string what, double[] expected, double[] actual) =>
        errors.Add(log, quantity, what, Comparison.AssertClose(what, expected, actual, Tolerance), Tolerance);

    private static double[] Run(GoldenOpGraph graph, NodeOutput output) =>
        NaiveTensor.From(KernelHarness.Evaluate(KernelSet.Shared, graph.Builder.ToGraph(), graph.Feeds,
            [output])![0]).Data;

    private static KernelCaseInput Scalar(float value) => new(Tensor.Of<float>(TensorShape.Scalar, value));

    private static Tensor Vector(JsonElement list) =>
        Tensor.Of<float>(new(list.GetArrayLength()), [.. GoldenOpCase.Numbers(list).Select(v => (float)v)]);
}
