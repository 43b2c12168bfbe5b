namespace Microsoft.ML.Data;

/// <summary>Rows without a missing value in the given Single, Double or key columns, scalar or vector.</summary>
internal sealed class MissingValuesFilterView : RowFilterView
{
    private readonly DataViewSchema.Column[] _columns;

    public MissingValuesFilterView(IDataView source, string[] columnNames) : base(source)
    {
        _columns = Array.ConvertAll(columnNames, name => source.Schema.GetColumnOrNull(name)
            ?? throw new ArgumentOutOfRangeException("Column", $"Source column '{name}' not found"));
        foreach (DataViewSchema.Column column in _columns)
        {
            if (!HasMissingValues(ItemType(column.Type)))
                throw new ArgumentOutOfRangeException("Column", $"Column '{column.Name}' has type {column.Type} which does not support missing values, so we cannot filter on them");
        }
    }

    protected override IEnumerable<DataViewSchema.Column> FilterColumns => _columns;

    protected override RowPredicate CreatePredicate(DataViewRow row)
    {
        RowPredicate[] complete = Array.ConvertAll(_columns, column => IsComplete(row, column));
        return () => Array.TrueForAll(complete, test => test());
    }

    private static DataViewType ItemType(DataViewType type) => type is VectorDataViewType vector ? vector.ItemType : type;

    private static bool HasMissingValues(DataViewType item) =>
        item == NumberDataViewType.Single || item == NumberDataViewType.Double || item is KeyDataViewType;

    private static RowPredicate IsComplete(DataViewRow row, DataViewSchema.Column column)
    {
        Type raw = ItemType(column.Type).RawType;
        if (raw == typeof(float))
            return IsComplete<float>(row, column, float.IsNaN);
        if (raw == typeof(double))
            return IsComplete<double>(row, column, double.IsNaN);
        if (raw == typeof(byte))
            return IsComplete<byte>(row, column, key => key == 0);
        if (raw == typeof(ushort))
            return IsComplete<ushort>(row, column, key => key == 0);
        return raw == typeof(uint)
            ? IsComplete<uint>(row, column, key => key == 0)
            : IsComplete<ulong>(row, column, key => key == 0);
    }

    private static RowPredicate IsComplete<T>(DataViewRow row, DataViewSchema.Column column, Func<T, bool> isMissing)
    {
        if (column.Type is not VectorDataViewType)
        {
            ValueGetter<T> getter = row.GetGetter<T>(column);
            T value = default;
            return () =>
            {
                getter(ref value);
                return !isMissing(value);
            };
        }

        ValueGetter<VBuffer<T>> vectorGetter = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> vector = default;
        return () =>
        {
            vectorGetter(ref vector);
            if (!vector.IsDense && isMissing(default))
                return false;
            foreach (T item in vector.GetValues())
            {
                if (isMissing(item))
                    return false;
            }
            return true;
        };
    }
}
