namespace Microsoft.ML.Data;

/// <summary>Some columns of a schema, in an order of their own, and rows that show only these.</summary>
internal sealed class ColumnSubset : IRowToRowMapper
{
    private readonly int[] _inputIndices;

    public ColumnSubset(DataViewSchema inputSchema, IEnumerable<int> inputIndices)
    {
        InputSchema = inputSchema;
        _inputIndices = [.. inputIndices];
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(_inputIndices.Select(index => inputSchema[index]));
        OutputSchema = builder.ToSchema();
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    public DataViewSchema.Column ToInput(DataViewSchema.Column column) => InputSchema[_inputIndices[column.Index]];

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        dependingColumns.Select(ToInput).DistinctBy(column => column.Index);

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new Row(this, input, activeColumns);

    public DataViewRowCursor GetCursor(DataViewRowCursor input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new Cursor(new Row(this, input, activeColumns), input);

    private sealed class Row : DataViewRow
    {
        private readonly ColumnSubset _subset;
        private readonly DataViewRow _input;
        private readonly bool[] _active;

        public Row(ColumnSubset subset, DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
        {
            _subset = subset;
            _input = input;
            _active = new bool[subset.OutputSchema.Count];
            foreach (DataViewSchema.Column column in activeColumns)
                _active[column.Index] = true;
        }

        public override DataViewSchema Schema => _subset.OutputSchema;

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override bool IsColumnActive(DataViewSchema.Column column) => column.Index < _active.Length && _active[column.Index];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!IsColumnActive(column))
                throw new ArgumentOutOfRangeException(nameof(column), "requested column not active");
            return _input.GetGetter<TValue>(_subset.ToInput(column));
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _input.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class Cursor(DataViewRow row, DataViewRowCursor input) : DataViewRowCursor
    {
        public override DataViewSchema Schema => row.Schema;

        public override long Position => row.Position;

        public override long Batch => row.Batch;

        public override bool IsColumnActive(DataViewSchema.Column column) => row.IsColumnActive(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => row.GetGetter<TValue>(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => row.GetIdGetter();

        public override bool MoveNext() => input.MoveNext();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                row.Dispose();
            base.Dispose(disposing);
        }
    }
}
