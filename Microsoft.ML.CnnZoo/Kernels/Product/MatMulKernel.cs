using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// <c>MatMul</c> and <c>_FusedMatMul</c>. A transposed left operand is read in place; the right one is packed, once
/// where it is constant, else block by block, each by the thread that multiplies with it.
/// </summary>
internal sealed unsafe class MatMulKernel : Kernel, ISharedWork
{
    private const int RowPadding = 16;

    // Rows of A up to which reading B takes longer than multiplying.
    private const int FewRows = 64;

    // Depth up to which writing C takes longer than multiplying: its rows are then finished one strip after another.
    private const int LittleDepth = 32;

    private readonly int _m, _n, _k;
    private readonly bool _transposesA, _transposesB, _copies;
    private readonly ProductEpilogue _epilogue;
    private readonly PackedWeights? _weights;
    private readonly ProductItems _items;
    private readonly int _blockRows, _blockDepth, _blockColumns;
    private readonly long _biasFloats, _blockFloats, _rowsFloats;

    public MatMulKernel(KernelRequest request) : base(request)
    {
        (_transposesA, _transposesB) = (request.Attribute("transpose_a").Bool, request.Attribute("transpose_b").Bool);
        TensorShape a = request.Inputs[0].Shape, b = request.Inputs[1].Shape;
        (_m, _k, _n) = (a[_transposesA ? 1 : 0], a[_transposesA ? 0 : 1], b[_transposesB ? 0 : 1]);
        _copies = !_transposesA && _k % 512 == 0 && _m > 1; // such rows would evict one another from the cache
        _epilogue = ProductEpilogue.From(request);
        _weights = PackedWeights.For(request, 1, Panels.Floats(_k, _n));
        _items = ProductItems.Choose(Workers.ThreadCount, _m, _n, _k, _k);
        (_blockDepth, _blockColumns) = _weights is not null ? (Panels.MaxDepth, int.MaxValue / 2) : BlockOfB();
        _blockRows = Math.Min(_k, _blockDepth) <= LittleDepth ? Tiles.WideRows : 16 * Tiles.WideRows;
        _biasFloats = (Panels.Columns(_n) + 15) / 16 * 16;
        _blockFloats = _weights is null ? WholeLines((long)_blockDepth * _blockColumns) : 0;
        _rowsFloats = _copies ? WholeLines((_blockDepth + RowPadding) * (long)Math.Min(_m, _blockRows)) : 0;
    }

    public override bool Keeps(int input) => input == 1 && _weights is not null;

    public override long ScratchBytes =>
        sizeof(float) * (_biasFloats + ((_blockFloats + _rowsFloats) * Workers.ThreadCount));

    public long ItemWork(int item) => _items.Work(item, _k);

    public override void Dispose()
    {
        _weights?.Dispose();
        base.Dispose();
    }

    /// <summary>Packs a part of a constant B.</summary>
    protected override void RunRange(long first, long last, int part) =>
        Panels.PackPieces(B, _k, _n, first, last, _weights!.Panels);

    public void RunItem(int item, int thread)
    {
        (long r0, long r1) = _items.Rows(item);
        (int c0, int c1) = _items.Columns(item);
        float* block = (float*)Scratch + _biasFloats + (thread * (_blockFloats + _rowsFloats));
        for (int column = c0, next; column < c1; column = next)
        {
            next = Math.Min(c1, column + _blockColumns);
            Multiply((int)r0, (int)r1, column, next, block);
        }
    }

    protected override void Compute()
    {
        if (_weights?.NeedsPacking() == true)
            Share(Panels.Pieces(B, _k, _n), Panels.Floats(_k, _n));
        _epilogue.Begin(OptionalInput(2), OptionalInput(3), 0);
        if (_k == 0) // sums of no terms
        {
            FloatSpans.Clear(Output(), (long)_m * _n);
            _epilogue.Apply(Output(), _n, 0, _m, 0, _n);
            return;
        }
        if (_epilogue.Bias is not null)
            FloatSpans.Copy((float*)Scratch, _epilogue.Bias, _n);
        Workers.Run(this, _items.Count);
    }

    private MatrixView A => _transposesA ? new MatrixView(Input(0), 1, _m) : new MatrixView(Input(0), _k, 1);

    private MatrixView B => _transposesB ? new MatrixView(Input(1), 1, _k) : new MatrixView(Input(1), _n, 1);

    /// <summary>
    /// Depth and columns of the blocks that B is packed in. Where B is read for few rows alone, the first-level cache
    /// matters less than memory: blocks reach as far as they can in the direction in which B lies there.
    /// </summary>
    private (int Depth, int Columns) BlockOfB() =>
        _m > FewRows && _k > LittleDepth ? (Panels.MaxDepth, 8 * Panels.FullWidth)
        : _transposesB ? (Math.Min(_k, 1024), 2 * Panels.FullWidth)
        : (Math.Min(_k, 48), Math.Min(Panels.Columns(_n), 32 * Panels.FullWidth));

    private void Multiply(int r0, int r1, int c0, int c1, float* block)
    {
        for (int k = 0, depth; k < _k; k += depth)
        {
            depth = PanelProduct.NextDepth(_k - k, _blockDepth);
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
                rows = Math.Min(_blockRows, r1 - row);
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
