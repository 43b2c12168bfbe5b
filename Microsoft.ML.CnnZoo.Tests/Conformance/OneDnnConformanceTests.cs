using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.OneDnn;
using Microsoft.ML.CnnZoo.Tests.Kernels.OneDnn;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>
/// Every oneDNN kernel against the naive loops, for all cases that the backend supports; it must support at least one
/// of each of its ops.
/// </summary>
public sealed class OneDnnConformanceTests
{
    public static TheoryData<string> Ops => [.. ConformanceCases.All.Select(c => c.Op).Distinct()];

    [OneDnnTheory, MemberData(nameof(Ops))]
    public void Run_EveryCaseThatItTakes_AgreesWithNaiveLoops(string op)
    {
        OneDnnBackend backend = OneDnnBackend.TryCreate(out _)!;
        bool offered = backend.Factories.Any(f => f.Op == op);
        foreach (int threads in (int[])[1, 3])
        {
            using var workers = new WorkerPool(threads);
            int taken = ConformanceCases.All.Where(c => c.Op == op).Count(c => c.Check(backend, workers));
            Assert.Equal(offered, taken > 0);
        }
    }
}
