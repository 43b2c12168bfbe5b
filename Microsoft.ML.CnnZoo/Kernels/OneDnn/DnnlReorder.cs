using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>Copies a tensor from one layout and type to another; a large filter is cut along its outermost dimension and shared over the threads.</summary>
internal sealed class DnnlReorder : IParallelWork, IDisposable
{
    // A slice begins at a multiple of every block size that oneDNN uses, and is worth waking a thread for (256 KiB take about 30 µs).
    private const int SliceAlignment = 64;
    private const long WorthSharing = 256 * 1024;

    private readonly DnnlPrimitive[] _slices;
    private readonly NativeBuffer[] _scratch; // a few hundred bytes for conversions, mostly none
    private readonly WorkerPool _workers;
    private nint _from;
    private nint _to;

    /// <summary>Prepares the copy.</summary>
    public DnnlReorder(in DnnlMemoryDesc from, in DnnlMemoryDesc to, WorkerPool workers)
    {
        _workers = workers;
        DnnlLibrary.UseOneThread();
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        _slices = Slice(from, to, attributes) ?? [DnnlPrimitive.Reorder(from, to, attributes)];
        _scratch = Array.ConvertAll(_slices, s => new NativeBuffer(s.ScratchBytes));
    }

    /// <summary>Copies.</summary>
    public void Run(nint from, nint to)
    {
        _from = from;
        _to = to;
        if (_slices.Length > 1)
            _workers.Run(this);
        else
            RunPart(0, 1);
    }

    /// <inheritdoc/>
    public void RunPart(int part, int parts)
    {
        DnnlLibrary.UseOneThread();
        _slices[part].Bind(0, _from);
        _slices[part].Bind(1, _to);
        _slices[part].Execute(_scratch[part].Pointer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (DnnlPrimitive slice in _slices)
            slice.Dispose();
        foreach (NativeBuffer scratch in _scratch)
            scratch.Dispose();
    }

    private DnnlPrimitive[]? Slice(in DnnlMemoryDesc from, in DnnlMemoryDesc to, DnnlAttributesHandle attributes)
    {
        int parts = _workers.ThreadCount;
        int blocks = (int)(from.Dimension(0) / SliceAlignment);
        if (parts == 1 || blocks < parts || to.ByteLength < WorthSharing)
            return null;
        var slices = new List<DnnlPrimitive>();
        Span<long> dims = stackalloc long[from.Rank], offsets = stackalloc long[from.Rank];
        for (int i = 0; i < from.Rank; i++)
            dims[i] = from.Dimension(i);
        for (int part = 0; part < parts; part++)
        {
            (int start, int end) = WorkerPool.Range(blocks, part, parts);
            long first = start * SliceAlignment, last = part == parts - 1 ? from.Dimension(0) : end * SliceAlignment;
            dims[0] = last - first;
            offsets[0] = first;
            DnnlMemoryDesc source = from.Slice(dims, offsets), target = to.Slice(dims, offsets);
            if (source.IsEmpty || target.IsEmpty)
            {
                slices.ForEach(s => s.Dispose());
                return null;
            }
            slices.Add(DnnlPrimitive.Reorder(source, target, attributes));
        }
        return [.. slices];
    }
}
