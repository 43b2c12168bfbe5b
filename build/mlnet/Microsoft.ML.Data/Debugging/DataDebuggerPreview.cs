using System.Collections.Immutable;

namespace Microsoft.ML.Data;

/// <summary>The first rows of a view as objects: for looking at, not for computing with.</summary>
public sealed class DataDebuggerPreview
{
    internal const int DefaultRows = 100;

    internal DataDebuggerPreview(IDataView data, int maxRows)
    {
        Schema = data.Schema;
        var rows = new List<RowInfo>();
        var columns = new List<object>[Schema.Count];
        for (int i = 0; i < columns.Length; i++)
            columns[i] = [];
        using (DataViewRowCursor cursor = data.GetRowCursor(Schema))
        {
            Func<object>[] getters = [.. Schema.Select(column => (Func<object>)GenericMethod.InvokeStatic(typeof(DataDebuggerPreview), nameof(BoxingGetter), column.Type.RawType, cursor, column))];
            while (rows.Count < maxRows && cursor.MoveNext())
                rows.Add(ReadRow(getters, columns));
        }
        RowView = [.. rows];
        ColumnView = [.. Schema.Select((column, i) => new ColumnInfo(column, [.. columns[i]]))];
    }

    public DataViewSchema Schema { get; }

    public ImmutableArray<ColumnInfo> ColumnView { get; }

    public ImmutableArray<RowInfo> RowView { get; }

    public override string ToString() => $"{Schema.Count} columns, {RowView.Length} rows";

    private RowInfo ReadRow(Func<object>[] getters, List<object>[] columns)
    {
        var values = new KeyValuePair<string, object>[getters.Length];
        for (int i = 0; i < values.Length; i++)
        {
            object value = getters[i]();
            values[i] = new KeyValuePair<string, object>(Schema[i].Name, value);
            columns[i].Add(value);
        }
        return new RowInfo(values);
    }

    // A fresh variable each time, since a getter may reuse the arrays of the value that it is handed.
    private static Func<object> BoxingGetter<T>(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        return () =>
        {
            T value = default;
            getter(ref value);
            return value;
        };
    }

    /// <summary>The values of one column.</summary>
    public sealed class ColumnInfo
    {
        internal ColumnInfo(DataViewSchema.Column column, object[] values)
        {
            Column = column;
            Values = values;
        }

        public DataViewSchema.Column Column { get; }

        public object[] Values { get; }

        public override string ToString() => $"{Column.Name}: {Column.Type}";
    }

    /// <summary>The values of one row, with the names of their columns.</summary>
    public sealed class RowInfo
    {
        internal RowInfo(KeyValuePair<string, object>[] values) => Values = values;

        public KeyValuePair<string, object>[] Values { get; }

        public override string ToString() => $"{Values.Length} columns";
    }
}
