using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Kernels.OneDnn;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>
/// The kernels that plans use: managed ones alone, and oneDNN's (where the library is installed) with managed ones for
/// the rest.
/// </summary>
internal static class KernelSets
{
    private static readonly Dictionary<string, IBackend> ByName = Build();

    /// <summary>The set with that name.</summary>
    public static IBackend Get(string name) => ByName[name];

    /// <summary>Every item with every set, for theories.</summary>
    public static TheoryData<string, string> With(IEnumerable<string> items)
    {
        var data = new TheoryData<string, string>();
        foreach (string item in items)
            foreach (string set in ByName.Keys)
                data.Add(item, set);
        return data;
    }

    private static Dictionary<string, IBackend> Build()
    {
        var managed = new KernelSet();
        var sets = new Dictionary<string, IBackend> { [managed.Name] = managed };
        if (OneDnnBackend.TryCreate(out _) is OneDnnBackend native)
            sets.Add(native.Name, new Layered(native, managed));
        return sets;
    }

    private sealed class Layered(IBackend first, IBackend second) : IBackend
    {
        public string Name => first.Name;

        public IReadOnlyList<IKernelFactory> Factories { get; } =
            [.. second.Factories.Select(f => new Either(first.Factories.FirstOrDefault(o => o.Op == f.Op), f))];
    }

    private sealed class Either(IKernelFactory? first, IKernelFactory second) : IKernelFactory
    {
        public string Op => second.Op;
        public IKernel? TryPrepare(KernelRequest request) => first?.TryPrepare(request) ?? second.TryPrepare(request);
    }
}
