using System.Numerics;
using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Elementwise;

/// <summary>
/// Loops that drive elementwise operators over bfloat16: widened in registers, computed in float32, rounded. Input and
/// output may be the same.
/// </summary>
internal static unsafe class BFloat16Elementwise
{
    /// <summary>Elements widened at a time where registers do not suffice.</summary>
    public const int Tile = 1024;

    /// <summary>y[i] = f(x[i]).</summary>
    [SkipLocalsInit]
    public static void Map<TOperator>(ushort* x, ushort* y, long n) where TOperator : struct, IUnaryOperator
    {
        long i = 0;
        for (; i <= n - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            BFloat16Spans.Load(x + i, out Vector<float> low, out Vector<float> high);
            BFloat16Spans.Store(TOperator.Invoke(low), TOperator.Invoke(high), y + i);
        }
        float* rest = stackalloc float[Vector<ushort>.Count];
        BFloat16Spans.Widen(x + i, rest, n - i);
        ElementwiseLoops.Map<TOperator>(rest, rest, n - i);
        BFloat16Spans.Narrow(rest, y + i, n - i);
    }

    /// <summary>y[i] = f(a[i], b[i]).</summary>
    [SkipLocalsInit]
    public static void Zip<TOperator>(ushort* a, ushort* b, ushort* y, long n) where TOperator : struct, IBinaryOperator
    {
        long i = 0;
        for (; i <= n - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            BFloat16Spans.Load(a + i, out Vector<float> aLow, out Vector<float> aHigh);
            BFloat16Spans.Load(b + i, out Vector<float> bLow, out Vector<float> bHigh);
            BFloat16Spans.Store(TOperator.Invoke(aLow, bLow), TOperator.Invoke(aHigh, bHigh), y + i);
        }
        float* rest = stackalloc float[2 * Vector<ushort>.Count];
        float* restB = rest + Vector<ushort>.Count;
        BFloat16Spans.Widen(a + i, rest, n - i);
        BFloat16Spans.Widen(b + i, restB, n - i);
        ElementwiseLoops.Zip<TOperator>(rest, 1, restB, 1, rest, n - i);
        BFloat16Spans.Narrow(rest, y + i, n - i);
    }
}

/// <summary>An operand of an elementwise op: bfloat16, or a float32 weight or constant.</summary>
/// <param name="Address">Its first element.</param>
/// <param name="IsWide">Whether it is float32.</param>
/// <param name="Step">1, or 0 where one element is repeated.</param>
internal readonly unsafe record struct BFloat16Operand(nint Address, bool IsWide, int Step)
{
    /// <summary>The operand from another element on.</summary>
    public BFloat16Operand At(long offset) => this with
        { Address = Address + (nint)(offset * (IsWide ? sizeof(float) : sizeof(ushort))) };

    /// <summary>n elements in float32: in place, or widened into a buffer.</summary>
    public float* Read(long n, float* buffer)
    {
        if (IsWide)
            return (float*)Address;
        BFloat16Spans.Widen((ushort*)Address, buffer, Step == 0 ? 1 : n);
        return buffer;
    }
}

/// <summary>y = f(x) on bfloat16, element by element; may work in place.</summary>
internal sealed unsafe class BFloat16UnaryKernel<TOperator>(KernelRequest request) : Kernel(request)
    where TOperator : struct, IUnaryOperator
{
    private readonly long _count = request.Outputs[0].Shape.ElementCount;

    public override int InPlaceInput => 0;

    protected override void RunRange(long start, long end, int part)
    {
        BFloat16Elementwise.Map<TOperator>((ushort*)InputAddress(0) + start, (ushort*)OutputAddress() + start,
            end - start);
    }

    protected override void Compute() => Share(_count, _count, LineElements);
}

/// <summary>
/// y = f(a, b) on bfloat16 with broadcasting; either operand may be a float32 weight or constant. May work in place on
/// a bfloat16 operand of the result's shape.
/// </summary>
internal sealed unsafe class BFloat16BinaryKernel<TOperator> : Kernel where TOperator : struct, IBinaryOperator
{
    private readonly BroadcastPlan _plan;
    private readonly bool _wideA, _wideB;

    public BFloat16BinaryKernel(KernelRequest request) : base(request)
    {
        _plan = new(request.Outputs[0].Shape, request.Inputs[0], request.Inputs[1]);
        (_wideA, _wideB) = (request.Inputs[0].Type == DataType.Float, request.Inputs[1].Type == DataType.Float);
        InPlaceInput = -1;
        for (int i = 1; i >= 0; i--)
            if (request.Inputs[i].RowPitch == 0 && request.Inputs[i].Spec == request.Outputs[0])
                InPlaceInput = i;
    }

    public override int InPlaceInput { get; }

    protected override void RunRange(long first, long last, int part)
    {
        var a = new BFloat16Operand(InputAddress(0), _wideA, _plan.Step(0));
        var b = new BFloat16Operand(InputAddress(1), _wideB, _plan.Step(1));
        int columns = _plan.Columns;
        if (_plan.Rows == 1)
        {
            Row(a.At(first * a.Step), b.At(first * b.Step), (ushort*)OutputAddress() + first, last - first);
            return;
        }
        (long aRow, long bRow, int adjacent) = (_plan.RowStep(0), _plan.RowStep(1), _plan.AdjacentRows);
        for (long row = first, end; row < last; row = end)
        {
            end = Math.Min(last, ((row / adjacent) + 1) * adjacent);
            BFloat16Operand aFirst = a.At(_plan.Offset(0, row)), bFirst = b.At(_plan.Offset(1, row));
            for (long i = 0; i < end - row; i++)
                Row(aFirst.At(i * aRow), bFirst.At(i * bRow), (ushort*)OutputAddress() + ((row + i) * columns), columns);
        }
    }

    protected override void Compute() => ShareRows(_plan.Rows, _plan.Columns);

    [SkipLocalsInit]
    private static void Row(BFloat16Operand a, BFloat16Operand b, ushort* y, long n)
    {
        if (!a.IsWide && !b.IsWide && a.Step == 1 && b.Step == 1)
        {
            BFloat16Elementwise.Zip<TOperator>((ushort*)a.Address, (ushort*)b.Address, y, n);
            return;
        }
        float* buffers = stackalloc float[3 * BFloat16Elementwise.Tile];
        float* result = buffers + (2 * BFloat16Elementwise.Tile);
        for (long i = 0; i < n; i += BFloat16Elementwise.Tile)
        {
            long count = Math.Min(BFloat16Elementwise.Tile, n - i);
            float* left = a.At(i * a.Step).Read(count, buffers),
                right = b.At(i * b.Step).Read(count, buffers + BFloat16Elementwise.Tile);
            ElementwiseLoops.Zip<TOperator>(left, a.Step, right, b.Step, result, count);
            BFloat16Spans.Narrow(result, y + i, count);
        }
    }
}

/// <summary><c>AddN</c> of bfloat16: summed in float32, rounded once.</summary>
internal sealed unsafe class BFloat16AddNKernel(KernelRequest request) : AddNBase(request)
{
    [SkipLocalsInit]
    protected override void Sum(long row, long column, long result, long n)
    {
        float* sum = stackalloc float[2 * BFloat16Elementwise.Tile];
        for (long i = 0; i < n; i += BFloat16Elementwise.Tile)
        {
            long count = Math.Min(BFloat16Elementwise.Tile, n - i);
            BFloat16Spans.Widen((ushort*)InputAddress(0) + At(0, row, column + i), sum, count);
            for (int k = 1; k < Inputs; k++)
            {
                BFloat16Spans.Widen((ushort*)InputAddress(k) + At(k, row, column + i),
                    sum + BFloat16Elementwise.Tile, count);
                FloatSpans.Add(sum, sum + BFloat16Elementwise.Tile, count);
            }
            BFloat16Spans.Narrow(sum, (ushort*)OutputAddress() + result + i, count);
        }
    }
}
