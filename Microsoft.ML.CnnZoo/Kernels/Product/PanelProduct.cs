using System.Runtime.CompilerServices;
namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>Single-threaded products of a matrix in memory with a packed one.</summary>
internal static unsafe class PanelProduct
{
    /// <summary>
    /// C = A·B (or C += A·B) of columns [first, last), <paramref name="first"/> a panel's first, over a depth that is
    /// not divided.
    /// </summary>
    /// <param name="a">A's first element of this part of the depth.</param>
    /// <param name="m">Rows.</param>
    /// <param name="depth">Length of this part of the depth.</param>
    /// <param name="b">B.</param>
    /// <param name="row">B's first row of this part of the depth.</param>
    /// <param name="first">First column.</param>
    /// <param name="last">Last column, exclusive.</param>
    /// <param name="c">C's element of A's first row and column 0.</param>
    /// <param name="finish">What is done with the sums; bias and side tensor as for column 0.</param>
    /// <param name="next">What is multiplied after these columns, to be fetched meanwhile; or null.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(MatrixView a, int m, int depth, PackedMatrix b, int row, int first, int last,
        MatrixView c, TileFinish finish, float* next = null)
    {
        nint start = 0;
        for (int column = first; column < last; column += Panels.FullWidth)
        {
            int width = Panels.Width(b.Columns - column);
            var tile = new RegisterTile
            {
                A = a.First, ARow = a.Row, AStep = a.Column, Runs = &start, RunCount = 1, RunLength = depth,
                B = Panels.At(b.First, b.Rows, b.Columns, column, row), BStep = width, C = c.First + column, CRow = c.Row,
                Finish = finish,
            };
            if (column + Panels.FullWidth < last)
                tile.Ahead = (byte*)Panels.At(b.First, b.Rows, b.Columns, column + Panels.FullWidth, row);
            else
                tile.Ahead = (byte*)next;
            tile.AheadStep = (depth * width * sizeof(float) / Math.Max(1, Tiles.Count(m, width))) + 1;
            if (finish.Side is not null)
                tile.Finish.Side += column;
            if (finish.Bias is not null)
                tile.Finish.Bias += column;
            Tiles.Multiply(&tile, m, Math.Min(width, b.Columns - column), width);
        }
    }

    /// <summary>C = A·B, over a depth of any length.</summary>
    /// <param name="a">A.</param>
    /// <param name="m">Rows.</param>
    /// <param name="b">B.</param>
    /// <param name="c">C.</param>
    /// <param name="next">What is multiplied next, to be fetched meanwhile; or null.</param>
    public static void Multiply(MatrixView a, int m, PackedMatrix b, MatrixView c, float* next)
    {
        for (int row = 0, depth; row < b.Rows; row += depth)
        {
            depth = NextDepth(b.Rows - row, Panels.MaxDepth);
            Multiply(a.From(0, row), m, depth, b, row, 0, b.Columns, c, new TileFinish { Accumulates = row > 0 },
                row + depth < b.Rows ? Panels.At(b.First, b.Rows, b.Columns, 0, row + depth) : next);
        }
    }

    /// <summary>The next part of a depth: at most so long, the last two of similar length.</summary>
    public static int NextDepth(int left, int most) => left <= most ? left : left < 2 * most ? (left + 1) / 2 : most;
}

/// <summary>A matrix packed by <see cref="Panels"/>.</summary>
/// <param name="Address">The first panel.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns.</param>
internal readonly record struct PackedMatrix(nint Address, int Rows, int Columns)
{
    public unsafe PackedMatrix(float* first, int rows, int columns) : this((nint)first, rows, columns) { }

    public unsafe float* First => (float*)Address;
}
