using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Kernels.OneDnn;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution;

/// <summary>The precision that Auto selects, and the memory that each precision needs.</summary>
public sealed class PrecisionTests
{
    [Fact]
    public void Resolve_Auto_IsBFloat16OnlyWhereABackendMultipliesIt()
    {
        var managed = new Session(new KernelRegistry(new KernelSet()));
        Assert.Equal(CnnPrecision.Float32, managed.Resolve(CnnPrecision.Auto));
        Assert.Equal(CnnPrecision.BFloat16, managed.Resolve(CnnPrecision.BFloat16));
        var fast = new Session(new KernelRegistry(new FastBackend(), new KernelSet()));
        Assert.Equal(CnnPrecision.BFloat16, fast.Resolve(CnnPrecision.Auto));
        Assert.Equal(CnnPrecision.Float32, fast.Resolve(CnnPrecision.Float32));
    }

    /// <summary>
    /// The selected precision against the processor flags that Linux reports, where AVX-512 may be used.
    /// </summary>
    [Fact]
    public void MultipliesBFloat16_OnLinux_IsWhatTheKernelSays()
    {
        if (!File.Exists("/proc/cpuinfo"))
            return;
        string[] flags = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal))?.Split(' ') ?? [];
        bool expected = flags.Contains("avx512f")
            && (flags.Contains("avx512_bf16") || (flags.Contains("amx_bf16") && flags.Contains("amx_tile")));
        Assert.Equal(expected && System.Runtime.Intrinsics.X86.Avx512F.IsSupported,
            ProcessorFeatures.MultipliesBFloat16);
    }

    /// <summary>
    /// Activations take half of float32's memory; scratch memory and float32 gradients of weights add to that.
    /// </summary>
    [Theory]
    [MemberData(nameof(TestBackends.Theory), MemberType = typeof(TestBackends))]
    public void PeakBytes_TrainingInBFloat16_IsAboutHalf(CnnBackend backend)
    {
        // Managed convolutions widen their operands in scratch memory; the largest layer's counts.
        double bound = backend == CnnBackend.Managed ? 0.8 : 0.62;
        foreach ((string name, int batch) in ((string, int)[])[("resnet18", 16), ("densenet121", 4)])
        {
            CnnArchitecture network = CnnArchitectures.Find(name);
            ClassificationGraph graph = new ClassificationGraphs(network, network.DefaultInput, 10)
                .Training(new TrainingOptions());
            double share = (double)Peak(graph, batch, backend, CnnPrecision.BFloat16)
                / Peak(graph, batch, backend, CnnPrecision.Float32);
            Assert.True(share >= 0.45 && share <= bound, $"{name}: {share:p1} of float32's memory.");
        }
    }

    private static long Peak(ClassificationGraph graph, int batch, CnnBackend backend, CnnPrecision precision)
    {
        using var store = new VariableStore();
        using Executable plan = new Session(TestBackends.Registry(backend))
            .Compile(graph.Graph, graph.Feeds(batch), graph.Fetches, graph.Targets, store,
            new CompileOptions { Precision = precision });
        return plan.PeakBytes;
    }

    private sealed class FastBackend : IBackend
    {
        public string Name => "fast";
        public IReadOnlyList<IKernelFactory> Factories => [];
        public bool Accelerates(DataType type) => true;
    }
}
