using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// Divides a strip of a matrix product, one panel of columns wide, into register tiles: as few as there must be, of
/// rows as equal as can be, so that no lane computes a row that does not exist.
/// </summary>
internal static unsafe class Tiles
{
    private const int MostRows = 14, Widths = 3, CacheLine = 64;

    /// <summary>The tile kernels by width (two vectors, one, half of one) and rows.</summary>
    private static readonly delegate*<RegisterTile*, void>[] s_kernels = CreateKernels();

    /// <summary>Floats in the widest vector in use: 16, 8 or 4.</summary>
    public static int Lanes { get; } = Lanes512.IsSupported ? 16 : Lanes256.IsSupported ? 8 : 4;

    /// <summary>
    /// Rows of a tile of two vectors: with its two vectors of B and one number of A, 14 rows fill 31 of the 32 registers
    /// of AVX-512 and Neon, 6 rows 15 of the 16 of AVX2 and SSE.
    /// </summary>
    public static int WideRows { get; } = HasManyRegisters ? MostRows : 6;

    private static int NarrowRows { get; } = HasManyRegisters ? MostRows : 12;

    private static bool HasManyRegisters => Lanes512.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>
    /// C[rows, columns] as the tile says, which is the first of the strip: its A, C and side tensor advance. Columns
    /// that the panel has beyond <paramref name="columns"/> are not stored.
    /// </summary>
    /// <param name="tile">The strip's first tile.</param>
    /// <param name="rows">Rows of the strip.</param>
    /// <param name="columns">Columns, at most <paramref name="width"/>.</param>
    /// <param name="width">Width of the panel (<see cref="Panels.Width"/>).</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(RegisterTile* tile, int rows, int columns, int width)
    {
        int kind = width > Lanes ? 0 : width == Lanes ? 1 : 2;
        int tiles = Count(rows, width);
        if (tiles == 0)
            return;
        int height = rows / tiles, taller = rows - (height * tiles);
        for (int i = 0; i < tiles; i++)
        {
            int count = i < taller ? height + 1 : height;
            delegate*<RegisterTile*, void> kernel = s_kernels[(kind * (MostRows + 1)) + count];
            if (columns == width)
                kernel(tile);
            else
                MultiplyPartly(tile, kernel, count, columns, width);
            if (tile->Ahead is not null)
                Fetch(tile);
            tile->A += count * tile->ARow;
            tile->C += count * tile->CRow;
            if (tile->Finish.Side is not null)
                tile->Finish.Side += count * tile->Finish.SideRow;
        }
    }

    /// <summary>Tiles of a strip of so many rows.</summary>
    public static int Count(int rows, int width)
    {
        int most = width > Lanes ? WideRows : NarrowRows;
        return (rows + most - 1) / most;
    }

    private static void Fetch(RegisterTile* tile)
    {
        if (!Sse.IsSupported)
            return;
        byte* end = tile->Ahead + tile->AheadStep;
        for (byte* line = tile->Ahead; line < end; line += CacheLine)
            Sse.Prefetch1(line);
        tile->Ahead = end;
    }

    /// <summary>A tile whose last columns do not exist, by way of a buffer.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyPartly(RegisterTile* tile, delegate*<RegisterTile*, void> kernel, int rows,
        int columns, int width)
    {
        float* buffer = stackalloc float[MostRows * 32], side = stackalloc float[MostRows * 32];
        RegisterTile whole = *tile;
        whole.C = buffer;
        whole.CRow = width;
        if (tile->Finish.Accumulates)
            for (int i = 0; i < rows; i++)
                FloatSpans.Copy(buffer + (i * width), tile->C + (i * tile->CRow), columns);
        if (tile->Finish.Side is not null)
        {
            whole.Finish.Side = side;
            whole.Finish.SideRow = width;
            for (int i = 0; i < rows; i++)
                FloatSpans.Copy(side + (i * width), tile->Finish.Side + (i * tile->Finish.SideRow), columns);
        }
        kernel(&whole);
        for (int i = 0; i < rows; i++)
            FloatSpans.Copy(tile->C + (i * tile->CRow), buffer + (i * width), columns);
    }

    private static delegate*<RegisterTile*, void>[] CreateKernels()
    {
        var kernels = new delegate*<RegisterTile*, void>[Widths * (MostRows + 1)];
        if (Lanes512.IsSupported)
        {
            Fill<Vector512<float>, Lanes512, Count2>(kernels, 0);
            Fill<Vector512<float>, Lanes512, Count1>(kernels, 1);
            Fill<Vector256<float>, Lanes256, Count1>(kernels, 2);
        }
        else if (Lanes256.IsSupported)
        {
            Fill<Vector256<float>, Lanes256, Count2>(kernels, 0);
            Fill<Vector256<float>, Lanes256, Count1>(kernels, 1);
            Fill<Vector128<float>, Lanes128, Count1>(kernels, 2);
        }
        else
        {
            Fill<Vector128<float>, Lanes128, Count2>(kernels, 0);
            Fill<Vector128<float>, Lanes128, Count1>(kernels, 1);
        }
        return kernels;
    }

    private static void Fill<V, L, W>(delegate*<RegisterTile*, void>[] kernels, int kind)
        where V : struct where L : struct, ILanes<V> where W : struct, ICount
    {
        int at = kind * (MostRows + 1);
        kernels[++at] = &TileKernel<V, L, Count1, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count2, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count3, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count4, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count5, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count6, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count7, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count8, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count9, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count10, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count11, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count12, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count13, W>.Run;
        kernels[++at] = &TileKernel<V, L, Count14, W>.Run;
    }
}
