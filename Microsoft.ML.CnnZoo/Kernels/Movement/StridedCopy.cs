using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Movement;

/// <summary>
/// Copies a box of elements between two strided tensors: used for slices, transposes, padding, concatenation and
/// repetition.
/// </summary>
internal sealed unsafe class StridedCopy
{
    private readonly int[] _dims;
    private readonly long[] _from;
    private readonly long[] _to;
    private readonly int _size;
    private readonly long _fromOffset, _toOffset;

    /// <param name="elementSize">1, 2, 4 or 8 bytes.</param>
    /// <param name="dims">Extent of the box, outermost first.</param>
    /// <param name="from">Source strides, elements; 0 repeats.</param>
    /// <param name="fromOffset">The box's first element in the source.</param>
    /// <param name="to">Target strides, elements.</param>
    /// <param name="toOffset">The box's first element in the target.</param>
    public StridedCopy(int elementSize, ReadOnlySpan<int> dims, ReadOnlySpan<long> from, long fromOffset,
        ReadOnlySpan<long> to, long toOffset)
    {
        var box = new List<(int Dim, long From, long To)>();
        for (int d = dims.Length - 1; d >= 0; d--)
            if (dims[d] == 1)
                continue;
            else if (box.Count > 0 && from[d] == box[^1].From * box[^1].Dim && to[d] == box[^1].To * box[^1].Dim)
                box[^1] = (box[^1].Dim * dims[d], box[^1].From, box[^1].To);
            else
                box.Add((dims[d], from[d], to[d]));
        if (box.Count == 0)
            box.Add((1, 1, 1));
        _dims = [.. box.Select(b => b.Dim)];
        _from = [.. box.Select(b => b.From)];
        _to = [.. box.Select(b => b.To)];
        (_size, _fromOffset, _toOffset) = (elementSize, fromOffset, toOffset);
        Rows = 1;
        for (int d = 1; d < _dims.Length; d++)
            Rows *= _dims[d];
    }

    /// <summary>Runs of the innermost dimension.</summary>
    public long Rows { get; }

    /// <summary>Elements in all.</summary>
    public long Elements => Rows * _dims[0];

    /// <summary>Strides of a dense row-major tensor.</summary>
    public static long[] DenseStrides(ReadOnlySpan<int> dims)
    {
        var strides = new long[dims.Length];
        long stride = 1;
        for (int d = dims.Length - 1; d >= 0; d--)
        {
            strides[d] = stride;
            stride *= dims[d];
        }
        return strides;
    }

    /// <summary>Strides of a tensor with strided rows of the last dimension.</summary>
    /// <param name="dims">The tensor's shape.</param>
    /// <param name="pitch">Elements from one row to the next.</param>
    public static long[] Strides(ReadOnlySpan<int> dims, int pitch)
    {
        long[] strides = DenseStrides(dims);
        for (int d = 0; d < dims.Length - 1; d++)
            strides[d] = strides[d] / dims[^1] * pitch;
        return strides;
    }

    /// <summary>Copies runs [first, last).</summary>
    public void Copy(nint source, nint target, long first, long last)
    {
        for (long row = first; row < last; row++)
        {
            long from = _fromOffset, to = _toOffset, rest = row;
            for (int d = 1; d < _dims.Length; d++)
            {
                (rest, long index) = Math.DivRem(rest, _dims[d]);
                from += index * _from[d];
                to += index * _to[d];
            }
            CopyRun(source + (nint)(from * _size), target + (nint)(to * _size));
        }
    }

    private void CopyRun(nint source, nint target)
    {
        int n = _dims[0];
        if (_from[0] == 1 && _to[0] == 1)
        {
            if (_size == 4)
                FloatSpans.Copy((float*)target, (float*)source, n);
            else
                Buffer.MemoryCopy((void*)source, (void*)target, (long)n * _size, (long)n * _size);
            return;
        }
        switch (_size)
        {
            case 1:
                CopyElements((byte*)source, (byte*)target);
                break;
            case 2:
                CopyElements((ushort*)source, (ushort*)target);
                break;
            case 4:
                CopyElements((uint*)source, (uint*)target);
                break;
            default:
                CopyElements((ulong*)source, (ulong*)target);
                break;
        }
    }

    private void CopyElements<T>(T* source, T* target) where T : unmanaged
    {
        (long from, long to) = (_from[0], _to[0]);
        for (int i = 0; i < _dims[0]; i++)
            target[i * to] = source[i * from];
    }
}
