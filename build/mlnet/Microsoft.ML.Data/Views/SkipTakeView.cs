namespace Microsoft.ML.Data;

/// <summary>A view without its first rows, or with so many at most; rows keep their order.</summary>
internal sealed class SkipTakeView(IDataView source, long skip, long take) : IDataView
{
    public DataViewSchema Schema => source.Schema;

    public bool CanShuffle => false;

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        DataViewSchema.Column[] wanted = [.. columnsNeeded];
        return new Cursor(source.GetRowCursor(wanted), wanted, skip, take);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded)];

    private sealed class Cursor(DataViewRowCursor input, DataViewSchema.Column[] wanted, long skip, long take) : LinkedCursor(input, wanted)
    {
        private long _toSkip = skip, _toTake = take;

        public override long Batch => 0;

        protected override bool MoveToNextRow()
        {
            for (; _toSkip > 0; _toSkip--)
            {
                if (!Input.MoveNext())
                    return false;
            }
            return _toTake-- > 0 && Input.MoveNext();
        }
    }
}
