namespace Microsoft.ML.Data;

/// <summary>The rows of text files; the files are read anew by every cursor.</summary>
internal sealed class TextView(DataViewSchema schema, TextColumn[] columns, TextLoader.Options options, IMultiStreamSource source) : IDataView
{
    public DataViewSchema Schema => schema;

    public bool CanShuffle => false;

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) =>
        new Cursor(schema, columns, options, source, columnsNeeded);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded)];

    private sealed class Cursor : DataViewRowCursor
    {
        private readonly IEnumerator<string> _lines;
        private readonly FieldSplitter _splitter;
        private readonly Delegate[] _getters;
        private IReadOnlyList<ReadOnlyMemory<char>> _fields = [];
        private long _position = -1;
        private bool _ended;

        public Cursor(DataViewSchema schema, TextColumn[] columns, TextLoader.Options options, IMultiStreamSource source, IEnumerable<DataViewSchema.Column> columnsNeeded)
        {
            Schema = schema;
            _lines = new TextLines(options).Read(source).GetEnumerator();
            _splitter = new FieldSplitter(options);
            _getters = new Delegate[columns.Length];
            foreach (DataViewSchema.Column column in columnsNeeded)
                _getters[column.Index] ??= columns[column.Index].CreateGetter(options, () => _fields);
        }

        public override DataViewSchema Schema { get; }

        public override long Position => _position;

        public override long Batch => 0;

        public override bool IsColumnActive(DataViewSchema.Column column) => column.Index < _getters.Length && _getters[column.Index] != null;

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            (IsColumnActive(column) ? _getters[column.Index] : throw SchemaErrors.Inactive()).AsGetter<TValue>(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)_position, 0);

        public override bool MoveNext()
        {
            if (!_ended && _lines.MoveNext())
            {
                _fields = _splitter.Split(_lines.Current);
                _position++;
                return true;
            }
            _ended = true;
            _position = -1;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _lines.Dispose();
            base.Dispose(disposing);
        }
    }
}
