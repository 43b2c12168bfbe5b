namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>How a product is shared among threads.</summary>
internal static class ProductParts
{
    /// <summary>
    /// How many ranges of rows and of panels a product is divided into, one for each thread: the division whose largest
    /// share is smallest; on a tie, the one with more ranges of rows.
    /// </summary>
    public static (int Rows, int Columns) Choose(int threads, long rows, int panels)
    {
        (int Rows, int Columns) best = (1, 1);
        long bestLoad = long.MaxValue;
        for (int columns = 1; columns <= Math.Min(threads, panels); columns++)
        {
            int parts = (int)Math.Min(threads / columns, rows);
            long load = (rows + parts - 1) / parts * ((panels + columns - 1) / columns);
            if (load < bestLoad)
                (best, bestLoad) = ((parts, columns), load);
        }
        return best;
    }
}
