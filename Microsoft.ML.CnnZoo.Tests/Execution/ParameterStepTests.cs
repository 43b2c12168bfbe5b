using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution;

/// <summary>Values that depend on variables alone are recomputed only when variables change.</summary>
public sealed class ParameterStepTests
{
    private static readonly string[] Statistics = ["gamma", "beta", "mean", "variance"];

    [Fact]
    public void Run_VariableChanges_FoldedFilterFollows()
    {
        using var variables = new VariableStore();
        using Executable folded = Compile(variables, fuse: true), plain = Compile(variables, fuse: false);
        for (int round = 0; round < 3; round++)
        {
            SetAll(variables, round);
            for (int run = 0; run < 2; run++)
            {
                float[] expected = Run(plain, round + run), actual = Run(folded, round + run);
                Assert.Contains(expected, v => Math.Abs(v) > 0.1);
                double tolerance = 1e-6 * expected.Max(Math.Abs);
                for (int i = 0; i < expected.Length; i++)
                    Assert.Equal(expected[i], actual[i], tolerance);
            }
        }
    }

    [Fact]
    public void RunProfiled_NothingChanged_ParameterStepsAreSkipped()
    {
        using var variables = new VariableStore();
        using Executable plan = Compile(variables, fuse: true);
        SetAll(variables, 0);
        var first = new long[plan.Steps.Count];
        plan.RunProfiled(first);
        Assert.DoesNotContain(0, first);
        var second = new long[plan.Steps.Count];
        plan.RunProfiled(second);
        Assert.Equal(["_FusedConv2D", "_FusedDepthwiseConv2dNative"],
            plan.Steps.Where((_, i) => second[i] > 0).Select(s => s.Op));
        variables["w"].Touch();
        plan.RunProfiled(second);
        Assert.DoesNotContain(0, second);
    }

    private static void SetAll(VariableStore variables, int round)
    {
        foreach (Variable variable in variables.Variables)
        {
            Span<float> values = variable.Values<float>();
            for (int i = 0; i < values.Length; i++)
                values[i] = 0.3f + MathF.Abs(MathF.Sin((i * 1.7f) + round + variable.Name.Length));
            variable.Touch();
        }
    }

    private static float[] Run(Executable plan, int seed)
    {
        Span<float> image = plan.Feed<float>("image");
        for (int i = 0; i < image.Length; i++)
            image[i] = MathF.Sin((i * 0.37f) + seed);
        plan.Run();
        return plan.Fetch<float>(0).ToArray();
    }

    private static Executable Compile(VariableStore variables, bool fuse)
    {
        var g = new GraphBuilder();
        NodeOutput image = g.Placeholder("image", DataType.Float, new TensorShape(-1, 6, 6, 3));
        NodeOutput x = g.AddNode("Conv2D", [image, Read(g, "w", 3, 3, 3, 8)],
            new Conv2DAttributes(1, 1, Padding.Same).ToAttributes()).Output();
        x = g.AddNode("BiasAdd", [x, Read(g, "b", 8)]).Output();
        x = g.AddNode("Relu", [Normalize(g, x, 8, "n1")]).Output();
        x = g.AddNode("DepthwiseConv2dNative", [x, Read(g, "d", 3, 3, 8, 2)],
            new Conv2DAttributes(2, 2, Padding.Same).ToAttributes()).Output();
        x = Normalize(g, x, 16, "n2");
        return new Session(KernelSet.Shared)
            .Compile(g.ToGraph(), new Dictionary<string, TensorShape> { ["image"] = new(2, 6, 6, 3) }, [x],
            [], variables,
            new CompileOptions { Fuse = fuse });
    }

    private static NodeOutput Normalize(GraphBuilder g, NodeOutput x, int channels, string name) =>
        g.AddNode("FusedBatchNormV3",
        [x, .. Statistics.Select(s => Read(g, $"{name}/{s}", channels))],
        [new("is_training", AttributeValue.Of(false))]).Output();

    private static NodeOutput Read(GraphBuilder g, string name, params int[] shape) =>
        g.ReadVariable(new VariableDefinition(name, new TensorSpec(DataType.Float, new TensorShape(shape)),
            VariableRole.Kernel, Initializer.Zeros));
}
