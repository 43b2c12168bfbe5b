namespace Microsoft.ML.Data;

/// <summary>A cursor over a view with the columns of its input; what it leaves to derived cursors is the choice of rows.</summary>
internal abstract class LinkedCursor : DataViewRowCursor
{
    private readonly bool[] _active;
    private long _position = -1;
    private bool _ended;

    protected LinkedCursor(DataViewRowCursor input, IEnumerable<DataViewSchema.Column> columnsNeeded)
    {
        Input = input;
        _active = new bool[input.Schema.Count];
        foreach (DataViewSchema.Column column in columnsNeeded)
            _active[column.Index] = true;
    }

    public override DataViewSchema Schema => Input.Schema;

    public override long Position => _position;

    public override long Batch => Input.Batch;

    protected DataViewRowCursor Input { get; }

    public override bool IsColumnActive(DataViewSchema.Column column) => column.Index < _active.Length && _active[column.Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
            throw new ArgumentOutOfRangeException(nameof(column), "requested column not active");
        return Input.GetGetter<TValue>(column);
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => Input.GetIdGetter();

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

    /// <summary>Moves the input to the next row to show.</summary>
    protected abstract bool MoveToNextRow();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Input.Dispose();
        base.Dispose(disposing);
    }
}
