using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats;

/// <summary>What tests of exports share.</summary>
internal static class Exports
{
    private static readonly string[] Few =
    [
        "lenet1", "lenet5", "alexnet", "vgg11_lrn", "nin", "googlenet", "squeezenet1_1", "inception_resnet_v2",
        "resnet18_option_a", "resnet50_v2", "resnext50_32x4d", "mobilenet_v2", "xception", "densenet40_k12_cifar",
    ];

    /// <summary>All networks.</summary>
    public static TheoryData<string> All => [.. CnnArchitectures.All.Select(a => a.Name)];

    /// <summary>One network of each kind; all with CNNZOO_FULL=1.</summary>
    public static TheoryData<string> EveryKind =>
        [.. CnnArchitectures.All.Select(a => a.Name).Where(name => TestScope.IsFull || Few.Contains(name))];

    /// <summary>A tensor of a graph without variables whose only placeholder is fed with whole images.</summary>
    public static float[] Run(NetworkGraph graph, NodeOutput fetch, float[] images)
    {
        NodeDef placeholder = graph.Nodes.Single(n => n.Op == "Placeholder");
        TensorShape image = placeholder.Outputs[0].Shape;
        int batch = images.Length / (int)image.With(0, 1).ElementCount;
        using var none = new VariableStore();
        using Executable plan = new Session(KernelSet.Shared).Compile(graph,
            new Dictionary<string, TensorShape> { [placeholder.Name] = image.With(0, batch) }, [fetch], [], none);
        images.CopyTo(plan.Feed<float>(placeholder.Name));
        plan.Run();
        return plan.Fetch<float>(0).ToArray();
    }

    /// <summary>The largest difference over the largest expected value.</summary>
    public static double Difference(IReadOnlyList<float> expected, IReadOnlyList<float> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        Assert.All(expected.Concat(actual), value => Assert.True(float.IsFinite(value)));
        return expected.Zip(actual, (e, a) => (double)Math.Abs(e - a)).Max() / expected.Max(e => Math.Abs(e));
    }
}
