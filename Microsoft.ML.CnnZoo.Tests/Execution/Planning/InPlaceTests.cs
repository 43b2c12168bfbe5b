using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution.Planning;

/// <summary>A step writes its result over an operand only if no other read of the operand is affected.</summary>
public sealed class InPlaceTests
{
    private static readonly Dictionary<string, Func<GraphBuilder, NodeOutput, NodeOutput>> Steps = new()
    {
        ["AddN"] = (g, x) => g.AddNode("AddN", [x, g.AddNode("Tanh", [x]).Output(), x], [new("N", AttributeValue.Of(3L))]).Output(),
        ["AddV2"] = (g, x) => g.AddNode("AddV2", [x, x]).Output(),
        // The sum is fused into the convolution, which reads x as its image too.
        ["_FusedConv2D"] = (g, x) => g.AddNode("AddV2", [g.Conv2D(x, 16, 3, Padding.Same, "conv"), x]).Output(),
    };

    public static TheoryData<string> Cases => [.. Steps.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_OperandThatAStepReadsTwice_IsNotOverwritten(string step) =>
        Assert.Equal(Run(step, keepsOperand: true), Run(step, keepsOperand: false));

    /// <summary>The step's result; a fetched operand is never overwritten.</summary>
    private static float[] Run(string step, bool keepsOperand)
    {
        var g = new GraphBuilder();
        NodeOutput operand = g.MaxPool2D(g.Placeholder("x", DataType.Float, new TensorShape(1, 9, 9, 16)), 3, 1,
            Padding.Same, "pool"), result = Steps[step](g, operand);
        using var variables = new VariableStore();
        using Executable plan = new Session(KernelSet.Shared)
            .Compile(g.ToGraph(), new Dictionary<string, TensorShape>(), keepsOperand ? [result, operand] : [result],
            [], variables);
        Assert.Contains(plan.Steps, s => s.Op == step);
        var random = new Random(2);
        foreach (Variable variable in variables.Variables.OrderBy(v => v.Name, StringComparer.Ordinal))
        {
            foreach (ref float v in variable.Values<float>())
                v = random.NextSingle() - 0.5f;
            variable.Touch();
        }
        foreach (ref float v in plan.Feed<float>("x"))
            v = random.NextSingle() - 0.5f;
        plan.Run();
        return plan.Fetch<float>(0).ToArray();
    }
}
