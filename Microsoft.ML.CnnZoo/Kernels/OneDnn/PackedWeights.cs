using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>
/// A filter in the layout and type that a primitive wants. In a plan that does not train, the packed copy is made once per <see cref="IVersioned.Version"/>
/// and kept; in one that does, each run packs into scratch memory.
/// </summary>
internal sealed class PackedWeights : IDisposable
{
    private readonly DnnlReorder? _reorder;
    private readonly NativeBuffer? _kept;
    private readonly IVersioned? _origin;
    private long _packedVersion = -1;

    /// <summary>Decides how to pack.</summary>
    /// <param name="source">The layout in which the filter is given.</param>
    /// <param name="wanted">The layout that the primitive wants.</param>
    /// <param name="input">Where the filter comes from.</param>
    /// <param name="request">The kernel's request.</param>
    public PackedWeights(in DnnlMemoryDesc source, in DnnlMemoryDesc wanted, in KernelInput input, KernelRequest request)
    {
        if (source.Matches(wanted))
            return;
        _reorder = new DnnlReorder(source, wanted, request.Workers);
        if (!AreKept(input, request))
        {
            ScratchBytes = DnnlPrimitive.Aligned(wanted.ByteLength);
            return;
        }
        _kept = new NativeBuffer(wanted.ByteLength);
        _origin = input.Origin;
    }

    /// <summary>Whether a packed copy stays valid from run to run.</summary>
    public static bool AreKept(in KernelInput input, KernelRequest request) => !request.TrainsVariables && input.Source != InputSource.Computed;

    /// <summary>Whether a packed copy is kept, so that the filter itself is read only when it has changed.</summary>
    public bool IsKept => _kept is not null;

    /// <summary>Bytes of scratch memory for the packed filter.</summary>
    public long ScratchBytes { get; }

    /// <summary>The address of the packed filter.</summary>
    public nint Prepare(nint weights, nint scratch)
    {
        if (_reorder is null)
            return weights;
        if (_kept is null)
        {
            _reorder.Run(weights, scratch);
            return scratch;
        }
        long version = _origin?.Version ?? 0;
        if (version != _packedVersion)
        {
            _reorder.Run(weights, _kept.Pointer);
            _packedVersion = version;
        }
        return _kept.Pointer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reorder?.Dispose();
        _kept?.Dispose();
    }
}
