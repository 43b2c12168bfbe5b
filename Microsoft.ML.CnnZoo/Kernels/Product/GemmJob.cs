using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// C[m,n] = A·B on all threads. The work is split into a grid of rows and columns, or, for a small product of large
/// depth, along the depth with a fixed order of summation. B is either packed once by the caller (constant weights) or
/// packed block by block during the product.
/// </summary>
internal sealed unsafe class GemmJob : IParallelWork
{
    private readonly WorkerPool _workers;
    private readonly int _m, _n, _k;
    private readonly GemmOperand _a;
    private readonly bool _packed;
    private readonly int _rowParts, _columnParts;
    private readonly bool _splitsDepth;
    private readonly long _bufferFloats, _blockFloats;
    private readonly long _partFloats;
    private float* _b, _c, _scratch;
    private nint _brs, _bcs, _ldc;
    private GemmEpilogue? _epilogue;

    /// <param name="workers">Threads.</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="k">Depth.</param>
    /// <param name="a">Left operand.</param>
    /// <param name="packed">Whether B is packed already.</param>
    public GemmJob(WorkerPool workers, int m, int n, int k, GemmOperand a, bool packed)
    {
        (_workers, _m, _n, _k, _a, _packed) = (workers, m, n, k, a, packed);
        int parts = workers.ThreadCount, rowTiles = CeilingDivide(m, Gemm.TileRows),
            panels = CeilingDivide(n, Gemm.PanelWidth);
        _splitsDepth = !packed && parts > 1 && (long)rowTiles * panels < 3L * parts && k >= 2048;
        (_rowParts, _columnParts) = ChooseGrid(parts, rowTiles, panels);
        _bufferFloats = GemmOperand.BufferFloats(Gemm.BlockRows);
        _blockFloats = packed ? 0 : (long)Gemm.MaxDepth * Gemm.MaxColumns;
        long partial = _splitsDepth ? RoundUp((long)m * n) : 0;
        _partFloats = RoundUp(_bufferFloats) + RoundUp(_blockFloats) + partial;
    }

    /// <summary>Scratch memory that <see cref="Run"/> needs, bytes.</summary>
    public long ScratchBytes => _partFloats * _workers.ThreadCount * sizeof(float);

    /// <summary>Computes the product.</summary>
    /// <param name="b">B's element (0, 0), or its panels.</param>
    /// <param name="brs">Between rows of B; unused for panels.</param>
    /// <param name="bcs">Between columns of B.</param>
    /// <param name="c">C's element (0, 0).</param>
    /// <param name="ldc">Between rows of C.</param>
    /// <param name="scratch">Memory of <see cref="ScratchBytes"/> bytes.</param>
    /// <param name="epilogue">Applied to the product, or null.</param>
    public void Run(float* b, nint brs, nint bcs, float* c, nint ldc, nint scratch, GemmEpilogue? epilogue)
    {
        _b = b;
        _c = c;
        _scratch = (float*)scratch;
        (_brs, _bcs, _ldc, _epilogue) = (brs, bcs, ldc, epilogue);
        if ((long)_m * _n * _k < 64 * 1024)
        {
            RunShare(0, _m, 0, _n, 0, _k, _c, _ldc, _scratch);
            return;
        }
        _workers.Run(this);
        if (_splitsDepth)
            SumParts();
    }

    public void RunPart(int part, int parts)
    {
        float* scratch = _scratch + (part * _partFloats);
        if (_splitsDepth)
        {
            (int k0, int k1) = WorkerPool.Range(_k, part, parts);
            float* partial = scratch + RoundUp(_bufferFloats) + RoundUp(_blockFloats);
            RunShare(0, _m, 0, _n, k0, k1, partial, _n, scratch);
            return;
        }
        (int rowPart, int columnPart) = (part / _columnParts, part % _columnParts);
        (int r0, int r1) = WorkerPool.Range(CeilingDivide(_m, Gemm.TileRows), rowPart, _rowParts);
        (int c0, int c1) = WorkerPool.Range(CeilingDivide(_n, Gemm.PanelWidth), columnPart, _columnParts);
        (r0, r1) = (r0 * Gemm.TileRows, Math.Min(_m, r1 * Gemm.TileRows));
        (c0, c1) = (c0 * Gemm.PanelWidth, Math.Min(_n, c1 * Gemm.PanelWidth));
        if (r0 >= r1 || c0 >= c1)
            return;
        if (_packed)
            RunPacked(r0, r1, c0, c1, scratch);
        else
            RunShare(r0, r1, c0, c1, 0, _k, _c, _ldc, scratch);
    }

    /// <summary>With packed B: rows outermost, so that a block of C is finished while it is in the cache.</summary>
    private void RunPacked(int r0, int r1, int c0, int c1, float* buffer)
    {
        for (int row = r0; row < r1; row += Gemm.BlockRows)
        {
            int rows = Math.Min(Gemm.BlockRows, r1 - row);
            for (int k = 0, depth; k < _k; k += depth)
            {
                depth = Gemm.NextDepth(_k - k);
                float* a = _a.Block(row, rows, k, depth, buffer, out nint ars, out nint aks);
                for (int column = c0; column < c1; column += Gemm.MaxColumns)
                    MultiplyPanels(rows, Math.Min(Gemm.MaxColumns, c1 - column), depth, a, ars, aks, column, k,
                        _c + (row * _ldc) + column, k > 0, a == buffer);
            }
            _epilogue?.Apply(_c, _ldc, row, rows, c0, c1 - c0);
        }
    }

    private void MultiplyPanels(int rows, int columns, int depth, float* a, nint ars, nint aks, int column, int k,
        float* c, bool accumulate, bool overread)
    {
        int narrow = _n % Gemm.PanelWidth is > 0 and int rest && rest <= Gemm.Lanes
            && column + columns == _n ? rest : 0;
        if (columns > narrow)
            Gemm.Multiply(rows, columns - narrow, depth, a, ars, aks, Gemm.PanelAt(_b, _k, _n, column, k), _k, c, _ldc,
                accumulate, overread);
        if (narrow > 0)
            Gemm.Multiply(rows, narrow, depth, a, ars, aks, Gemm.PanelAt(_b, _k, _n, _n - narrow, k), _k,
                c + (columns - narrow), _ldc, accumulate, overread);
    }

    /// <summary>
    /// Packs B block by block: columns and depth outermost, so that each element of B is packed once per share of rows.
    /// </summary>
    private void RunShare(int r0, int r1, int c0, int c1, int k0, int k1, float* c, nint ldc, float* scratch)
    {
        float* block = scratch + RoundUp(_bufferFloats);
        for (int column = c0; column < c1; column += Gemm.MaxColumns)
        {
            int columns = Math.Min(Gemm.MaxColumns, c1 - column);
            for (int k = k0, depth; k < k1; k += depth)
            {
                depth = Gemm.NextDepth(k1 - k);
                float* panels = _packed ? null : block;
                if (!_packed)
                    Gemm.Pack(_b + (k * _brs) + (column * _bcs), _brs, _bcs, depth, columns, block);
                for (int row = r0; row < r1; row += Gemm.BlockRows)
                {
                    int rows = Math.Min(Gemm.BlockRows, r1 - row);
                    float* a = _a.Block(row, rows, k, depth, scratch, out nint ars, out nint aks);
                    float* target = c + (row * ldc) + column;
                    if (panels is null)
                        MultiplyPanels(rows, columns, depth, a, ars, aks, column, k, target, k > k0, a == scratch);
                    else
                        Gemm.Multiply(rows, columns, depth, a, ars, aks, panels, depth, target, ldc, k > k0,
                            a == scratch);
                    if (k + depth == _k && c == _c)
                        _epilogue?.Apply(c, ldc, row, rows, column, columns);
                }
            }
        }
    }

    /// <summary>Adds the parts' products in order, part 0 first.</summary>
    private void SumParts()
    {
        long offset = RoundUp(_bufferFloats) + RoundUp(_blockFloats);
        for (int row = 0; row < _m; row++)
        {
            float* y = _c + (row * _ldc);
            FloatSpans.Copy(y, _scratch + offset + ((long)row * _n), _n);
            for (int part = 1; part < _workers.ThreadCount; part++)
                FloatSpans.Add(y, _scratch + (part * _partFloats) + offset + ((long)row * _n), _n);
        }
        _epilogue?.Apply(_c, _ldc, 0, _m, 0, _n);
    }

    /// <summary>
    /// Rows and columns of the grid: the one whose largest share is smallest; on a tie, the one with more row shares.
    /// </summary>
    private static (int Rows, int Columns) ChooseGrid(int parts, int rowTiles, int panels)
    {
        (int Rows, int Columns) best = (parts, 1);
        long bestLoad = long.MaxValue;
        for (int columns = 1; columns <= parts; columns++)
        {
            if (parts % columns != 0)
                continue;
            long load = (long)CeilingDivide(rowTiles, parts / columns) * CeilingDivide(panels, columns);
            if (load < bestLoad)
                (best, bestLoad) = ((parts / columns, columns), load);
        }
        return best;
    }

    private static int CeilingDivide(int a, int b) => (a + b - 1) / b;

    private static long RoundUp(long floats) => (floats + 15) / 16 * 16;
}
