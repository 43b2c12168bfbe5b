using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// <c>MatMul</c> and <c>_FusedMatMul</c> of one row with a large right operand, the dense layers of AlexNet and VGG
/// when one image is scored: the operand is read once, in place, at memory bandwidth, so that no packed copy (411 MB
/// for VGG's) is needed.
/// </summary>
/// <remarks>
/// Processor time compared with oneDNN on a packed operand, one thread with AVX-512, ms: 1x4096 by 4096x4096 6.3 and
/// 6.3, 1x9216 by 9216x4096 18 and 16. From 16 rows on packing is faster (14 and 10, 63 and 27).
/// </remarks>
internal sealed unsafe class StreamedMatMulKernel : Kernel
{
    // Smaller operands are cheap to pack.
    private const long LeastBytes = 2 << 20;

    /// <summary>
    /// Rows of the right operand per pass over the result: the number of memory streams read in parallel.
    /// </summary>
    private const int Depth = 16;

    private readonly int _n, _k;
    private readonly ProductEpilogue _epilogue;

    private StreamedMatMulKernel(KernelRequest request) : base(request)
    {
        (_k, _n) = (request.Inputs[1].Shape[0], request.Inputs[1].Shape[1]);
        _epilogue = ProductEpilogue.From(request);
    }

    /// <summary>The kernel, or null where packing is faster.</summary>
    public static StreamedMatMulKernel? TryPrepare(KernelRequest request) =>
        !request.Attribute("transpose_a").Bool && !request.Attribute("transpose_b").Bool
        && request.Inputs[0].Shape[0] == 1
            && request.Inputs[1].Spec.ByteLength >= LeastBytes && request.Inputs[1].Shape[1] % Tiles.Lanes == 0
            ? new StreamedMatMulKernel(request) : null;

    public override void RunPart(int part, int parts)
    {
        (long first, long last) = Range(_n, part, parts, Panels.FullWidth);
        int columns = (int)(last - first);
        if (columns == 0)
            return;
        for (int k = 0; k < _k; k += Depth)
            Multiply(k, (int)first, columns);
        _epilogue.Apply(Output(), _n, 0, 1, (int)first, columns);
    }

    private void Multiply(int k, int first, int columns)
    {
        nint start = 0;
        for (int column = 0, width; column < columns; column += width)
        {
            width = Panels.Width(columns - column);
            var tile = new RegisterTile
            {
                A = Input(0) + k, AStep = 1, Runs = &start, RunCount = 1, RunLength = Math.Min(Depth, _k - k),
                B = Input(1) + ((long)k * _n) + first + column, BStep = _n, C = Output() + first + column,
                Finish = new TileFinish { Accumulates = k > 0 },
            };
            Tiles.Multiply(&tile, 1, width, width);
        }
    }

    protected override void Compute()
    {
        _epilogue.Begin(OptionalInput(2), OptionalInput(3), 0);
        Share((long)_n * _k);
    }
}
