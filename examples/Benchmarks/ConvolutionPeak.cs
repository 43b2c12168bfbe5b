using System.Diagnostics;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Training;

namespace Benchmarks;

/// <summary>What the machine's convolutions reach at best: the measure of everything else.</summary>
internal static class ConvolutionPeak
{
    private const int Batch = 16, WarmUpRuns = 3;
    private const double Giga = 1e9;

    private static readonly (int Size, int Channels, int Filters, int Kernel)[] Convolutions =
        [(56, 64, 64, 3), (28, 128, 128, 3), (14, 256, 256, 3), (14, 512, 512, 3)];

    /// <summary>The best run among a few float32 convolutions, in 10⁹ operations a second.</summary>
    /// <param name="seconds">For how long each is tried.</param>
    public static double Measure(double seconds) =>
        Convolutions.Max(c => Measure(c.Size, c.Channels, c.Filters, c.Kernel, seconds));

    private static double Measure(int size, int channels, int filters, int kernel, double seconds)
    {
        var g = new GraphBuilder();
        NodeOutput x = g.Placeholder("x", DataType.Float, new TensorShape(Batch, size, size, channels));
        NodeOutput y = g.Conv2D(x, filters, kernel, Padding.Same, "conv", 1, Conv2DOptions.NoBias);
        NetworkGraph graph = g.ToGraph();
        using var variables = new VariableStore();
        VariableInitialization.Initialize(variables, graph.Variables, 1);
        using Executable plan = new Session(KernelSet.Shared)
            .Compile(graph, new Dictionary<string, TensorShape>(), [y], [], variables);
        plan.Feed<float>("x").Fill(1);
        for (int i = 0; i < WarmUpRuns; i++)
            plan.Run();
        return 2.0 * GraphCost.MultiplyAdds(graph) / Giga / BestRun(plan, seconds);
    }

    private static double BestRun(Executable plan, double seconds)
    {
        double best = double.PositiveInfinity;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            long start = Stopwatch.GetTimestamp();
            plan.Run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }
}
