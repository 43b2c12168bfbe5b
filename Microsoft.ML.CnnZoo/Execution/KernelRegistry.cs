using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>The backends in the order in which they are tried for a kernel.</summary>
internal sealed class KernelRegistry
{
    private readonly IReadOnlyList<IBackend> _all;
    private readonly List<(string Backend, Dictionary<string, IKernelFactory> Factories)> _backends = [];

    /// <summary>Creates a registry.</summary>
    /// <param name="backends">In order of preference; the last should support every request.</param>
    /// <exception cref="ArgumentException">A backend has two factories for one op.</exception>
    public KernelRegistry(params IReadOnlyList<IBackend> backends)
    {
        _all = backends;
        foreach (IBackend backend in backends)
        {
            var factories = new Dictionary<string, IKernelFactory>(StringComparer.Ordinal);
            foreach (IKernelFactory factory in backend.Factories)
                if (!factories.TryAdd(factory.Op, factory))
                    throw new ArgumentException($"The backend '{backend.Name}' registers {factory.Op} twice.",
                        nameof(backends));
            _backends.Add((backend.Name, factories));
        }
    }

    /// <summary>Names of the backends, in order.</summary>
    public IReadOnlyList<string> Backends => [.. _backends.Select(b => b.Backend)];

    /// <summary>Whether a backend computes in this type at the processor's full speed.</summary>
    public bool Accelerates(DataType type) => _all.Any(b => b.Accelerates(type));

    /// <summary>Whether every backend's kernels of an op support strided operands.</summary>
    internal bool SupportsStridedOperands(string op) =>
        _backends.All(b => !b.Factories.TryGetValue(op, out IKernelFactory? factory)
        || factory.SupportsStridedOperands);

    /// <summary>Prepares the first kernel that a backend offers.</summary>
    /// <returns>The kernel and its backend's name.</returns>
    /// <exception cref="GraphException">No backend has one.</exception>
    public (IKernel Kernel, string Backend) Prepare(KernelRequest request)
    {
        foreach ((string name, Dictionary<string, IKernelFactory> factories) in _backends)
            if (factories.TryGetValue(request.Node.Op, out IKernelFactory? factory)
                && factory.TryPrepare(request) is IKernel kernel)
                return (kernel, name);
        throw new GraphException($"{request.Node}: no kernel for inputs " +
            $"{string.Join(", ", request.Inputs.Select(i => i.Spec))} in {string.Join(", ", Backends)}.");
    }
}
