namespace Microsoft.ML.Data;

/// <summary>Collects the distinct values of a column, row by row.</summary>
internal abstract class KeyMapBuilder
{
    /// <summary>Takes the values of the row that the cursor stands on.</summary>
    /// <param name="maximumCount">How many values to keep at most; later ones have no key.</param>
    public abstract void AddRow(int maximumCount);

    public abstract KeyMap Build(bool sortByValue);
}

/// <inheritdoc/>
internal sealed class KeyMapBuilder<T> : KeyMapBuilder
{
    private readonly PrimitiveDataViewType _itemType;
    private readonly List<T> _values = [];
    private readonly HashSet<T> _seen = new(KeyValueComparer.EqualityOf<T>());
    private readonly Action<int> _addRow;

    public KeyMapBuilder(DataViewRow row, DataViewSchema.Column column)
    {
        _itemType = (PrimitiveDataViewType)column.Type.ItemTypeOf();
        _addRow = column.Type is VectorDataViewType ? VectorReader(row, column) : ScalarReader(row, column);
    }

    public override void AddRow(int maximumCount) => _addRow(maximumCount);

    public override KeyMap Build(bool sortByValue)
    {
        if (sortByValue)
            _values.Sort(KeyValueComparer.OrderOf<T>());
        return new KeyMap<T>(_itemType, [.. _values]);
    }

    private Action<int> ScalarReader(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        T value = default;
        return maximumCount =>
        {
            getter(ref value);
            Add(value, maximumCount);
        };
    }

    private Action<int> VectorReader(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<T>> getter = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> vector = default;
        return maximumCount =>
        {
            getter(ref vector);
            foreach (T value in vector.DenseValues())
                Add(value, maximumCount);
        };
    }

    private void Add(T value, int maximumCount)
    {
        if (_values.Count < maximumCount && !KeyValueComparer.IsMissing(value, _itemType is KeyDataViewType) && _seen.Add(value))
            _values.Add(KeyValueComparer.Owned(value));
    }
}
