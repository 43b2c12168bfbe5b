using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// <c>MatMul</c> and <c>_FusedMatMul</c> of few rows with a large right operand, the dense layers of AlexNet and VGG
/// when a few images are scored: the operand is read once, in place and in the order of its memory, at memory
/// bandwidth, so that no packed copy (411 MB for VGG's) is needed.
/// </summary>
/// <remarks>
/// Each thread owns a range of the operand's rows. If it is row-major these are terms of all results, which are then
/// added in the order of the threads; if it is transposed they are columns of the result.
/// </remarks>
internal sealed unsafe class StreamedMatMulKernel : Kernel
{
    // Smaller operands are cheap to pack.
    private const long LeastBytes = 2 << 20;

    /// <summary>Rows of the left operand up to which memory, not arithmetic, takes the time.</summary>
    private const int MostRows = 16;

    /// <summary>Rows of the right operand read in parallel.</summary>
    private const int Depth = 8;

    /// <summary>Columns of <see cref="Depth"/> rows that stay in the first-level cache for all rows.</summary>
    private const int CachedColumns = 512;

    private readonly int _m, _n, _k;
    private readonly bool _isTransposed;
    private readonly ProductEpilogue _epilogue;
    private int _sums;
    private bool _isAdding;

    private StreamedMatMulKernel(KernelRequest request) : base(request)
    {
        _isTransposed = request.Attribute("transpose_b").Bool;
        (_m, _k) = (request.Inputs[0].Shape[0], request.Inputs[0].Shape[1]);
        _n = request.Inputs[1].Shape[_isTransposed ? 0 : 1];
        _epilogue = ProductEpilogue.From(request);
    }

    /// <summary>Sums of all threads but the first, which writes the result.</summary>
    public override long ScratchBytes => _isTransposed ? 0 : (Workers.ThreadCount - 1) * WholeLines(Results) * sizeof(float);

    private long Results => (long)_m * _n;

    /// <summary>The kernel, or null where packing is faster.</summary>
    public static StreamedMatMulKernel? TryPrepare(KernelRequest request) => !request.Attribute("transpose_a").Bool
        && request.Inputs[0].Shape[0] <= MostRows && request.Inputs[1].Spec.ByteLength >= LeastBytes
        ? new StreamedMatMulKernel(request) : null;

    protected override void RunRange(long first, long last, int part)
    {
        if (_isAdding)
        {
            for (int p = 1; p < _sums; p++)
                FloatSpans.Add(Output() + first, Sums(p) + first, last - first);
            return;
        }
        if (_isTransposed)
            for (long row = first; row < last; row++)
                for (int m = 0; m < _m; m++)
                    Output()[((long)m * _n) + row] = FloatSpans.Dot(Input(0) + ((long)m * _k), Input(1) + (row * _k), _k);
        else
            AddRows(Sums(part), first, last);
    }

    protected override void Compute()
    {
        _isAdding = false;
        Share(_isTransposed ? _n : _k, Results * _k, Depth);
        _sums = Parts;
        if (!_isTransposed && _sums > 1)
        {
            _isAdding = true;
            Share(Results, Results * _sums, LineElements);
        }
        _epilogue.Begin(OptionalInput(2), OptionalInput(3), 0);
        _epilogue.Apply(Output(), _n, 0, _m, 0, _n);
    }

    private float* Sums(int part) => part == 0 ? Output() : (float*)Scratch + ((part - 1) * WholeLines(Results));

    /// <summary>sums = the terms of rows [first, last) of the right operand.</summary>
    private void AddRows(float* sums, long first, long last)
    {
        FloatSpans.Clear(sums, Results);
        int block = _m == 1 ? _n : CachedColumns;
        for (long row = first; row < last; row += Depth)
            for (int column = 0; column < _n; column += block)
                for (int m = 0; m < _m; m++)
                    AddTerms(Input(0) + ((long)m * _k) + row, Input(1) + (row * _n) + column,
                        sums + ((long)m * _n) + column, (int)Math.Min(Depth, last - row), Math.Min(block, _n - column));
    }

    private void AddTerms(float* x, float* b, float* y, int rows, int columns)
    {
        int c = 0;
        if (rows < Depth)
            for (int row = 0; row < rows; row++)
                FloatSpans.AddScaled(y, b + ((long)row * _n), x[row], columns);
        else
        {
            if (Lanes512.IsSupported)
                c = AddTerms<Vector512<float>, Lanes512>(x, b, y, c, columns);
            if (Lanes256.IsSupported)
                c = AddTerms<Vector256<float>, Lanes256>(x, b, y, c, columns);
            c = AddTerms<Vector128<float>, Lanes128>(x, b, y, c, columns);
            AddTerms<float, Lanes1>(x, b, y, c, columns);
        }
    }

    /// <summary>y[c] += Σ over 8 rows of x[row]·b[row, c]; returns the first column left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int AddTerms<V, L>(float* x, float* b, float* y, int c, int columns)
        where V : struct where L : struct, ILanes<V>
    {
        V x0 = L.Broadcast(x), x1 = L.Broadcast(x + 1), x2 = L.Broadcast(x + 2), x3 = L.Broadcast(x + 3),
            x4 = L.Broadcast(x + 4), x5 = L.Broadcast(x + 5), x6 = L.Broadcast(x + 6), x7 = L.Broadcast(x + 7);
        nint n = _n;
        float* b1 = b + n, b2 = b1 + n, b3 = b2 + n, b4 = b3 + n, b5 = b4 + n, b6 = b5 + n, b7 = b6 + n;
        for (; c <= columns - L.Count; c += L.Count)
        {
            V low = L.Multiply(x0, L.Load(b + c)), high = L.Multiply(x4, L.Load(b4 + c));
            low = L.MultiplyAdd(x1, L.Load(b1 + c), low);
            high = L.MultiplyAdd(x5, L.Load(b5 + c), high);
            low = L.MultiplyAdd(x2, L.Load(b2 + c), low);
            high = L.MultiplyAdd(x6, L.Load(b6 + c), high);
            low = L.MultiplyAdd(x3, L.Load(b3 + c), low);
            high = L.MultiplyAdd(x7, L.Load(b7 + c), high);
            L.Store(L.Add(L.Load(y + c), L.Add(low, high)), y + c);
        }
        return c;
    }
}
