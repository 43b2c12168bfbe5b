namespace Microsoft.ML.Data;

/// <summary>Keeps the columns of a view in memory from their first reading on; columns that cannot be kept are left out.</summary>
internal sealed class CacheView : IDataView
{
    private readonly IDataView _source;
    private readonly ColumnStore[] _stores;
    private readonly object _filling = new();
    private int _rows = -1;

    public CacheView(IDataView source, string[] columnsToPrefetch)
    {
        _source = ColumnSubset.Select(source, column => ColumnStore.Keeps(column.Type));
        _stores = new ColumnStore[_source.Schema.Count];
        DataViewSchema.Column[] prefetched = Array.ConvertAll(columnsToPrefetch ?? [], name => _source.Schema.GetColumnOrNull(name)
            ?? throw new ArgumentOutOfRangeException(nameof(columnsToPrefetch), $"Could not find prefetch column '{name}'"));
        if (prefetched.Length > 0)
            Fill(prefetched);
    }

    public DataViewSchema Schema => _source.Schema;

    public bool CanShuffle => true;

    public long? GetRowCount() => _rows < 0 ? null : _rows;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) =>
        new Cursor(this, [.. columnsNeeded], rand);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    // Reads those of the columns that are not kept yet, all in one pass.
    private void Fill(DataViewSchema.Column[] columns)
    {
        lock (_filling)
        {
            DataViewSchema.Column[] missing = Array.FindAll(columns, column => _stores[column.Index] == null);
            if (missing.Length == 0 && _rows >= 0)
                return;

            using DataViewRowCursor cursor = _source.GetRowCursor(missing);
            ColumnStore[] stores = Array.ConvertAll(missing, column => ColumnStore.Create(column.Type));
            var writers = new Action<int>[stores.Length];
            for (int i = 0; i < stores.Length; i++)
                writers[i] = stores[i].Writer(cursor, missing[i]);
            int rows = 0;
            for (; cursor.MoveNext(); rows++)
            {
                foreach (Action<int> write in writers)
                    write(rows);
            }

            for (int i = 0; i < stores.Length; i++)
                _stores[missing[i].Index] = stores[i];
            _rows = rows;
        }
    }

    private sealed class Cursor(CacheView view, DataViewSchema.Column[] columns, Random rand) : StoredRowCursor
    {
        private int[] _order;
        private int _next;
        private bool _filled;

        public override DataViewSchema Schema => view.Schema;

        public override bool IsColumnActive(DataViewSchema.Column column) => Array.Exists(columns, active => active.Index == column.Index);

        public override ValueGetter<DataViewRowId> GetIdGetter() =>
            (ref DataViewRowId id) => id = new DataViewRowId((ulong)StoreIndex, 0);

        protected override ColumnStore StoreOf(int column)
        {
            if (!Array.Exists(columns, active => active.Index == column))
                return null;
            EnsureFilled();
            return view._stores[column];
        }

        protected override bool MoveToNextRow()
        {
            EnsureFilled();
            if (_next == view._rows)
                return false;
            StoreIndex = _order?[_next] ?? _next;
            _next++;
            return true;
        }

        private void EnsureFilled()
        {
            if (_filled)
                return;
            _filled = true;
            view.Fill(columns);
            if (rand == null)
                return;
            _order = [.. Enumerable.Range(0, view._rows)];
            rand.Shuffle(_order);
        }
    }
}
