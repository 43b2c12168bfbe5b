using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// A view in a random order, the same at every reading: of a pool of rows one is drawn, shown, and replaced by the source's next.
/// </summary>
/// <remarks>Columns that cannot be kept in the pool are left out.</remarks>
internal sealed class ShuffleView : IDataView
{
    private readonly IDataView _source;
    private readonly int _seed, _poolRows;
    private readonly bool _shuffleSource;

    public ShuffleView(IDataView source, int seed, int poolRows, bool shuffleSource)
    {
        _source = ColumnSubset.Select(source, column => ColumnStore.Keeps(column.Type));
        _seed = seed;
        _poolRows = poolRows;
        _shuffleSource = shuffleSource;
    }

    public DataViewSchema Schema => _source.Schema;

    public bool CanShuffle => true;

    public long? GetRowCount() => _source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        DataViewSchema.Column[] columns = [.. columnsNeeded];
        Random own = rand ?? new TauswortheHybrid(_seed);

        // The source's generator is drawn first, even for a source that does not shuffle: the pool's order depends on it.
        Random ofSource = _shuffleSource ? new TauswortheHybrid(own) : null;
        DataViewRowCursor input = _source.GetRowCursor(columns, ofSource);
        return _poolRows == 1 ? input : new Cursor(input, columns, _poolRows, own);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor : StoredRowCursor
    {
        private readonly DataViewRowCursor _input;
        private readonly ColumnStore[] _stores;
        private readonly List<Action<int>> _writers = [];
        private readonly ColumnStore _ids = ColumnStore.Create(RowIdDataViewType.Instance);
        private readonly int _poolRows;
        private readonly Random _random;

        // The slots of the rows in the pool, as a ring: the drawn row is swapped to its head, and its slot takes the next row.
        private readonly List<int> _slots = [];
        private int _head, _count;
        private bool _started;

        public Cursor(DataViewRowCursor input, DataViewSchema.Column[] columns, int poolRows, Random random)
        {
            _input = input;
            _poolRows = poolRows;
            _random = random;
            _stores = new ColumnStore[input.Schema.Count];
            foreach (DataViewSchema.Column column in columns.DistinctBy(column => column.Index))
            {
                _stores[column.Index] = ColumnStore.Create(column.Type);
                _writers.Add(_stores[column.Index].Writer(input, column));
            }
            _writers.Add(_ids.IdWriter(input));
        }

        public override DataViewSchema Schema => _input.Schema;

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ValueGetter<DataViewRowId>)_ids.Getter(() => StoreIndex);

        protected override ColumnStore StoreOf(int column) => _stores[column];

        protected override bool MoveToNextRow()
        {
            if (_started)
                ReplaceHead();
            else
                FillPool();
            if (_count == 0)
                return false;
            int drawn = (_head + _random.Next(_count)) % _slots.Count;
            (_slots[_head], _slots[drawn]) = (_slots[drawn], _slots[_head]);
            StoreIndex = _slots[_head];
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _input.Dispose();
            base.Dispose(disposing);
        }

        private void FillPool()
        {
            _started = true;
            while (_count < _poolRows && _input.MoveNext())
            {
                _slots.Add(_count);
                Store(_count++);
            }
        }

        private void ReplaceHead()
        {
            if (_count == _slots.Count && _input.MoveNext())
                Store(_slots[_head]);
            else
                _count--;
            _head = (_head + 1) % _slots.Count;
        }

        private void Store(int slot)
        {
            foreach (Action<int> write in _writers)
                write(slot);
        }
    }
}
