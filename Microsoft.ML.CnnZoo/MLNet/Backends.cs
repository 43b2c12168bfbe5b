using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo;

/// <summary>What runs the network.</summary>
public enum CnnBackend
{
    /// <summary>oneDNN where its library is installed, managed kernels for the rest.</summary>
    Auto,
    /// <summary>oneDNN, managed kernels for what it lacks; an error when its library is not installed.</summary>
    OneDnn,
    /// <summary>Managed kernels only: every operating system and processor.</summary>
    Managed,
}

/// <summary>The one place where backends are put together.</summary>
internal static class Backends
{
    /// <summary>The kernels of a backend, and a line for the log that says which.</summary>
    /// <exception cref="NotSupportedException">oneDNN was asked for and is not there.</exception>
    public static KernelRegistry Create(CnnBackend backend, out string description)
    {
        IBackend managed = new Kernels.KernelSet();
        if (backend == CnnBackend.Managed)
        {
            description = "Backend: managed kernels.";
            return new KernelRegistry(managed);
        }
        if (Kernels.OneDnn.OneDnnBackend.TryCreate(out string reason) is IBackend oneDnn)
        {
            description = "Backend: oneDNN, managed kernels for the rest.";
            return new KernelRegistry(oneDnn, managed);
        }
        if (backend == CnnBackend.OneDnn)
            throw new NotSupportedException($"The oneDNN backend cannot be used: {reason}. "
                + "Install the library (build/install-native.sh) or choose Backend = Auto.");
        description = $"Backend: managed kernels (oneDNN cannot be used: {reason}).";
        return new KernelRegistry(managed);
    }
}
