using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>Packed weights, cached from run to run until the weights change.</summary>
internal sealed unsafe class PackedWeights : IDisposable
{
    private readonly IVersioned? _origin;
    private readonly NativeBuffer _buffer;
    private long _version = -1;

    private PackedWeights(IVersioned? origin, long floats)
    {
        _origin = origin;
        _buffer = new NativeBuffer(floats * sizeof(float));
    }

    /// <summary>The panels.</summary>
    public float* Panels => (float*)_buffer.Pointer;

    /// <summary>
    /// A cache for an input that is a constant, or a variable that the plan does not train; else null.
    /// </summary>
    public static PackedWeights? For(
        KernelRequest request, int input, long floats) => request.Inputs[input].Source switch
    {
        InputSource.Constant => new PackedWeights(null, floats),
        InputSource.Variable when !request.TrainsVariables => new PackedWeights(request.Inputs[input].Origin, floats),
        _ => null,
    };

    /// <summary>Whether the caller must pack the weights (again).</summary>
    public bool NeedsPacking()
    {
        long version = _origin?.Version ?? 0;
        bool stale = version != _version;
        _version = version;
        return stale;
    }

    public void Dispose() => _buffer.Dispose();
}
