using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// <c>MatMul</c> and <c>_FusedMatMul</c>. A transposed left operand is read in place; the right one is packed, once
/// where it is constant, else block by block, each by the thread that multiplies with it.
/// </summary>
internal sealed unsafe class MatMulKernel : Kernel
{
    // Columns of a block of B, and rows of one of A: both stay in the second-level cache.
    private const int BlockColumns = 256, BlockRows = 224, RowPadding = 16;
    private const long ParallelThreshold = 64 * 1024;

    private readonly int _m, _n, _k;
    private readonly bool _transposesA, _transposesB, _copies;
    private readonly ProductEpilogue _epilogue;
    private readonly PackedWeights? _weights;
    private readonly (int Rows, int Columns) _parts;
    private readonly long _biasFloats, _blockFloats, _rowsFloats;
    private bool _packing;

    public MatMulKernel(KernelRequest request) : base(request)
    {
        (_transposesA, _transposesB) = (request.Attribute("transpose_a").Bool, request.Attribute("transpose_b").Bool);
        TensorShape a = request.Inputs[0].Shape, b = request.Inputs[1].Shape;
        (_m, _k, _n) = (a[_transposesA ? 1 : 0], a[_transposesA ? 0 : 1], b[_transposesB ? 0 : 1]);
        _copies = !_transposesA && _k % 512 == 0 && _m > 1; // such rows would evict one another from the cache
        _epilogue = ProductEpilogue.From(request);
        _weights = PackedWeights.For(request, 1, Panels.Floats(_k, _n));
        _parts = (long)_m * _n * _k < ParallelThreshold ? (1, 1)
            : ProductParts.Choose(Workers.ThreadCount, _m, Panels.Count(_n));
        _biasFloats = (Panels.Columns(_n) + 15) / 16 * 16;
        _blockFloats = _weights is null ? Panels.MaxDepth * BlockColumns : 0;
        _rowsFloats = _copies ? (Panels.MaxDepth + RowPadding) * (long)Math.Min(_m, BlockRows) : 0;
    }

    public override bool Keeps(int input) => input == 1 && _weights is not null;

    public override long ScratchBytes =>
        sizeof(float) * (_biasFloats + ((_blockFloats + _rowsFloats) * Workers.ThreadCount));

    public override void Dispose()
    {
        _weights?.Dispose();
        base.Dispose();
    }

    public override void RunPart(int part, int parts)
    {
        if (_packing)
        {
            (long first, long last) = Range(_n, part, parts, Panels.FullWidth);
            Panels.Pack(B, _k, _n, (int)first, (int)last, _weights!.Panels, _k, 0);
            return;
        }
        if (part >= _parts.Rows * _parts.Columns)
            return;
        (int r0, int r1) = WorkerPool.Range(_m, part / _parts.Columns, _parts.Rows);
        (int c0, int c1) = WorkerPool.Range(Panels.Count(_n), part % _parts.Columns, _parts.Columns);
        float* block = (float*)Scratch + _biasFloats + (part * (_blockFloats + _rowsFloats));
        for (int column = c0 * Panels.FullWidth, end = Math.Min(_n, c1 * Panels.FullWidth); column < end;
            column += BlockColumns)
            Multiply(r0, r1, column, Math.Min(end, column + BlockColumns), block);
    }

    protected override void Compute()
    {
        if (_weights?.NeedsPacking() == true)
        {
            _packing = true;
            Share(Panels.Floats(_k, _n));
            _packing = false;
        }
        _epilogue.Begin(OptionalInput(2), OptionalInput(3), 0);
        if (_epilogue.Bias is not null)
            FloatSpans.Copy((float*)Scratch, _epilogue.Bias, _n);
        if (_parts is (1, 1))
            RunPart(0, 1);
        else
            Workers.Run(this);
    }

    private MatrixView A => _transposesA ? new MatrixView(Input(0), 1, _m) : new MatrixView(Input(0), _k, 1);

    private MatrixView B => _transposesB ? new MatrixView(Input(1), 1, _k) : new MatrixView(Input(1), _n, 1);

    private void Multiply(int r0, int r1, int c0, int c1, float* block)
    {
        for (int k = 0, depth; k < _k; k += depth)
        {
            depth = PanelProduct.NextDepth(_k - k);
            TileFinish finish = k + depth == _k ? _epilogue.Finish : default;
            finish.Accumulates = k > 0;
            finish.Bias = k + depth == _k && _epilogue.Bias is not null ? (float*)Scratch : null;
            var panels = new PackedMatrix(_weights is null ? block : _weights.Panels, _k, _n);
            int panelRow = k, first = c0, last = c1, shift = 0;
            if (_weights is null)
            {
                Panels.Pack(B.From(k, c0), depth, c1 - c0, 0, c1 - c0, block, depth, 0);
                panels = new PackedMatrix(block, depth, c1 - c0);
                (panelRow, first, last, shift) = (0, 0, c1 - c0, c0);
                if (finish.Bias is not null)
                    finish.Bias += c0;
            }
            for (int row = r0, rows; row < r1; row += rows)
            {
                rows = Math.Min(BlockRows, r1 - row);
                finish.Side = k + depth == _k && _epilogue.Side is not null
                    ? _epilogue.Side + ((nint)row * finish.SideRow) + shift : null;
                PanelProduct.Multiply(Rows(row, rows, k, depth, block + _blockFloats), rows, depth, panels, panelRow,
                    first, last, new MatrixView(Output() + ((long)row * _n) + shift, _n, 1), finish);
            }
        }
        if (_epilogue.HasCurve)
            for (int row = r0; row < r1; row++)
                _epilogue.Bend(Output() + ((long)row * _n) + c0, c1 - c0);
    }

    /// <summary>A block of A, in place or copied.</summary>
    private MatrixView Rows(int row, int rows, int k, int depth, float* buffer)
    {
        MatrixView a = A.From(row, k);
        if (!_copies)
            return a;
        var copy = new MatrixView(buffer, depth + RowPadding, 1);
        for (int i = 0; i < rows; i++)
            FloatSpans.Copy(copy.From(i, 0).First, a.From(i, 0).First, depth);
        return copy;
    }
}
