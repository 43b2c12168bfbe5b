namespace Microsoft.ML.Data;

/// <summary>A view with some of the columns of another.</summary>
internal sealed class ColumnSubsetView(IDataView source, ColumnSubset subset) : IDataView
{
    public DataViewSchema Schema => subset.OutputSchema;

    public bool CanShuffle => source.CanShuffle;

    /// <summary>The view with the columns that the predicate accepts: the view itself if these are all.</summary>
    public static IDataView WithColumns(IDataView source, Predicate<DataViewSchema.Column> accept)
    {
        int[] indices = [.. source.Schema.Where(column => accept(column)).Select(column => column.Index)];
        return indices.Length == source.Schema.Count ? source : new ColumnSubsetView(source, new ColumnSubset(source.Schema, indices));
    }

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        DataViewSchema.Column[] columns = [.. columnsNeeded];
        return subset.GetCursor(source.GetRowCursor(subset.GetDependencies(columns), rand), columns);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        DataViewSchema.Column[] columns = [.. columnsNeeded];
        DataViewRowCursor[] inputs = source.GetRowCursorSet(subset.GetDependencies(columns), n, rand);
        return Array.ConvertAll(inputs, input => subset.GetCursor(input, columns));
    }
}
