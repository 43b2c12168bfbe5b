using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>
/// Dropout's masks: a function of seed, layer and step, the same for any number of threads, of the right rate.
/// </summary>
public class DropoutTests
{
    private const int Rows = 40, Columns = 2503;

    [Theory]
    [InlineData(0.2f)]
    [InlineData(0.5f)]
    [InlineData(0.7f)]
    public void Mask_AnyRate_ZeroesThatShareAndScalesTheRest(float rate)
    {
        float[] kept = Run(rate, step: 3);
        Assert.All(kept, v => Assert.True(v == 0 || Math.Abs(v - (1 / (1 - rate))) < 1e-5));
        double deviation = Math.Sqrt(rate * (1 - rate) / kept.Length);
        Assert.InRange(kept.Count(v => v == 0) / (double)kept.Length, rate - (4 * deviation), rate + (4 * deviation));
        // Neighbors are independent: both zeroed with probability rate².
        double pairs = Enumerable.Range(0, kept.Length - 1).Count(i => kept[i] == 0
            && kept[i + 1] == 0) / (double)(kept.Length - 1);
        Assert.InRange(pairs, (rate * rate) - 0.01, (rate * rate) + 0.01);
    }

    [Fact]
    public void Mask_SameStep_IsTheSameForAnyThreadCount()
    {
        using WorkerPool one = new(1), three = new(3);
        Assert.Equal(Run(0.5f, 7, workers: one), Run(0.5f, 7, workers: three));
    }

    [Fact]
    public void Mask_OtherStepSeedOrLayer_IsAnother()
    {
        float[] mask = Run(0.5f, 1);
        foreach (float[] other in new[] { Run(0.5f, 2), Run(0.5f, 1, seed: 1),
            Run(0.5f, 1, name: "other") })
            Assert.InRange(mask.Zip(other).Count(p => p.First == p.Second) / (double)mask.Length, 0.48, 0.52);
    }

    [Fact]
    public void Step_NetworkWithDropout_HasTheSameLossForAnyThreadCount()
    {
        CnnArchitecture network = CnnArchitectures.NetworkInNetwork;
        var options = new TrainingOptions();
        double[] losses = [.. new[] { 1, 3 }.Select(threads =>
        {
            using var workers = new WorkerPool(threads);
            using var store = new VariableStore();
            ClassificationGraph graph = new ClassificationGraphs(network, network.DefaultInput, 4).Training(options);
            VariableInitialization.Initialize(store, graph.Graph.Variables.Select(v =>
                v with { Initializer = v.Role == VariableRole.Kernel ? Initializer.HeNormal : v.Initializer }), 1);
            using var step = new TrainingStep(new Session(KernelSet.Shared), graph, store,
                new CompileOptions { Workers = workers });
            return step.Run(GoldenFill.Input("input", 4 * 32 * 32 * 3), [0, 1, 2, 3], 0.01f).Loss;
        })];
        Assert.All(losses, loss => Assert.Equal(losses[0], loss, 1e-4));
        Assert.True(Math.Abs(losses[0] - Math.Log(4)) > 1e-3,
            $"The loss {losses[0]} says nothing: it is that of equal outputs.");
    }

    private static float[] Run(float rate, long step, long seed = 0, string name = "dropout",
        WorkerPool? workers = null)
    {
        var g = new GraphBuilder(GraphMode.Training) { Seed = seed };
        NodeOutput x = g.Placeholder("x", DataType.Float, new TensorShape(-1, Columns));
        NodeOutput y = g.Dropout(x, rate, name);
        using var store = new VariableStore();
        using Executable plan = new Session(KernelSet.Shared)
            .Compile(g.ToGraph(), new Dictionary<string, TensorShape> { ["x"] = new(Rows, Columns) }, [y], [], store,
            new CompileOptions { Workers = workers ?? WorkerPool.Shared });
        float[] first = Once(plan, step);
        Once(plan, step + 1);
        Assert.Equal(first, Once(plan, step)); // a mask belongs to its step, not to what ran before
        return first;
    }

    private static float[] Once(Executable plan, long step)
    {
        plan.Feed<float>("x").Fill(1);
        plan.Feed<long>("step")[0] = step;
        plan.Run();
        return plan.Fetch<float>(0).ToArray();
    }
}
