using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>A label column, checked: a key with a known number of values.</summary>
/// <param name="Column">The column.</param>
/// <param name="Classes">Number of classes.</param>
internal readonly record struct LabelColumn(DataViewSchema.Column Column, int Classes)
{
    private const string Expected = "Key (use MapValueToKey to make one)";

    /// <summary>Finds and checks a column.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing, no key, or has fewer than two values.</exception>
    public static LabelColumn Bind(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column =
            schema.GetColumnOrNull(name) ?? throw Contracts.ExceptSchemaMismatch("inputSchema", "label", name);
        if (column.Type is not KeyDataViewType key)
            throw Contracts.ExceptSchemaMismatch("inputSchema", "label", name, Expected, column.Type.ToString()!);
        if (key.Count is < 1 or > int.MaxValue)
            throw Contracts.ExceptSchemaMismatch("inputSchema", "label", name, "Key with a known number of values",
                key.ToString());
        if (key.Count == 1)
            throw LabelValues.Of(column, 1) is { ItemType: not null } labels ? OneClass(name, labels, 0)
                : Contracts.ExceptParam("inputSchema", $"The label column '{name}' is a key with one value at most, "
                    + "which MapValueToKey also makes of no rows; a classifier needs images of two classes at least");
        return new(column, (int)key.Count);
    }

    /// <summary>The check that is possible before sizes are known.</summary>
    public static SchemaShape.Column CheckShape(SchemaShape schema, string name)
    {
        if (!schema.TryFindColumn(name, out SchemaShape.Column column))
            throw Contracts.ExceptSchemaMismatch("inputSchema", "label", name);
        if (!column.IsKey || column.Kind != SchemaShape.Column.VectorKind.Scalar)
            throw Contracts.ExceptSchemaMismatch("inputSchema", "label", name, Expected,
                FeatureColumn.Describe(column));
        return column;
    }

    /// <summary>Type of the values behind the keys; null where there are none.</summary>
    public static DataViewType? ValueType(SchemaShape.Column label) => label.Annotations
        .Where(a => a.Name == AnnotationUtils.Kinds.KeyValues).Select(a => a.ItemType).FirstOrDefault();

    /// <summary>All rows are of one class: there is nothing to learn.</summary>
    public static Exception OneClass(string name, LabelValues labels, int classNumber) =>
        Contracts.ExceptParam("inputSchema", $"The label column '{name}' has one class only, "
            + $"'{labels.Text(classNumber)}'; a classifier needs images of two classes at least");

    /// <summary>Reads the class number of the present row: the key less one, -1 when it is missing.</summary>
    public Func<int> CreateReader(DataViewRow row)
    {
        if (Column.Type.RawType == typeof(byte))
            return Reader<byte>(row, Column, v => v);
        if (Column.Type.RawType == typeof(ushort))
            return Reader<ushort>(row, Column, v => v);
        if (Column.Type.RawType == typeof(ulong))
            return Reader<ulong>(row, Column, v => v);
        return Reader<uint>(row, Column, v => v);
    }

    private static Func<int> Reader<T>(DataViewRow row, DataViewSchema.Column column, Func<T, ulong> convert)
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        T key = default!;
        return () =>
        {
            getter(ref key);
            return checked((int)convert(key)) - 1;
        };
    }
}
