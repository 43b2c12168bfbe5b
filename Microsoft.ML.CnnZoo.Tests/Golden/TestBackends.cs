using Microsoft.ML.CnnZoo.Execution;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>The backends that this machine has.</summary>
internal static class TestBackends
{
    private static readonly Lazy<bool> HasOneDnn = new(() =>
    {
        try
        {
            Backends.Create(CnnBackend.OneDnn, out _);
            return true;
        }
        catch (NotSupportedException)
        {
            return false;
        }
    });

    /// <summary>Managed, and oneDNN where its library is installed.</summary>
    public static IReadOnlyList<CnnBackend> All =>
        HasOneDnn.Value ? [CnnBackend.Managed, CnnBackend.OneDnn] : [CnnBackend.Managed];

    /// <summary>The same, for theories.</summary>
    public static TheoryData<CnnBackend> Theory => [.. All];

    /// <summary>Every item with every backend, for theories.</summary>
    public static TheoryData<T, CnnBackend> With<T>(IEnumerable<T> items)
    {
        var data = new TheoryData<T, CnnBackend>();
        foreach (T item in items)
            foreach (CnnBackend backend in All)
                data.Add(item, backend);
        return data;
    }

    /// <summary>The kernels of a backend.</summary>
    public static KernelRegistry Registry(CnnBackend backend) => Backends.Create(backend, out _);
}
