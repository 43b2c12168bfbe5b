namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>How a product is divided among threads: into ranges of rows by ranges of panels.</summary>
/// <remarks>
/// False sharing: items meet at panels of at least a cache line (AVX2, AVX-512) and at whole pixels, so that they share
/// no line where filters are a multiple of 16; elsewhere one line at each border, which a tile writes once for each
/// block of depth. First touch: a page of a plan's memory lies on the node of the thread that first writes it, and a
/// thread's own range of items is the same in every job.
/// </remarks>
/// <param name="RowCount">Rows of the product.</param>
/// <param name="ColumnCount">Columns of the product.</param>
/// <param name="RowRanges">Ranges of rows.</param>
/// <param name="PanelRanges">Ranges of panels.</param>
internal sealed record ProductItems(long RowCount, int ColumnCount, int RowRanges, int PanelRanges)
{
    /// <summary>Multiply-adds that an item should have: fewer, and taking it costs more than it saves.</summary>
    public const long LeastWork = 48 * 1024;

    // Items for each thread, at most: what is left over when threads differ in speed is a part of one of them.
    private const int ItemsPerThread = 4;

    // Rows for which a tile takes as long as for fewer.
    private const int FewestRows = 4;

    // Floats that a thread reads from beyond its own cache while it multiplies two vectors by one row.
    private const double FloatsPerStep = 4;

    /// <summary>Number of items.</summary>
    public int Count => RowRanges * PanelRanges;

    /// <summary>An item's rows.</summary>
    public (long First, long Last) Rows(int item)
    {
        int range = item / PanelRanges;
        return (RowCount * range / RowRanges, RowCount * (range + 1) / RowRanges);
    }

    /// <summary>An item's columns, whole panels.</summary>
    public (int First, int Last) Columns(int item)
    {
        int panels = Panels.Count(ColumnCount), range = item % PanelRanges;
        return (panels * range / PanelRanges * Panels.FullWidth,
            Math.Min(ColumnCount, panels * (range + 1) / PanelRanges * Panels.FullWidth));
    }

    /// <summary>Multiply-adds of an item, columns that fill up a panel included.</summary>
    public long Work(int item, int depth)
    {
        ((long r0, long r1), (int c0, int c1)) = (Rows(item), Columns(item));
        return (r1 - r0) * Panels.Floats(depth, c1 - c0);
    }

    /// <summary>
    /// The division for which multiplying and reading take least: each item reads its rows of A and its panels of B.
    /// </summary>
    /// <param name="threads">Threads.</param>
    /// <param name="rows">Rows of the product.</param>
    /// <param name="columns">Columns of the product.</param>
    /// <param name="depth">Depth of the product.</param>
    /// <param name="rowFloats">Floats of A that belong to a row alone.</param>
    public static ProductItems Choose(int threads, long rows, int columns, int depth, int rowFloats)
    {
        var best = new ProductItems(rows, columns, 1, 1);
        long most = Math.Min((long)threads * ItemsPerThread, rows * columns * depth / LeastWork);
        if (threads == 1 || most < 2)
            return best;
        double bestCost = best.Cost(threads, depth, rowFloats);
        for (int panelRanges = 1; panelRanges <= Math.Min(most, Panels.Count(columns)); panelRanges++)
            for (int turns = 1; turns <= ItemsPerThread; turns++)
            {
                long rowRanges = Math.Min(rows, ((long)threads * turns + panelRanges - 1) / panelRanges);
                if (rowRanges * panelRanges > Math.Max(most, threads))
                    continue;
                var items = new ProductItems(rows, columns, (int)rowRanges, panelRanges);
                double cost = items.Cost(threads, depth, rowFloats);
                if (cost < bestCost * 0.98 || (cost <= bestCost && items.Count > best.Count))
                    (best, bestCost) = (items, cost);
            }
        return best;
    }

    /// <summary>
    /// The time of the thread that is done last, in steps of two vectors by one row.
    /// </summary>
    private double Cost(int threads, int depth, int rowFloats)
    {
        long turns = (Count + threads - 1) / threads;
        long rows = Math.Max(FewestRows, (RowCount + RowRanges - 1) / RowRanges);
        int panels = (Panels.Count(ColumnCount) + PanelRanges - 1) / PanelRanges;
        double floats = ((double)RowRanges * depth * ColumnCount) + ((double)PanelRanges * RowCount * rowFloats);
        return ((double)turns * rows * panels * depth) + (floats / FloatsPerStep / threads);
    }
}
