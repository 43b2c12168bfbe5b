using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution;

/// <summary>Networks with concatenations computed in place give the same bits as with copies, in less memory.</summary>
public sealed class PlacedConcatenationTests
{
    // Growth rate 12: ranges not aligned to vectors. Sizes are small, but large enough for Winograd and for single
    // images split by rows.
    private static readonly (string Name, int Size)[] Networks =
        [("densenet_bc40_k12_cifar", 32), ("densenet121", 64), ("googlenet_torchvision", 64), ("googlenet", 64),
            ("squeezenet1_1", 48), ("inception_v3", 75), ("inception_resnet_v1", 75)];

    public static TheoryData<string, CnnPrecision> Cases
    {
        get
        {
            var data = new TheoryData<string, CnnPrecision>();
            foreach ((string name, _) in Networks)
            {
                data.Add(name, CnnPrecision.Float32);
                if (name is "densenet_bc40_k12_cifar" or "squeezenet1_1" or "googlenet_torchvision")
                    data.Add(name, CnnPrecision.BFloat16);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Scores_Placed_AreTheSameBits(string name, CnnPrecision precision)
    {
        (ClassificationGraphs graphs, ImageShape shape) = Graphs(name);
        ClassificationGraph graph = graphs.Scoring();
        using var variables = new VariableStore();
        VariableInitialization.Initialize(variables, graph.Graph.Variables, 1);
        foreach (int batch in (int[])[1, 3])
        {
            (byte[] Bytes, long Peak) Score(bool places)
            {
                var options = new CompileOptions { Precision = precision, PlacesConcatenations = places };
                using Executable plan = new Session(KernelSet.Shared)
                    .Compile(graph.Graph, graph.Feeds(batch), graph.Fetches, graph.Targets, variables, options);
                Image(batch, shape, 0).CopyTo(plan.Feed<float>(ClassificationGraph.ImageInput));
                plan.Run();
                plan.Run(); // in memory that holds the first run's values
                return (System.Runtime.InteropServices.MemoryMarshal.AsBytes(plan.Fetch<float>(0)).ToArray(),
                    plan.PeakBytes);
            }
            (byte[] Bytes, long Peak) copied = Score(false), placed = Score(true);
            Assert.Equal(copied.Bytes, placed.Bytes);
            // a concatenation is alive from its first part on, while other branches still use scratch memory
            Assert.InRange(placed.Peak, 1, copied.Peak * 11 / 10);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Training_Placed_WeightsAreTheSameBits(string name, CnnPrecision precision)
    {
        byte[] copied = Train(name, precision, new() { PlacesConcatenations = false }).Weights,
            placed = Train(name, precision, new()).Weights;
        Assert.Equal(copied, placed);
    }

    [Theory]
    [InlineData(CnnPrecision.Float32)]
    [InlineData(CnnPrecision.BFloat16)]
    public void Training_PlacedAndRecomputed_WeightsAreTheSameBits(CnnPrecision precision)
    {
        (byte[] Weights, long Peak) copied = Train("densenet_bc40_k12_cifar", precision,
            new() { PlacesConcatenations = false, RecomputeActivations = true });
        (byte[] Weights, long Peak) placed = Train("densenet_bc40_k12_cifar", precision,
            new() { RecomputeActivations = true });
        Assert.Equal(copied.Weights, placed.Weights);
        Assert.True(placed.Peak <= copied.Peak, $"{placed.Peak} bytes instead of {copied.Peak}");
    }

    private static (byte[] Weights, long Peak) Train(string name, CnnPrecision precision, CompileOptions compile)
    {
        (ClassificationGraphs graphs, ImageShape shape) = Graphs(name);
        var options = new TrainingOptions { BatchSize = 4, LearningRate = 0.01f, Seed = 3 };
        ClassificationGraph graph = graphs.Training(options);
        using var variables = new VariableStore();
        VariableInitialization.Initialize(variables, graph.Graph.Variables, options.Seed);
        using var step = new TrainingStep(new Session(KernelSet.Shared), graph, variables,
            compile with { Precision = precision });
        for (int i = 0; i < 2; i++)
            step.Run(Image(4, shape, i), [1, 0, 2, 1], 0.01f);
        return ([.. variables.Variables.SelectMany(v => v.Get().Bytes.ToArray())], step.PeakBytes);
    }

    private static (ClassificationGraphs Graphs, ImageShape Shape) Graphs(string name)
    {
        int size = Networks.First(n => n.Name == name).Size;
        var shape = new ImageShape(size, size, 3);
        return (new ClassificationGraphs(CnnArchitectures.Find(name), shape, 3), shape);
    }

    private static float[] Image(int batch, ImageShape shape, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, batch * shape.Height * shape.Width * shape.Channels)
            .Select(_ => random.NextSingle() - 0.5f)];
    }
}
