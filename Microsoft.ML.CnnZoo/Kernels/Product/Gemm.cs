using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// Single-threaded matrix products: blocks of A times packed panels of B. Panels are <see cref="PanelWidth"/> columns
/// wide, stored k-major; a last panel that fits one vector is one vector wide, so that few output channels waste few
/// lanes; missing columns are zeros.
/// </summary>
internal static unsafe class Gemm
{
    /// <summary>The longest k of one block: a tile of A (14·384 floats) then stays in the first-level cache.</summary>
    public const int MaxDepth = 384;

    /// <summary>Columns of one block of B: 384·512 floats fit the second-level cache.</summary>
    public const int MaxColumns = 512;

    // Rows packed together when B is row-major.
    private const int PackedRows = 8;

    /// <summary>Vector lanes in use: 16, 8 or 4.</summary>
    public static int Lanes { get; } = Lanes512.IsSupported ? 16 : Lanes256.IsSupported ? 8 : 4;

    /// <summary>Rows of a full register tile.</summary>
    public static int TileRows { get; } = Lanes == 16 ? 14 : 6;

    /// <summary>Columns of a full panel.</summary>
    public static int PanelWidth { get; } = 2 * Lanes;

    /// <summary>Rows of A gathered and multiplied together; a multiple of <see cref="TileRows"/>.</summary>
    public static int BlockRows { get; } = 8 * TileRows;

    /// <summary>Floats of a packed matrix of n columns.</summary>
    public static long PackedFloats(long k, int n) => k * PackedColumns(n);

    /// <summary>Columns with the padding of the last panel.</summary>
    public static int PackedColumns(int n)
    {
        int rest = n % PanelWidth;
        return n - rest + (rest == 0 ? 0 : rest <= Lanes ? Lanes : PanelWidth);
    }

    /// <summary>
    /// C[m,n] = A·B, or += with <paramref name="accumulate"/>. No k longer than <see cref="MaxDepth"/>.
    /// </summary>
    /// <param name="m">Rows.</param>
    /// <param name="n">Columns, from a panel's first on.</param>
    /// <param name="k">Depth.</param>
    /// <param name="a">A's first element; row and column strides follow.</param>
    /// <param name="ars">Between rows of A.</param>
    /// <param name="aks">Between columns of A.</param>
    /// <param name="b">First row of the first panel.</param>
    /// <param name="depth">Rows of the packed panels: panels are depth·width floats apart.</param>
    /// <param name="c">C's first element.</param>
    /// <param name="ldc">Between rows of C.</param>
    /// <param name="accumulate">Adds to C.</param>
    /// <param name="overread">Whether up to <see cref="TileRows"/> rows past A's last may be read: then the last tile
    /// needs no copy.</param>
    public static void Multiply(int m, int n, int k, float* a, nint ars, nint aks, float* b, long depth, float* c,
        nint ldc, bool accumulate, bool overread) =>
        Dispatch(m, n, k, a, ars, aks, new Panels(b, depth, 0), c, ldc, accumulate, overread);

    /// <summary>The same with B row-major, not packed.</summary>
    /// <param name="m">Rows.</param>
    /// <param name="n">Columns, a multiple of <see cref="Lanes"/>.</param>
    /// <param name="k">Depth.</param>
    /// <param name="a">A's first element.</param>
    /// <param name="ars">Between rows of A.</param>
    /// <param name="b">B's first element.</param>
    /// <param name="ldb">Between rows of B.</param>
    /// <param name="c">C's first element.</param>
    /// <param name="ldc">Between rows of C.</param>
    /// <param name="accumulate">Adds to C.</param>
    public static void MultiplyPlain(int m, int n, int k, float* a, nint ars, float* b, nint ldb, float* c, nint ldc,
        bool accumulate) =>
        Dispatch(m, n, k, a, ars, 1, new Panels(b, 1, ldb), c, ldc, accumulate, overread: false);

    /// <summary>C[m,n] = A·B for any k, with all of a packed B.</summary>
    /// <param name="m">Rows.</param>
    /// <param name="n">Columns of B.</param>
    /// <param name="k">Depth.</param>
    /// <param name="a">A's first element; rows are contiguous. Up to <see cref="TileRows"/> rows past the last may be
    /// read.</param>
    /// <param name="ars">Between rows of A.</param>
    /// <param name="packed">B, packed with k rows.</param>
    /// <param name="c">C's first element.</param>
    /// <param name="ldc">Between rows of C.</param>
    public static void MultiplyPacked(int m, int n, int k, float* a, nint ars, float* packed, float* c, nint ldc)
    {
        int rest = n % PanelWidth, wide = rest is > 0 && rest <= Lanes ? n - rest : n;
        for (int row = 0, depth; row < k; row += depth)
        {
            depth = NextDepth(k - row);
            for (int column = 0; column < wide; column += MaxColumns)
                Multiply(m, Math.Min(MaxColumns, wide - column), depth, a + row, ars, 1,
                    PanelAt(packed, k, n, column, row), k, c + column, ldc, row > 0, overread: true);
            if (wide < n)
                Multiply(m, n - wide, depth, a + row, ars, 1, PanelAt(packed, k, n, wide, row), k, c + wide, ldc,
                    row > 0, overread: true);
        }
    }

    /// <summary>
    /// <c>MultiplyPacked</c> of several matrices of the same shape, as a batch, without per-call overhead for products
    /// of one tile of rows and little depth.
    /// </summary>
    /// <param name="count">Matrices.</param>
    /// <param name="m">Rows.</param>
    /// <param name="n">Columns of B.</param>
    /// <param name="k">Depth.</param>
    /// <param name="a">The first A.</param>
    /// <param name="ars">Between rows of A.</param>
    /// <param name="nextA">Between one A and the next.</param>
    /// <param name="packed">The first B, packed with k rows.</param>
    /// <param name="nextB">Between one B and the next.</param>
    /// <param name="c">The first C.</param>
    /// <param name="ldc">Between rows of C.</param>
    /// <param name="nextC">Between one C and the next.</param>
    public static void MultiplyPacked(int count, int m, int n, int k, float* a, nint ars, nint nextA, float* packed,
        nint nextB, float* c, nint ldc, nint nextC)
    {
        if (m != TileRows || k > MaxDepth)
            for (int i = 0; i < count; i++)
                MultiplyPacked(m, n, k, a + (i * nextA), ars, packed + (i * nextB), c + (i * nextC), ldc);
        else if (Lanes512.IsSupported)
            MultiplyTiles<Vector512<float>, Lanes512>(count, n, k, a, ars, nextA, packed, nextB, c, ldc, nextC);
        else if (Lanes256.IsSupported)
            MultiplyTiles<Vector256<float>, Lanes256>(count, n, k, a, ars, nextA, packed, nextB, c, ldc, nextC);
        else
            MultiplyTiles<Vector128<float>, Lanes128>(count, n, k, a, ars, nextA, packed, nextB, c, ldc, nextC);
    }

    /// <summary>The next range of depth: at most <see cref="MaxDepth"/>, the last two of similar length.</summary>
    public static int NextDepth(int left) => left <= MaxDepth ? left : left < 2 * MaxDepth ? (left + 1) / 2 : MaxDepth;

    private static void Dispatch(int m, int n, int k, float* a, nint ars, nint aks, in Panels b, float* c, nint ldc,
        bool accumulate, bool overread)
    {
        if (Lanes512.IsSupported)
            Multiply<Vector512<float>, Lanes512>(m, n, k, a, ars, aks, b, c, ldc, accumulate, overread);
        else if (Lanes256.IsSupported)
            Multiply<Vector256<float>, Lanes256>(m, n, k, a, ars, aks, b, c, ldc, accumulate, overread);
        else
            Multiply<Vector128<float>, Lanes128>(m, n, k, a, ars, aks, b, c, ldc, accumulate, overread);
    }

    private static void MultiplyTiles<V, L>(int count, int n, int k, float* a, nint ars, nint nextA, float* packed,
        nint nextB, float* c, nint ldc, nint nextC)
        where V : struct where L : struct, ILanes<V>
    {
        for (int i = 0; i < count; i++)
            MultiplyRows<V, L>(TileRows, TileRows, n, k, a + (i * nextA), ars, 1,
                new Panels(packed + (i * nextB), k, 0), c + (i * nextC), ldc, false);
    }

    /// <summary>
    /// The start of column <paramref name="column"/>'s panel (a multiple of the panel width), row
    /// <paramref name="row"/>, in a matrix packed with <paramref name="depth"/> rows and n columns.
    /// </summary>
    public static float* PanelAt(float* packed, long depth, int n, int column, int row)
    {
        int width = n - column <= Lanes ? Lanes : PanelWidth;
        return packed + (depth * column) + ((long)row * width);
    }

    /// <summary>
    /// Packs B[k rows, columns column … column+count) into panels at <paramref name="packed"/> with k rows each.
    /// </summary>
    /// <param name="b">B's element (0, 0) of the block.</param>
    /// <param name="brs">Between rows of B.</param>
    /// <param name="bcs">Between columns of B.</param>
    /// <param name="k">Rows.</param>
    /// <param name="count">Columns.</param>
    /// <param name="packed">Panels of k rows.</param>
    public static void Pack(float* b, nint brs, nint bcs, int k, int count, float* packed)
    {
        // A few rows at a time: reads whole cache lines of B instead of a panel's width of every page.
        int step = bcs == 1 ? PackedRows : k;
        for (int row = 0; row < k; row += step)
            for (int column = 0; column < count; column += PanelWidth)
            {
                int rows = Math.Min(step, k - row), columns = Math.Min(PanelWidth, count - column),
                    width = columns <= Lanes ? Lanes : PanelWidth;
                float* source = b + (row * brs) + (column * bcs),
                    target = packed + ((long)k * column) + ((long)row * width);
                if (bcs == 1)
                    PackRows(source, brs, rows, columns, width, target);
                else
                    PackColumns(source, brs, bcs, rows, columns, width, target);
            }
    }

    private static void PackRows(float* b, nint brs, int k, int columns, int width, float* packed)
    {
        for (int row = 0; row < k; row++, b += brs, packed += width)
        {
            FloatSpans.Copy(packed, b, columns);
            FloatSpans.Clear(packed + columns, width - columns);
        }
    }

    /// <summary>Packs a transposed operand: four columns at a time, so that stores are full vectors of four.</summary>
    private static void PackColumns(float* b, nint brs, nint bcs, int k, int columns, int width, float* packed)
    {
        int column = 0;
        for (; column + 4 <= columns; column += 4)
        {
            float* s0 = b + (column * bcs), s1 = s0 + bcs, s2 = s1 + bcs, s3 = s2 + bcs, target = packed + column;
            for (int row = 0; row < k; row++, target += width, s0 += brs, s1 += brs, s2 += brs, s3 += brs)
                Vector128.Create(*s0, *s1, *s2, *s3).Store(target);
        }
        for (; column < width; column++)
        {
            float* source = b + (column * bcs), target = packed + column;
            bool real = column < columns;
            for (int row = 0; row < k; row++, target += width)
                *target = real ? source[row * brs] : 0;
        }
    }

    private static void Multiply<V, L>(int m, int n, int k, float* a, nint ars, nint aks, in Panels b, float* c,
        nint ldc, bool accumulate, bool overread)
        where V : struct where L : struct, ILanes<V>
    {
        int tileRows = TileRows;
        for (int row = 0; row < m; row += tileRows)
        {
            int rows = Math.Min(tileRows, m - row);
            float* tileA = a + (row * ars), tileC = c + (row * ldc);
            if (rows == tileRows || rows == 1 || (L.Count == 16 && rows == 7))
                MultiplyRows<V, L>(rows, rows, n, k, tileA, ars, aks, b, tileC, ldc, accumulate);
            else if (overread)
                MultiplyRows<V, L>(L.Count == 16 && rows < 7 ? 7 : tileRows, rows, n, k, tileA, ars, aks, b, tileC, ldc,
                    accumulate);
            else
                MultiplyLastRows<V, L>(rows, n, k, tileA, ars, aks, b, tileC, ldc, accumulate);
        }
    }

    /// <summary>
    /// Rows that do not fill a tile: A's are copied and padded with zeros, and only the real rows of the result are
    /// stored.
    /// </summary>
    [SkipLocalsInit]
    private static void MultiplyLastRows<V, L>(int rows, int n, int k, float* a, nint ars, nint aks, in Panels b,
        float* c, nint ldc, bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        int tile = L.Count == 16 && rows < 7 ? 7 : TileRows;
        float* padded = stackalloc float[14 * MaxDepth];
        for (int i = 0; i < tile; i++)
            for (int x = 0; x < k; x++)
                padded[(i * MaxDepth) + x] = i < rows ? a[(i * ars) + (x * aks)] : 0;
        MultiplyRows<V, L>(tile, rows, n, k, padded, MaxDepth, 1, b, c, ldc, accumulate);
    }

    /// <summary>One tile of rows against all panels; partial panels or tiles go through a small buffer.</summary>
    [SkipLocalsInit]
    private static void MultiplyRows<V, L>(int tile, int rows, int n, int k, float* a, nint ars, nint aks, in Panels b,
        float* c, nint ldc, bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        float* buffer = stackalloc float[14 * 32];
        int panelWidth = 2 * L.Count;
        for (int column = 0; column < n; column += panelWidth)
        {
            int columns = Math.Min(panelWidth, n - column), width = columns <= L.Count ? L.Count : panelWidth;
            float* panel = b.First + (b.Distance * column);
            nint brs = b.RowStride != 0 ? b.RowStride : width;
            if (columns == width && rows == tile)
            {
                Tile<V, L>(tile, width, k, a, ars, aks, panel, brs, c + column, ldc, accumulate);
                continue;
            }
            Tile<V, L>(tile, width, k, a, ars, aks, panel, brs, buffer, width, false);
            for (int i = 0; i < rows; i++)
                if (accumulate)
                    FloatSpans.Add(c + (i * ldc) + column, buffer + (i * width), columns);
                else
                    FloatSpans.Copy(c + (i * ldc) + column, buffer + (i * width), columns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<V, L>(int tile, int width, int k, float* a, nint ars, nint aks, float* b, nint brs,
        float* c, nint ldc, bool accumulate)
        where V : struct where L : struct, ILanes<V>
    {
        bool wide = width != L.Count;
        if (tile == 14 && wide)
            GemmMicroKernels.Tile14x2<V, L>(k, a, ars, aks, b, brs, c, ldc, accumulate);
        else if (tile == 14)
            GemmMicroKernels.Tile14x1<V, L>(k, a, ars, aks, b, brs, c, ldc, accumulate);
        else if (tile == 7 && wide)
            GemmMicroKernels.Tile7x2<V, L>(k, a, ars, aks, b, brs, c, ldc, accumulate);
        else if (tile == 7)
            GemmMicroKernels.Tile7x1<V, L>(k, a, ars, aks, b, brs, c, ldc, accumulate);
        else if (tile == 6 && wide)
            GemmMicroKernels.Tile6x2<V, L>(k, a, ars, aks, b, brs, c, ldc, accumulate);
        else if (tile == 6)
            GemmMicroKernels.Tile6x1<V, L>(k, a, ars, aks, b, brs, c, ldc, accumulate);
        else if (wide)
            GemmMicroKernels.Tile1x2<V, L>(k, a, ars, aks, b, brs, c, ldc, accumulate);
        else
            GemmMicroKernels.Tile1x1<V, L>(k, a, ars, aks, b, brs, c, ldc, accumulate);
    }

    /// <summary>The layout of B's panels.</summary>
    /// <param name="Address">The first panel.</param>
    /// <param name="Distance">Floats between panels for each column.</param>
    /// <param name="RowStride">Between rows of a panel; 0 for the panel's width.</param>
    private readonly record struct Panels(nint Address, long Distance, nint RowStride)
    {
        public Panels(float* first, long distance, nint rowStride) : this((nint)first, distance, rowStride) { }

        public float* First => (float*)Address;
    }
}
