namespace Microsoft.ML.Data;

/// <summary>The rows whose sampling key lies in a range: a train or test set.</summary>
internal sealed class SplitView(IDataView source, SamplingKey key, NumberRange range) : RowFilterView(source)
{
    public override bool CanShuffle => !key.NeedsOrder && Source.CanShuffle;

    protected override IEnumerable<DataViewSchema.Column> FilterColumns => key.Columns;

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        key.NeedsOrder ? [GetRowCursor(columnsNeeded, rand)] : base.GetRowCursorSet(columnsNeeded, n, rand);

    protected override RowPredicate CreatePredicate(DataViewRow row)
    {
        Func<double> number = key.CreateGetter(row);
        return () => range.Contains(number());
    }
}
