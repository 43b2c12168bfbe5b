namespace Microsoft.ML.Data;

/// <summary>Decides about the row that the cursor stands on.</summary>
internal delegate bool RowPredicate();

/// <summary>The rows of a view that a predicate accepts, in their order.</summary>
internal abstract class RowFilterView : IDataView
{
    protected RowFilterView(IDataView source) => Source = source;

    public DataViewSchema Schema => Source.Schema;

    public virtual bool CanShuffle => Source.CanShuffle;

    protected IDataView Source { get; }

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        DataViewSchema.Column[] wanted = [.. columnsNeeded];
        return new Cursor(this, Source.GetRowCursor(WithFilterColumns(wanted), CanShuffle ? rand : null), wanted);
    }

    public virtual DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        DataViewSchema.Column[] wanted = [.. columnsNeeded];
        DataViewRowCursor[] inputs = Source.GetRowCursorSet(WithFilterColumns(wanted), n, CanShuffle ? rand : null);
        return Array.ConvertAll(inputs, DataViewRowCursor (input) => new Cursor(this, input, wanted));
    }

    /// <summary>The columns that the predicate reads, whether asked for or not.</summary>
    protected abstract IEnumerable<DataViewSchema.Column> FilterColumns { get; }

    protected abstract RowPredicate CreatePredicate(DataViewRow row);

    private IEnumerable<DataViewSchema.Column> WithFilterColumns(DataViewSchema.Column[] wanted) =>
        wanted.Concat(FilterColumns).DistinctBy(column => column.Index);

    private sealed class Cursor(RowFilterView view, DataViewRowCursor input, DataViewSchema.Column[] wanted) : LinkedCursor(input, wanted)
    {
        private readonly RowPredicate _accept = view.CreatePredicate(input);

        protected override bool MoveToNextRow()
        {
            while (Input.MoveNext())
            {
                if (_accept())
                    return true;
            }
            return false;
        }
    }
}
