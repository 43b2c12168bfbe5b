using System.Diagnostics;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;

namespace CnnZoo.Cli;

/// <summary>What scoring one image takes on this machine.</summary>
/// <param name="Milliseconds">Median time.</param>
/// <param name="PeakBytes">Working memory besides the weights.</param>
internal sealed record Latency(double Milliseconds, long PeakBytes)
{
    private const string Image = "image";
    private const int MinimumRuns = 3, MaximumRuns = 50;
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Runs a network with random weights on an image of noise, by default at the paper's size, after one run that does not
    /// count.
    /// </summary>
    public static Latency Measure(CnnArchitecture architecture, int classes, ImageShape? size = null)
    {
        using var variables = new VariableStore();
        ImageShape input = size ?? architecture.DefaultInput;
        var shape = new TensorShape(1, input.Height, input.Width, input.Channels);
        var g = new GraphBuilder(GraphMode.Inference);
        NodeOutput scores = architecture.Build(
            g, g.Placeholder(Image, DataType.Float, shape.With(0, TensorShape.Unknown)), classes).Scores;
        NetworkGraph graph = g.ToGraph();
        VariableInitialization.Initialize(variables, graph.Variables, seed: 1);
        using Executable plan = new Session(KernelSet.Shared)
            .Compile(graph, new Dictionary<string, TensorShape> { [Image] = shape }, [scores], [], variables);
        var random = new Random(1);
        foreach (ref float value in plan.Feed<float>(Image))
            value = random.NextSingle();
        plan.Run();

        var times = new List<double>();
        var total = Stopwatch.StartNew();
        while (times.Count < MinimumRuns || (times.Count < MaximumRuns && total.Elapsed < Budget))
        {
            long start = Stopwatch.GetTimestamp();
            plan.Run();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        times.Sort();
        return new Latency(Math.Round(times[times.Count / 2], 3), plan.PeakBytes);
    }
}
