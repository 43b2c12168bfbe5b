using System.Runtime.CompilerServices;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>
/// A tile of a matrix product, small enough for its sums to stay in registers: C[rows, width] = A·B, finished as
/// <see cref="TileFinish"/> says. The depth is a number of runs: A's run r begins at <see cref="Runs"/>[r], so that a
/// convolution's window of an image is read where it lies.
/// </summary>
internal unsafe struct RegisterTile
{
    /// <summary>A's first element.</summary>
    public float* A;
    /// <summary>Floats between rows of A.</summary>
    public nint ARow;
    /// <summary>Floats from one step of the depth to the next, within a run of A.</summary>
    public nint AStep;
    /// <summary>Where A's runs begin, floats from <see cref="A"/>.</summary>
    public nint* Runs;
    /// <summary>Number of runs; 0 gives a product of zeros.</summary>
    public nint RunCount;
    /// <summary>Steps of a run.</summary>
    public nint RunLength;
    /// <summary>B's first row, as wide as the tile.</summary>
    public float* B;
    /// <summary>Floats between rows of B.</summary>
    public nint BStep;
    /// <summary>Floats between the row after a run's last and the next run's first: 0 in a packed B.</summary>
    public nint BGap;
    /// <summary>What is multiplied after this strip: fetched into the second-level cache meanwhile; or null.</summary>
    public byte* Ahead;
    /// <summary>Bytes of it that each tile of the strip fetches.</summary>
    public nint AheadStep;
    /// <summary>C's first element.</summary>
    public float* C;
    /// <summary>Floats between rows of C.</summary>
    public nint CRow;
    /// <summary>What is done with the sums before they are stored.</summary>
    public TileFinish Finish;
}

/// <summary>C = min(max(A·B [+ C] [+ side] [+ bias], floor), ceiling), in this order; NaN stays NaN.</summary>
internal unsafe struct TileFinish
{
    /// <summary>Whether what C holds is added: a product continued along its depth.</summary>
    public bool Accumulates;
    /// <summary>The side tensor's element that belongs to C's first, or null.</summary>
    public float* Side;
    /// <summary>Floats between rows of the side tensor.</summary>
    public nint SideRow;
    /// <summary>One number for each column, a whole tile wide; or null.</summary>
    public float* Bias;
    /// <summary>Whether <see cref="Floor"/> and <see cref="Ceiling"/> hold.</summary>
    public bool Clamps;
    /// <summary>The least value.</summary>
    public float Floor;
    /// <summary>The greatest value.</summary>
    public float Ceiling;
}

/// <summary>A count that the compiler knows: rows of a tile, or vectors across it.</summary>
internal interface ICount
{
    static abstract int Value { get; }
}

internal readonly struct Count1 : ICount { public static int Value => 1; }
internal readonly struct Count2 : ICount { public static int Value => 2; }
internal readonly struct Count3 : ICount { public static int Value => 3; }
internal readonly struct Count4 : ICount { public static int Value => 4; }
internal readonly struct Count5 : ICount { public static int Value => 5; }
internal readonly struct Count6 : ICount { public static int Value => 6; }
internal readonly struct Count7 : ICount { public static int Value => 7; }
internal readonly struct Count8 : ICount { public static int Value => 8; }
internal readonly struct Count9 : ICount { public static int Value => 9; }
internal readonly struct Count10 : ICount { public static int Value => 10; }
internal readonly struct Count11 : ICount { public static int Value => 11; }
internal readonly struct Count12 : ICount { public static int Value => 12; }
internal readonly struct Count13 : ICount { public static int Value => 13; }
internal readonly struct Count14 : ICount { public static int Value => 14; }

/// <summary>
/// The loop that does nearly all of the arithmetic, for any vector, 1 to 14 rows and one or two vectors of columns. Its
/// sums are separate locals, since only those stay in registers; what a tile has fewer of is left out by the compiler,
/// which knows the counts.
/// </summary>
/// <typeparam name="V">The vector.</typeparam>
/// <typeparam name="L">Its operations.</typeparam>
/// <typeparam name="R">Rows.</typeparam>
/// <typeparam name="W">Vectors across.</typeparam>
internal static unsafe class TileKernel<V, L, R, W>
    where V : struct where L : struct, ILanes<V> where R : struct, ICount where W : struct, ICount
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(RegisterTile* t)
    {
        V c0a = L.Zero, c0b = L.Zero, c1a = L.Zero, c1b = L.Zero, c2a = L.Zero, c2b = L.Zero, c3a = L.Zero, c3b =
            L.Zero, c4a = L.Zero, c4b = L.Zero, c5a = L.Zero, c5b = L.Zero, c6a = L.Zero, c6b = L.Zero, c7a =
            L.Zero, c7b = L.Zero, c8a = L.Zero, c8b = L.Zero, c9a = L.Zero, c9b = L.Zero, c10a = L.Zero, c10b =
            L.Zero, c11a = L.Zero, c11b = L.Zero, c12a = L.Zero, c12b = L.Zero, c13a = L.Zero, c13b = L.Zero;
        nint row = t->ARow, row2 = 2 * row, step = t->AStep, length = t->RunLength, bStep = t->BStep;
        float* b = t->B;
        for (nint run = 0; run < t->RunCount; run++)
        {
            float* a0 = t->A + t->Runs[run], a3 = a0 + row + row2, a6 = a3 + row + row2, a9 = a6 + row + row2,
                a12 = a9 + row + row2;
            for (nint k = length; k > 0; k--)
            {
                V b0 = L.Load(b), b1 = W.Value > 1 ? L.Load(b + L.Count) : b0, v;
                v = L.Broadcast(a0); c0a = L.MultiplyAdd(v, b0, c0a);
                if (W.Value > 1) c0b = L.MultiplyAdd(v, b1, c0b);
                if (R.Value > 1) { v = L.Broadcast(a0 + row); c1a = L.MultiplyAdd(v, b0, c1a); }
                if (R.Value > 1 && W.Value > 1) c1b = L.MultiplyAdd(v, b1, c1b);
                if (R.Value > 2) { v = L.Broadcast(a0 + row2); c2a = L.MultiplyAdd(v, b0, c2a); }
                if (R.Value > 2 && W.Value > 1) c2b = L.MultiplyAdd(v, b1, c2b);
                if (R.Value > 3) { v = L.Broadcast(a3); c3a = L.MultiplyAdd(v, b0, c3a); }
                if (R.Value > 3 && W.Value > 1) c3b = L.MultiplyAdd(v, b1, c3b);
                if (R.Value > 4) { v = L.Broadcast(a3 + row); c4a = L.MultiplyAdd(v, b0, c4a); }
                if (R.Value > 4 && W.Value > 1) c4b = L.MultiplyAdd(v, b1, c4b);
                if (R.Value > 5) { v = L.Broadcast(a3 + row2); c5a = L.MultiplyAdd(v, b0, c5a); }
                if (R.Value > 5 && W.Value > 1) c5b = L.MultiplyAdd(v, b1, c5b);
                if (R.Value > 6) { v = L.Broadcast(a6); c6a = L.MultiplyAdd(v, b0, c6a); }
                if (R.Value > 6 && W.Value > 1) c6b = L.MultiplyAdd(v, b1, c6b);
                if (R.Value > 7) { v = L.Broadcast(a6 + row); c7a = L.MultiplyAdd(v, b0, c7a); }
                if (R.Value > 7 && W.Value > 1) c7b = L.MultiplyAdd(v, b1, c7b);
                if (R.Value > 8) { v = L.Broadcast(a6 + row2); c8a = L.MultiplyAdd(v, b0, c8a); }
                if (R.Value > 8 && W.Value > 1) c8b = L.MultiplyAdd(v, b1, c8b);
                if (R.Value > 9) { v = L.Broadcast(a9); c9a = L.MultiplyAdd(v, b0, c9a); }
                if (R.Value > 9 && W.Value > 1) c9b = L.MultiplyAdd(v, b1, c9b);
                if (R.Value > 10) { v = L.Broadcast(a9 + row); c10a = L.MultiplyAdd(v, b0, c10a); }
                if (R.Value > 10 && W.Value > 1) c10b = L.MultiplyAdd(v, b1, c10b);
                if (R.Value > 11) { v = L.Broadcast(a9 + row2); c11a = L.MultiplyAdd(v, b0, c11a); }
                if (R.Value > 11 && W.Value > 1) c11b = L.MultiplyAdd(v, b1, c11b);
                if (R.Value > 12) { v = L.Broadcast(a12); c12a = L.MultiplyAdd(v, b0, c12a); }
                if (R.Value > 12 && W.Value > 1) c12b = L.MultiplyAdd(v, b1, c12b);
                if (R.Value > 13) { v = L.Broadcast(a12 + row); c13a = L.MultiplyAdd(v, b0, c13a); }
                if (R.Value > 13 && W.Value > 1) c13b = L.MultiplyAdd(v, b1, c13b);
                a0 += step;
                if (R.Value > 3) a3 += step;
                if (R.Value > 6) a6 += step;
                if (R.Value > 9) a9 += step;
                if (R.Value > 12) a12 += step;
                b += bStep;
            }
            b += t->BGap;
        }
        float* c = t->C;
        nint cRow = t->CRow;
        ref TileFinish finish = ref t->Finish;
        if (finish.Accumulates)
        {
            c0a = L.Add(c0a, L.Load(c));
            if (W.Value > 1) c0b = L.Add(c0b, L.Load(c + L.Count));
            if (R.Value > 1) c1a = L.Add(c1a, L.Load(c + cRow));
            if (R.Value > 1 && W.Value > 1) c1b = L.Add(c1b, L.Load(c + cRow + L.Count));
            if (R.Value > 2) c2a = L.Add(c2a, L.Load(c + (2 * cRow)));
            if (R.Value > 2 && W.Value > 1) c2b = L.Add(c2b, L.Load(c + (2 * cRow) + L.Count));
            if (R.Value > 3) c3a = L.Add(c3a, L.Load(c + (3 * cRow)));
            if (R.Value > 3 && W.Value > 1) c3b = L.Add(c3b, L.Load(c + (3 * cRow) + L.Count));
            if (R.Value > 4) c4a = L.Add(c4a, L.Load(c + (4 * cRow)));
            if (R.Value > 4 && W.Value > 1) c4b = L.Add(c4b, L.Load(c + (4 * cRow) + L.Count));
            if (R.Value > 5) c5a = L.Add(c5a, L.Load(c + (5 * cRow)));
            if (R.Value > 5 && W.Value > 1) c5b = L.Add(c5b, L.Load(c + (5 * cRow) + L.Count));
            if (R.Value > 6) c6a = L.Add(c6a, L.Load(c + (6 * cRow)));
            if (R.Value > 6 && W.Value > 1) c6b = L.Add(c6b, L.Load(c + (6 * cRow) + L.Count));
            if (R.Value > 7) c7a = L.Add(c7a, L.Load(c + (7 * cRow)));
            if (R.Value > 7 && W.Value > 1) c7b = L.Add(c7b, L.Load(c + (7 * cRow) + L.Count));
            if (R.Value > 8) c8a = L.Add(c8a, L.Load(c + (8 * cRow)));
            if (R.Value > 8 && W.Value > 1) c8b = L.Add(c8b, L.Load(c + (8 * cRow) + L.Count));
            if (R.Value > 9) c9a = L.Add(c9a, L.Load(c + (9 * cRow)));
            if (R.Value > 9 && W.Value > 1) c9b = L.Add(c9b, L.Load(c + (9 * cRow) + L.Count));
            if (R.Value > 10) c10a = L.Add(c10a, L.Load(c + (10 * cRow)));
            if (R.Value > 10 && W.Value > 1) c10b = L.Add(c10b, L.Load(c + (10 * cRow) + L.Count));
            if (R.Value > 11) c11a = L.Add(c11a, L.Load(c + (11 * cRow)));
            if (R.Value > 11 && W.Value > 1) c11b = L.Add(c11b, L.Load(c + (11 * cRow) + L.Count));
            if (R.Value > 12) c12a = L.Add(c12a, L.Load(c + (12 * cRow)));
            if (R.Value > 12 && W.Value > 1) c12b = L.Add(c12b, L.Load(c + (12 * cRow) + L.Count));
            if (R.Value > 13) c13a = L.Add(c13a, L.Load(c + (13 * cRow)));
            if (R.Value > 13 && W.Value > 1) c13b = L.Add(c13b, L.Load(c + (13 * cRow) + L.Count));
        }
        if (finish.Side is not null)
        {
            float* side = finish.Side;
            nint sideRow = finish.SideRow;
            c0a = L.Add(c0a, L.Load(side));
            if (W.Value > 1) c0b = L.Add(c0b, L.Load(side + L.Count));
            if (R.Value > 1) c1a = L.Add(c1a, L.Load(side + sideRow));
            if (R.Value > 1 && W.Value > 1) c1b = L.Add(c1b, L.Load(side + sideRow + L.Count));
            if (R.Value > 2) c2a = L.Add(c2a, L.Load(side + (2 * sideRow)));
            if (R.Value > 2 && W.Value > 1) c2b = L.Add(c2b, L.Load(side + (2 * sideRow) + L.Count));
            if (R.Value > 3) c3a = L.Add(c3a, L.Load(side + (3 * sideRow)));
            if (R.Value > 3 && W.Value > 1) c3b = L.Add(c3b, L.Load(side + (3 * sideRow) + L.Count));
            if (R.Value > 4) c4a = L.Add(c4a, L.Load(side + (4 * sideRow)));
            if (R.Value > 4 && W.Value > 1) c4b = L.Add(c4b, L.Load(side + (4 * sideRow) + L.Count));
            if (R.Value > 5) c5a = L.Add(c5a, L.Load(side + (5 * sideRow)));
            if (R.Value > 5 && W.Value > 1) c5b = L.Add(c5b, L.Load(side + (5 * sideRow) + L.Count));
            if (R.Value > 6) c6a = L.Add(c6a, L.Load(side + (6 * sideRow)));
            if (R.Value > 6 && W.Value > 1) c6b = L.Add(c6b, L.Load(side + (6 * sideRow) + L.Count));
            if (R.Value > 7) c7a = L.Add(c7a, L.Load(side + (7 * sideRow)));
            if (R.Value > 7 && W.Value > 1) c7b = L.Add(c7b, L.Load(side + (7 * sideRow) + L.Count));
            if (R.Value > 8) c8a = L.Add(c8a, L.Load(side + (8 * sideRow)));
            if (R.Value > 8 && W.Value > 1) c8b = L.Add(c8b, L.Load(side + (8 * sideRow) + L.Count));
            if (R.Value > 9) c9a = L.Add(c9a, L.Load(side + (9 * sideRow)));
            if (R.Value > 9 && W.Value > 1) c9b = L.Add(c9b, L.Load(side + (9 * sideRow) + L.Count));
            if (R.Value > 10) c10a = L.Add(c10a, L.Load(side + (10 * sideRow)));
            if (R.Value > 10 && W.Value > 1) c10b = L.Add(c10b, L.Load(side + (10 * sideRow) + L.Count));
            if (R.Value > 11) c11a = L.Add(c11a, L.Load(side + (11 * sideRow)));
            if (R.Value > 11 && W.Value > 1) c11b = L.Add(c11b, L.Load(side + (11 * sideRow) + L.Count));
            if (R.Value > 12) c12a = L.Add(c12a, L.Load(side + (12 * sideRow)));
            if (R.Value > 12 && W.Value > 1) c12b = L.Add(c12b, L.Load(side + (12 * sideRow) + L.Count));
            if (R.Value > 13) c13a = L.Add(c13a, L.Load(side + (13 * sideRow)));
            if (R.Value > 13 && W.Value > 1) c13b = L.Add(c13b, L.Load(side + (13 * sideRow) + L.Count));
        }
        if (finish.Bias is not null)
        {
            V x = L.Load(finish.Bias), y = W.Value > 1 ? L.Load(finish.Bias + L.Count) : x;
            c0a = L.Add(c0a, x);
            if (W.Value > 1) c0b = L.Add(c0b, y);
            if (R.Value > 1) c1a = L.Add(c1a, x);
            if (R.Value > 1 && W.Value > 1) c1b = L.Add(c1b, y);
            if (R.Value > 2) c2a = L.Add(c2a, x);
            if (R.Value > 2 && W.Value > 1) c2b = L.Add(c2b, y);
            if (R.Value > 3) c3a = L.Add(c3a, x);
            if (R.Value > 3 && W.Value > 1) c3b = L.Add(c3b, y);
            if (R.Value > 4) c4a = L.Add(c4a, x);
            if (R.Value > 4 && W.Value > 1) c4b = L.Add(c4b, y);
            if (R.Value > 5) c5a = L.Add(c5a, x);
            if (R.Value > 5 && W.Value > 1) c5b = L.Add(c5b, y);
            if (R.Value > 6) c6a = L.Add(c6a, x);
            if (R.Value > 6 && W.Value > 1) c6b = L.Add(c6b, y);
            if (R.Value > 7) c7a = L.Add(c7a, x);
            if (R.Value > 7 && W.Value > 1) c7b = L.Add(c7b, y);
            if (R.Value > 8) c8a = L.Add(c8a, x);
            if (R.Value > 8 && W.Value > 1) c8b = L.Add(c8b, y);
            if (R.Value > 9) c9a = L.Add(c9a, x);
            if (R.Value > 9 && W.Value > 1) c9b = L.Add(c9b, y);
            if (R.Value > 10) c10a = L.Add(c10a, x);
            if (R.Value > 10 && W.Value > 1) c10b = L.Add(c10b, y);
            if (R.Value > 11) c11a = L.Add(c11a, x);
            if (R.Value > 11 && W.Value > 1) c11b = L.Add(c11b, y);
            if (R.Value > 12) c12a = L.Add(c12a, x);
            if (R.Value > 12 && W.Value > 1) c12b = L.Add(c12b, y);
            if (R.Value > 13) c13a = L.Add(c13a, x);
            if (R.Value > 13 && W.Value > 1) c13b = L.Add(c13b, y);
        }
        if (finish.Clamps)
        {
            V low = L.Create(finish.Floor), high = L.Create(finish.Ceiling);
            c0a = L.Clamp(c0a, low, high);
            if (W.Value > 1) c0b = L.Clamp(c0b, low, high);
            if (R.Value > 1) c1a = L.Clamp(c1a, low, high);
            if (R.Value > 1 && W.Value > 1) c1b = L.Clamp(c1b, low, high);
            if (R.Value > 2) c2a = L.Clamp(c2a, low, high);
            if (R.Value > 2 && W.Value > 1) c2b = L.Clamp(c2b, low, high);
            if (R.Value > 3) c3a = L.Clamp(c3a, low, high);
            if (R.Value > 3 && W.Value > 1) c3b = L.Clamp(c3b, low, high);
            if (R.Value > 4) c4a = L.Clamp(c4a, low, high);
            if (R.Value > 4 && W.Value > 1) c4b = L.Clamp(c4b, low, high);
            if (R.Value > 5) c5a = L.Clamp(c5a, low, high);
            if (R.Value > 5 && W.Value > 1) c5b = L.Clamp(c5b, low, high);
            if (R.Value > 6) c6a = L.Clamp(c6a, low, high);
            if (R.Value > 6 && W.Value > 1) c6b = L.Clamp(c6b, low, high);
            if (R.Value > 7) c7a = L.Clamp(c7a, low, high);
            if (R.Value > 7 && W.Value > 1) c7b = L.Clamp(c7b, low, high);
            if (R.Value > 8) c8a = L.Clamp(c8a, low, high);
            if (R.Value > 8 && W.Value > 1) c8b = L.Clamp(c8b, low, high);
            if (R.Value > 9) c9a = L.Clamp(c9a, low, high);
            if (R.Value > 9 && W.Value > 1) c9b = L.Clamp(c9b, low, high);
            if (R.Value > 10) c10a = L.Clamp(c10a, low, high);
            if (R.Value > 10 && W.Value > 1) c10b = L.Clamp(c10b, low, high);
            if (R.Value > 11) c11a = L.Clamp(c11a, low, high);
            if (R.Value > 11 && W.Value > 1) c11b = L.Clamp(c11b, low, high);
            if (R.Value > 12) c12a = L.Clamp(c12a, low, high);
            if (R.Value > 12 && W.Value > 1) c12b = L.Clamp(c12b, low, high);
            if (R.Value > 13) c13a = L.Clamp(c13a, low, high);
            if (R.Value > 13 && W.Value > 1) c13b = L.Clamp(c13b, low, high);
        }
        L.Store(c0a, c);
        if (W.Value > 1) L.Store(c0b, c + L.Count);
        if (R.Value > 1) L.Store(c1a, c + cRow);
        if (R.Value > 1 && W.Value > 1) L.Store(c1b, c + cRow + L.Count);
        if (R.Value > 2) L.Store(c2a, c + (2 * cRow));
        if (R.Value > 2 && W.Value > 1) L.Store(c2b, c + (2 * cRow) + L.Count);
        if (R.Value > 3) L.Store(c3a, c + (3 * cRow));
        if (R.Value > 3 && W.Value > 1) L.Store(c3b, c + (3 * cRow) + L.Count);
        if (R.Value > 4) L.Store(c4a, c + (4 * cRow));
        if (R.Value > 4 && W.Value > 1) L.Store(c4b, c + (4 * cRow) + L.Count);
        if (R.Value > 5) L.Store(c5a, c + (5 * cRow));
        if (R.Value > 5 && W.Value > 1) L.Store(c5b, c + (5 * cRow) + L.Count);
        if (R.Value > 6) L.Store(c6a, c + (6 * cRow));
        if (R.Value > 6 && W.Value > 1) L.Store(c6b, c + (6 * cRow) + L.Count);
        if (R.Value > 7) L.Store(c7a, c + (7 * cRow));
        if (R.Value > 7 && W.Value > 1) L.Store(c7b, c + (7 * cRow) + L.Count);
        if (R.Value > 8) L.Store(c8a, c + (8 * cRow));
        if (R.Value > 8 && W.Value > 1) L.Store(c8b, c + (8 * cRow) + L.Count);
        if (R.Value > 9) L.Store(c9a, c + (9 * cRow));
        if (R.Value > 9 && W.Value > 1) L.Store(c9b, c + (9 * cRow) + L.Count);
        if (R.Value > 10) L.Store(c10a, c + (10 * cRow));
        if (R.Value > 10 && W.Value > 1) L.Store(c10b, c + (10 * cRow) + L.Count);
        if (R.Value > 11) L.Store(c11a, c + (11 * cRow));
        if (R.Value > 11 && W.Value > 1) L.Store(c11b, c + (11 * cRow) + L.Count);
        if (R.Value > 12) L.Store(c12a, c + (12 * cRow));
        if (R.Value > 12 && W.Value > 1) L.Store(c12b, c + (12 * cRow) + L.Count);
        if (R.Value > 13) L.Store(c13a, c + (13 * cRow));
        if (R.Value > 13 && W.Value > 1) L.Store(c13b, c + (13 * cRow) + L.Count);
    }
}
