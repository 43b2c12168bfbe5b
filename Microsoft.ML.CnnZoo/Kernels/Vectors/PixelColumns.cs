using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.CnnZoo.Kernels.Vectors;

/// <summary>Rows of channels in memory, one for each pixel.</summary>
/// <param name="Address">Of the first row; zero for no matrix.</param>
/// <param name="Pitch">Elements from one row to the next.</param>
internal readonly record struct PixelMatrix(nint Address, long Pitch)
{
    public bool Exists => Address != 0;
}

/// <summary>The element type in memory; loads convert to float32 lanes.</summary>
/// <typeparam name="V">The lanes.</typeparam>
internal interface IStored<V> where V : struct
{
    static abstract V Load(PixelMatrix rows, long row, int column);
    static abstract void Store(V v, PixelMatrix rows, long row, int column);
}

/// <summary>float32.</summary>
internal readonly unsafe struct Float32Stored<V, L> : IStored<V> where V : struct where L : struct, ILanes<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(PixelMatrix rows, long row, int column) =>
        L.Load((float*)rows.Address + (row * rows.Pitch) + column);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(V v, PixelMatrix rows, long row, int column) =>
        L.Store(v, (float*)rows.Address + (row * rows.Pitch) + column);
}

/// <summary>bfloat16.</summary>
internal readonly unsafe struct BFloat16Stored<V, L> : IStored<V> where V : struct where L : struct, ILanes<V>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Load(PixelMatrix rows, long row, int column) =>
        L.LoadBFloat16((ushort*)rows.Address + (row * rows.Pitch) + column);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(V v, PixelMatrix rows, long row, int column) =>
        L.StoreBFloat16(v, (ushort*)rows.Address + (row * rows.Pitch) + column);
}

/// <summary>An operation on a few rows, some columns at a time, for any lanes and element type.</summary>
internal interface IPixelOperation
{
    /// <summary>Rows processed together, with their columns' constants and sums in registers.</summary>
    static abstract int PieceRows { get; }

    /// <summary>
    /// Processes rows [row, row + count) of the columns from <paramref name="column"/> on, in full vectors, and returns
    /// the first column left.
    /// </summary>
    int Columns<V, L, F>(long row, int count, int column)
        where V : struct where L : struct, ILanes<V> where F : struct, IStored<V>;
}

/// <summary>
/// Runs an operation over all rows and columns: the widest lanes first, narrower ones for the remaining columns.
/// </summary>
internal static class PixelColumns
{
    public static void Run<T>(ref T operation, bool isBFloat16, long rows, int channels)
        where T : struct, IPixelOperation
    {
        for (long row = 0; row < rows; row += T.PieceRows)
        {
            int count = (int)Math.Min(T.PieceRows, rows - row), column = 0;
            if (Lanes512.IsSupported)
                column = Columns<T, Vector512<float>, Lanes512>(ref operation, isBFloat16, row, count, column);
            if (Lanes256.IsSupported && column < channels)
                column = Columns<T, Vector256<float>, Lanes256>(ref operation, isBFloat16, row, count, column);
            if (column < channels)
                column = Columns<T, Vector128<float>, Lanes128>(ref operation, isBFloat16, row, count, column);
            if (column < channels)
                Columns<T, float, Lanes1>(ref operation, isBFloat16, row, count, column);
        }
    }

    /// <summary>sums[i] += values[i].</summary>
    public static unsafe void Add(double* sums, float* values, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(values + i), out Vector<double> low, out Vector<double> high);
            (Vector.Load(sums + i) + low).Store(sums + i);
            (Vector.Load(sums + i + Vector<double>.Count) + high).Store(sums + i + Vector<double>.Count);
        }
        for (; i < count; i++)
            sums[i] += values[i];
    }

    private static int Columns<T, V, L>(ref T operation, bool isBFloat16, long row, int count, int column)
        where T : struct, IPixelOperation where V : struct where L : struct, ILanes<V> =>
        isBFloat16 ? operation.Columns<V, L, BFloat16Stored<V, L>>(row, count, column)
        : operation.Columns<V, L, Float32Stored<V, L>>(row, count, column);
}
