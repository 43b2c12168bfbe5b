using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution;

/// <summary>The memory that each precision needs.</summary>
public sealed class PrecisionTests
{
    /// <summary>
    /// Activations take half of float32's memory; float32 gradients of weights add to that, and operands that
    /// convolutions widen in scratch memory, of which the largest layer's count.
    /// </summary>
    [Fact]
    public void PeakBytes_TrainingInBFloat16_IsAboutHalf()
    {
        foreach ((string name, int batch) in ((string, int)[])[("resnet18", 16), ("densenet121", 4)])
        {
            CnnArchitecture network = CnnArchitectures.Find(name);
            ClassificationGraph graph = new ClassificationGraphs(network, network.DefaultInput, 10)
                .Training(new TrainingOptions());
            double share = (double)Peak(graph, batch, CnnPrecision.BFloat16)
                / Peak(graph, batch, CnnPrecision.Float32);
            Assert.True(share >= 0.45 && share <= 0.7, $"{name}: {share:p1} of float32's memory.");
        }
    }

    private static long Peak(ClassificationGraph graph, int batch, CnnPrecision precision)
    {
        using var store = new VariableStore();
        using Executable plan = new Session(KernelSet.Shared)
            .Compile(graph.Graph, graph.Feeds(batch), graph.Fetches, graph.Targets, store,
            new CompileOptions { Precision = precision });
        return plan.PeakBytes;
    }
}
