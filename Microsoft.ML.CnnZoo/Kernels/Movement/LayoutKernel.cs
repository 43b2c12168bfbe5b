using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.Movement;

/// <summary>Ops that only move elements, of any type: <c>Slice</c>, <c>StridedSlice</c> and its gradient,
/// <c>ConcatV2</c>, <c>Pad</c>, <c>PadV2</c>, <c>MirrorPad</c>, <c>BroadcastTo</c>, <c>Tile</c>, <c>Transpose</c>,
/// <c>ReverseV2</c>. One strided copy per moved part of an input, after an optional fill. Parts of a concatenation and
/// slices that are already in place are not copied.</summary>
internal sealed unsafe class LayoutKernel : Kernel
{
    private readonly Move[] _copies;
    private readonly TensorSpec _output;
    private readonly int _fillInput;
    private readonly bool _fills;
    private int _phase;

    private LayoutKernel(KernelRequest request, Move[] copies, bool fills = false, int fillInput = -1)
        : base(request) =>
        (_copies, _output, _fills, _fillInput) = (copies, request.Outputs[0], fills, fillInput);

    /// <summary>The copy of an input; skipped if the output's address is so many bytes after the input's.</summary>
    private readonly record struct Move(int Input, StridedCopy Copy, long? Distance = null);

    /// <summary>A part of a mirrored tensor: inside, or beyond some of its borders.</summary>
    private sealed record MirroredBox(int[] Dims, long[] Strides, long From, long To)
    {
        public MirroredBox With(int length, long stride, long from, long to) =>
            new([.. Dims, length], [.. Strides, stride], From + from, To + to);
    }

    public static IKernel Slice(KernelRequest request)
    {
        ReadOnlySpan<int> dims = request.Outputs[0].Shape.Dimensions;
        if (dims.Length == 0)
            return new LayoutKernel(request, [new(0, new(Size(request), dims, [], 0, [], 0))]);
        long[] strides = StridedCopy.Strides(request.Inputs[0].Shape.Dimensions, request.Inputs[0].Pitch),
            begin = Constant(request, 1);
        long first = Dot(begin, strides);
        return new LayoutKernel(request,
            [new(0, new(Size(request), dims, strides, first, StridedCopy.Strides(dims, request.OutputPitch()), 0),
            request.IsPlaced() && request.OutputPitch() == request.Inputs[0].Pitch ? first * Size(request) : null)]);
    }

    public static IKernel StridedSlice(KernelRequest request)
    {
        TensorShape x = request.Inputs[0].Shape;
        StridedSliceRange range = StridedSliceAttributes.From(request.Node)
            .Resolve(x, Constant(request, 1), Constant(request, 2), Constant(request, 3));
        (long[] strides, long offset) = Walk(x, range);
        return new LayoutKernel(request,
            [new(0, new(Size(request), range.Counts, strides, offset, StridedCopy.DenseStrides(range.Counts), 0))]);
    }

    public static IKernel StridedSliceGrad(KernelRequest request)
    {
        TensorShape x = request.Outputs[0].Shape;
        StridedSliceRange range = StridedSliceAttributes.From(request.Node)
            .Resolve(x, Constant(request, 1), Constant(request, 2), Constant(request, 3));
        (long[] strides, long offset) = Walk(x, range);
        return new LayoutKernel(request,
            [new(4, new(Size(request), range.Counts, StridedCopy.DenseStrides(range.Counts), 0, strides, offset))],
            fills: true);
    }

    public static IKernel Concat(KernelRequest request)
    {
        int inputs = request.Inputs.Count - 1, rank = request.Outputs[0].Shape.Rank,
            axis = (int)Constant(request, inputs)[0];
        axis = axis < 0 ? axis + rank : axis;
        long[] to = StridedCopy.Strides(request.Outputs[0].Shape.Dimensions, request.OutputPitch());
        var copies = new List<Move>();
        long at = 0;
        for (int i = 0; i < inputs; at += request.Inputs[i].Shape[axis], i++)
        {
            ReadOnlySpan<int> dims = request.Inputs[i].Shape.Dimensions;
            if (request.Inputs[i].Shape.ElementCount > 0)
                copies.Add(new(i,
                    new(Size(request), dims, StridedCopy.Strides(dims, request.Inputs[i].Pitch), 0, to, at * to[axis]),
                    request.Inputs[i].RowPitch == request.OutputPitch() ? -at * Size(request) : null));
        }
        return new LayoutKernel(request, [.. copies]);
    }

    public static IKernel Pad(KernelRequest request)
    {
        ReadOnlySpan<int> dims = request.Inputs[0].Shape.Dimensions;
        long[] to = StridedCopy.DenseStrides(request.Outputs[0].Shape.Dimensions), paddings = Constant(request, 1);
        long offset = 0;
        for (int d = 0; d < dims.Length; d++)
            offset += paddings[2 * d] * to[d];
        return new LayoutKernel(request,
            [new(0, new(Size(request), dims, StridedCopy.DenseStrides(dims), 0, to, offset))], fills: true,
            request.Node.Op == "PadV2" ? 2 : -1);
    }

    public static IKernel BroadcastTo(KernelRequest request)
    {
        ReadOnlySpan<int> dims = request.Outputs[0].Shape.Dimensions, x = request.Inputs[0].Shape.Dimensions;
        long[] own = StridedCopy.DenseStrides(x);
        var from = new long[dims.Length];
        for (int d = 0; d < x.Length; d++)
            from[dims.Length - x.Length + d] = x[d] == 1 ? 0 : own[d];
        return new LayoutKernel(request,
            [new(0, new(Size(request), dims, from, 0, StridedCopy.DenseStrides(dims), 0))]);
    }

    public static IKernel Tile(KernelRequest request)
    {
        ReadOnlySpan<int> x = request.Inputs[0].Shape.Dimensions;
        long[] multiples = Constant(request, 1), own = StridedCopy.DenseStrides(x);
        var dims = new int[2 * x.Length];
        var from = new long[2 * x.Length];
        for (int d = 0; d < x.Length; d++)
            (dims[2 * d], dims[(2 * d) + 1], from[(2 * d) + 1]) = ((int)multiples[d], x[d], own[d]);
        return new LayoutKernel(request,
            [new(0, new(Size(request), dims, from, 0, StridedCopy.DenseStrides(dims), 0))]);
    }

    public static IKernel Transpose(KernelRequest request)
    {
        long[] own = StridedCopy.DenseStrides(request.Inputs[0].Shape.Dimensions);
        long[] from = Array.ConvertAll(Constant(request, 1), p => own[p]);
        ReadOnlySpan<int> dims = request.Outputs[0].Shape.Dimensions;
        return new LayoutKernel(request,
            [new(0, new(Size(request), dims, from, 0, StridedCopy.DenseStrides(dims), 0))]);
    }

    public static IKernel Reverse(KernelRequest request)
    {
        ReadOnlySpan<int> dims = request.Outputs[0].Shape.Dimensions;
        long[] to = StridedCopy.DenseStrides(dims), from = [.. to];
        long offset = 0;
        foreach (long axis in Constant(request, 1))
        {
            long d = axis < 0 ? axis + dims.Length : axis;
            offset += (dims[(int)d] - 1) * from[d];
            from[d] = -from[d];
        }
        return new LayoutKernel(request, [new(0, new(Size(request), dims, from, offset, to, 0))]);
    }

    public static IKernel MirrorPad(KernelRequest request)
    {
        ReadOnlySpan<int> dims = request.Inputs[0].Shape.Dimensions;
        long[] own = StridedCopy.DenseStrides(dims), to = StridedCopy.DenseStrides(request.Outputs[0].Shape.Dimensions),
            paddings = Constant(request, 1);
        int border = request.Attribute("mode").String == "REFLECT" ? 1 : 0;
        List<MirroredBox> boxes = [new([], [], 0, 0)];
        for (int d = 0; d < dims.Length; d++)
        {
            (int length, int before, int after) = (dims[d], (int)paddings[2 * d], (int)paddings[(2 * d) + 1]);
            (long step, long target) = (own[d], to[d]);
            boxes = [.. boxes.SelectMany(box => new[]
            {
                box.With(before, -step, (before - 1 + border) * step, 0),
                box.With(length, step, 0, before * target),
                box.With(after, -step, (length - 1 - border) * step, (before + length) * target),
            }).Where(box => box.Dims[^1] > 0)];
        }
        return new LayoutKernel(request, [.. boxes.Select(box => new Move(0,
            new(Size(request), box.Dims, box.Strides, box.From, to, box.To)))]);
    }

    protected override void RunRange(long first, long last, int part)
    {
        if (_phase < 0)
        {
            Fill(first, last);
            return;
        }
        (int input, StridedCopy copy, _) = _copies[_phase];
        copy.Copy(InputAddress(input), OutputAddress(), first, last);
    }

    protected override void Compute()
    {
        if (_output.Shape.ElementCount == 0)
            return;
        _phase = -1;
        if (_fills)
            Share(_output.Shape.ElementCount, _output.Shape.ElementCount, LineElements);
        for (_phase = 0; _phase < _copies.Length; _phase++)
            if (_copies[_phase].Copy.Elements > 0 && !IsInPlace(_copies[_phase]))
                Share(_copies[_phase].Copy.Rows, _copies[_phase].Copy.Elements);
    }

    private bool IsInPlace(in Move move) => move.Distance is long distance
        && OutputAddress() - InputAddress(move.Input) == (nint)distance;

    private void Fill(long start, long end)
    {
        int size = _output.Type.ByteSize();
        byte* target = (byte*)OutputAddress() + (start * size);
        if (_fillInput < 0)
            new Span<byte>(target, checked((int)((end - start) * size))).Clear();
        else if (size == sizeof(float))
            new Span<uint>(target, (int)(end - start)).Fill(*(uint*)InputAddress(_fillInput));
        else
            for (long i = 0; i < end - start; i++)
                Buffer.MemoryCopy((void*)InputAddress(_fillInput), target + (i * size), size, size);
    }

    private static int Size(KernelRequest request) => request.Outputs[0].Type.ByteSize();

    private static long[] Constant(KernelRequest request, int input) =>
        request.Inputs[input].Constant
        ?? throw new GraphException($"{request.Node}: input {input} must be a constant.");

    private static long Dot(long[] a, long[] b)
    {
        long sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    /// <summary>Strides and offset of a slice's elements in its source tensor.</summary>
    private static (long[] Strides, long Offset) Walk(TensorShape x, StridedSliceRange range)
    {
        long[] strides = StridedCopy.DenseStrides(x.Dimensions);
        long offset = 0;
        for (int d = 0; d < strides.Length; d++)
        {
            offset += range.Starts[d] * strides[d];
            strides[d] *= range.Strides[d];
        }
        return (strides, offset);
    }
}
