using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>A matrix in memory.</summary>
/// <param name="Address">Element (0, 0), floats.</param>
/// <param name="Row">Floats between rows.</param>
/// <param name="Column">Floats between columns.</param>
internal readonly record struct MatrixView(nint Address, nint Row, nint Column)
{
    public unsafe MatrixView(float* first, nint row, nint column) : this((nint)first, row, column) { }

    public unsafe float* First => (float*)Address;

    /// <summary>The view from another element on.</summary>
    public unsafe MatrixView From(nint row, nint column) => this with
    {
        Address = (nint)(First + (row * Row) + (column * Column)),
    };
}

/// <summary>
/// The right operand of a product, packed: panels of two vectors of columns, one after another, each row by row, so that
/// a tile reads it as one stream. The last panel is as wide as its columns need: two vectors, one, or half of one;
/// columns that it has beyond are zeros.
/// </summary>
internal static unsafe class Panels
{
    // Rows packed together when the source is row-major: whole cache lines are read, not a panel's width of every page.
    private const int RowsAtOnce = 8;

    // Rows transposed together: four cache lines of each column.
    private const int TransposedRows = 64;

    /// <summary>Columns of a full panel.</summary>
    public static int FullWidth { get; } = 2 * Tiles.Lanes;

    /// <summary>
    /// The longest depth that is multiplied at once where many rows of A pass by: so much of a panel, 24 KiB at most,
    /// stays in the first-level cache.
    /// </summary>
    public static int MaxDepth { get; } = Math.Min(384, 24 * 1024 / (FullWidth * sizeof(float)));

    /// <summary>Width of the panel that begins where so many columns are left.</summary>
    public static int Width(int columnsLeft) =>
        columnsLeft > Tiles.Lanes ? FullWidth : columnsLeft > Tiles.Lanes / 2 || Tiles.Lanes == 4 ? Tiles.Lanes
        : Tiles.Lanes / 2;

    /// <summary>Number of panels.</summary>
    public static int Count(int columns) => (columns + FullWidth - 1) / FullWidth;

    /// <summary>Columns of all panels together.</summary>
    public static int Columns(int columns)
    {
        int rest = columns % FullWidth;
        return columns - rest + (rest == 0 ? 0 : Width(rest));
    }

    /// <summary>Floats of a packed matrix.</summary>
    public static long Floats(long rows, int columns) => rows * Columns(columns);

    /// <summary>
    /// Where row <paramref name="row"/> of the panel of column <paramref name="column"/>, a panel's first, lies in a
    /// packed matrix of <paramref name="rows"/> rows and <paramref name="columns"/> columns.
    /// </summary>
    public static float* At(float* packed, long rows, int columns, int column, long row) =>
        packed + (rows * column) + (row * Width(columns - column));

    /// <summary>
    /// Packs rows of B into rows [row, row + count) of the panels of columns [first, last), the first a panel's first.
    /// </summary>
    /// <param name="b">Its element (0, 0) goes to row <paramref name="row"/>, column 0.</param>
    /// <param name="count">Rows of b.</param>
    /// <param name="columns">Columns of the whole matrix.</param>
    /// <param name="first">First column.</param>
    /// <param name="last">Last column, exclusive.</param>
    /// <param name="packed">The panels.</param>
    /// <param name="rows">Rows of the packed matrix.</param>
    /// <param name="row">Where b's first row goes.</param>
    public static void Pack(MatrixView b, int count, int columns, int first, int last, float* packed, long rows,
        long row)
    {
        int step = b.Column == 1 ? RowsAtOnce : count;
        for (int k = 0; k < count; k += step)
            for (int column = first; column < last; column += FullWidth)
            {
                int width = Width(columns - column), real = Math.Min(width, columns - column);
                MatrixView source = b.From(k, column);
                float* target = At(packed, rows, columns, column, row + k);
                if (b.Column == 1)
                    PackRows(source, Math.Min(step, count - k), real, width, target);
                else
                    PackColumns(source, count, real, width, target);
            }
    }

    /// <summary>Pieces that packing a matrix can be divided into: some rows of one panel.</summary>
    public static long Pieces(MatrixView b, int rows, int columns) => (long)Count(columns) * RowPieces(b, rows);

    /// <summary>Packs pieces [first, last) of a whole matrix; consecutive ones read the same rows.</summary>
    public static void PackPieces(MatrixView b, int rows, int columns, long first, long last, float* packed)
    {
        int panels = Count(columns), rowPieces = RowPieces(b, rows);
        for (long piece = first, next; piece < last; piece = next)
        {
            (int r0, int r1) = WorkerPool.Range(rows, (int)(piece / panels), rowPieces);
            next = Math.Min(last, ((piece / panels) + 1) * panels);
            int column = (int)(piece % panels) * FullWidth;
            Pack(b.From(r0, 0), r1 - r0, columns, column, Math.Min(columns, column + (int)(next - piece) * FullWidth), packed,
                rows, r0);
        }
    }

    private static int RowPieces(MatrixView b, int rows)
    {
        int most = b.Column == 1 ? RowsAtOnce : TransposedRows;
        return (rows + most - 1) / most;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackRows(MatrixView b, int count, int columns, int width, float* target)
    {
        float* source = b.First;
        for (int row = 0; row < count; row++, source += b.Row, target += width)
        {
            FloatSpans.Copy(target, source, columns);
            FloatSpans.Clear(target + columns, width - columns);
        }
    }

    /// <summary>Packs a matrix whose columns are contiguous, or one of any strides.</summary>
    private static void PackColumns(MatrixView b, int count, int columns, int width, float* packed)
    {
        if (b.Row == 1)
            Transposition.Transpose(b.First, b.Column, columns, count, packed, width);
        for (int column = b.Row == 1 ? columns : 0; column < width; column++)
        {
            float* source = b.From(0, column).First, target = packed + column;
            for (int row = 0; row < count; row++, target += width)
                *target = column < columns ? source[row * b.Row] : 0;
        }
    }
}
