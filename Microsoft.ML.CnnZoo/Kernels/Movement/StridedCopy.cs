using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Movement;

/// <summary>
/// Copies a box of elements between two strided tensors: used for slices, transposes, padding, concatenation,
/// repetition and reversal.
/// </summary>
/// <remarks>
/// Floats that are contiguous in both tensors, but along different dimensions, are transposed in blocks that stay in
/// the cache; everything else is copied in runs of the innermost dimension, or of the next where that is short.
/// </remarks>
internal sealed unsafe class StridedCopy
{
    /// <summary>Target rows of a transposed block.</summary>
    private const int BlockRows = 64;

    /// <summary>Runs that are shorter cost more than their elements.</summary>
    private const int ShortRun = 8;

    private readonly int[] _dims;
    private readonly long[] _from;
    private readonly long[] _to;
    private readonly int _size;
    private readonly long _fromOffset, _toOffset;
    private readonly bool _transposes;
    private readonly int _blocks = 1;

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
        int contiguous = box.FindIndex(b => b.From == 1);
        if (elementSize == sizeof(float) && contiguous > 0 && box[0] is { From: > 1, To: 1 })
        {
            _transposes = true;
            (box[1], box[contiguous]) = (box[contiguous], box[1]); // dimension 0: the target's rows, 1: the source's
            _blocks = (box[1].Dim + BlockRows - 1) / BlockRows;
        }
        else if (box.Count > 1 && box[0].Dim < ShortRun && box[1].Dim > box[0].Dim && box[0] is not { From: 1, To: 1 })
            (box[0], box[1]) = (box[1], box[0]);
        _dims = [.. box.Select(b => b.Dim)];
        _from = [.. box.Select(b => b.From)];
        _to = [.. box.Select(b => b.To)];
        (_size, _fromOffset, _toOffset) = (elementSize, fromOffset, toOffset);
        Rows = _blocks;
        Elements = _dims[0];
        for (int d = 1; d < _dims.Length; d++)
        {
            Rows *= _transposes && d == 1 ? 1 : _dims[d];
            Elements *= _dims[d];
        }
    }

    /// <summary>Runs of the innermost dimension, or transposed blocks.</summary>
    public long Rows { get; }

    /// <summary>Elements in all.</summary>
    public long Elements { get; }

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

    /// <summary>Copies runs or blocks [first, last).</summary>
    public void Copy(nint source, nint target, long first, long last)
    {
        int outer = _transposes ? 2 : 1;
        Span<long> index = stackalloc long[_dims.Length];
        (long rest, long block) = Math.DivRem(first, _blocks);
        long from = _fromOffset, to = _toOffset;
        for (int d = outer; d < _dims.Length; d++)
        {
            (rest, index[d]) = Math.DivRem(rest, _dims[d]);
            from += index[d] * _from[d];
            to += index[d] * _to[d];
        }
        for (long row = first; row < last; row++)
        {
            if (_transposes)
                CopyBlock((float*)source + from, (float*)target + to, block * BlockRows);
            else
                CopyRun(source + (nint)(from * _size), target + (nint)(to * _size));
            if (++block < _blocks)
                continue;
            block = 0;
            for (int d = outer; d < _dims.Length; d++)
            {
                (from, to) = (from + _from[d], to + _to[d]);
                if (++index[d] < _dims[d])
                    break;
                (from, to) = (from - (_dims[d] * _from[d]), to - (_dims[d] * _to[d]));
                index[d] = 0;
            }
        }
    }

    private void CopyBlock(float* source, float* target, long row)
    {
        int rows = (int)Math.Min(BlockRows, _dims[1] - row);
        Transposition.Transpose(source + row, (nint)_from[0], _dims[0], rows, target + (row * _to[1]), (nint)_to[1]);
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
        if (from == 0 && to == 1)
        {
            new Span<T>(target, _dims[0]).Fill(*source);
            return;
        }
        for (int i = 0; i < _dims[0]; i++)
            target[i * to] = source[i * from];
    }
}
