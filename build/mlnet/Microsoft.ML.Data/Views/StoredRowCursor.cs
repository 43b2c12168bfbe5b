namespace Microsoft.ML.Data;

/// <summary>A cursor that serves rows out of column stores.</summary>
internal abstract class StoredRowCursor : DataViewRowCursor
{
    private long _position = -1;
    private bool _ended;

    public override long Position => _position;

    public override long Batch => 0;

    /// <summary>Where the present row lies in the stores.</summary>
    protected int StoreIndex { get; set; } = -1;

    public override bool IsColumnActive(DataViewSchema.Column column) => StoreOf(column.Index) != null;

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        ColumnStore store = StoreOf(column.Index)
            ?? throw new ArgumentOutOfRangeException(nameof(column), "requested column not active");
        return store.Getter(() => StoreIndex) as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Invalid TValue in GetGetter for column #{column.Name}: {column.Type}: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
    }

    public override bool MoveNext()
    {
        if (_ended)
            return false;
        if (MoveToNextRow())
        {
            _position++;
            return true;
        }
        _ended = true;
        _position = -1;
        return false;
    }

    /// <summary>The store of an active column, otherwise null.</summary>
    protected abstract ColumnStore StoreOf(int column);

    /// <summary>Sets <see cref="StoreIndex"/> to the next row.</summary>
    protected abstract bool MoveToNextRow();
}
