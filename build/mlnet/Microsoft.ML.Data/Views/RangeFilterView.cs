namespace Microsoft.ML.Data;

/// <summary>Rows whose value in a Single, Double or key column lies in a range; of a key, where it lies among its values, in (0, 1).</summary>
internal sealed class RangeFilterView : RowFilterView
{
    private readonly DataViewSchema.Column _column;
    private readonly NumberRange _range;

    public RangeFilterView(IDataView source, string columnName, NumberRange range) : base(source)
    {
        _column = source.Schema[columnName];
        if (!IsSupported(_column.Type))
            throw new ArgumentOutOfRangeException("Column", $"Column '{columnName}' does not have compatible type");
        _range = range;
    }

    protected override IEnumerable<DataViewSchema.Column> FilterColumns => [_column];

    public static bool IsSupported(DataViewType type) =>
        type == NumberDataViewType.Single || type == NumberDataViewType.Double || type is KeyDataViewType;

    /// <summary>Reads a supported column as double; a key as the middle of its slot in [0, 1], a missing one as NaN.</summary>
    public static Func<double> NumberGetter(DataViewRow row, DataViewSchema.Column column)
    {
        if (column.Type is KeyDataViewType key)
            return KeyGetter(row, column, key.Count);
        if (column.Type == NumberDataViewType.Double)
            return Getter<double>(row, column, value => value);
        return Getter<float>(row, column, value => value);
    }

    protected override RowPredicate CreatePredicate(DataViewRow row)
    {
        Func<double> number = NumberGetter(row, _column);
        return () => _range.Contains(number());
    }

    private static Func<double> KeyGetter(DataViewRow row, DataViewSchema.Column column, ulong count)
    {
        double Place(ulong key) => key == 0 || key > count ? double.NaN : (key - 0.5) / count;
        if (column.Type.RawType == typeof(byte))
            return Getter<byte>(row, column, key => Place(key));
        if (column.Type.RawType == typeof(ushort))
            return Getter<ushort>(row, column, key => Place(key));
        return column.Type.RawType == typeof(uint)
            ? Getter<uint>(row, column, key => Place(key))
            : Getter<ulong>(row, column, Place);
    }

    private static Func<double> Getter<T>(DataViewRow row, DataViewSchema.Column column, Func<T, double> number)
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        T value = default;
        return () =>
        {
            getter(ref value);
            return number(value);
        };
    }
}
