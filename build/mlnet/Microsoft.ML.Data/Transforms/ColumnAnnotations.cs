namespace Microsoft.ML.Data;

/// <summary>Annotations and shapes as the transforms read and write them.</summary>
internal static class ColumnAnnotations
{
    /// <summary>The texts of a text-vector annotation, one a slot, or null if the column has none of the size.</summary>
    public static string[] TextsOrNull(DataViewSchema.Column column, string kind, int size)
    {
        if (column.Annotations.Schema.GetColumnOrNull(kind)?.Type is not VectorDataViewType { ItemType: TextDataViewType } type || type.Size != size)
            return null;
        VBuffer<ReadOnlyMemory<char>> texts = default;
        column.Annotations.GetValue(kind, ref texts);
        return [.. texts.DenseValues().Select(text => text.ToString())];
    }

    /// <summary>Adds a vector of values that are made once.</summary>
    public static void AddVector<T>(this DataViewSchema.Annotations.Builder builder, string kind, PrimitiveDataViewType itemType, T[] values)
    {
        void Get(ref VBuffer<T> vector) => VBuffer<T>.Copy(values, 0, ref vector, values.Length);
        builder.Add<VBuffer<T>>(kind, new VectorDataViewType(itemType, values.Length), Get);
    }

    /// <summary>Adds the names of a known-size vector's slots, for a column of the same size.</summary>
    public static void AddSlotNamesOf(this DataViewSchema.Annotations.Builder builder, DataViewSchema.Column input)
    {
        if (input.Type is VectorDataViewType { IsKnownSize: true })
            builder.Add(input.Annotations, name => name == AnnotationUtils.Kinds.SlotNames);
    }

    /// <summary>The type with another item type: a vector keeps its dimensions.</summary>
    public static DataViewType WithItemType(this DataViewType type, PrimitiveDataViewType item) =>
        type is VectorDataViewType vector ? new VectorDataViewType(item, vector.Dimensions) : item;

    /// <summary>The shape of annotations of which only slot names are kept.</summary>
    public static SchemaShape SlotNamesOf(SchemaShape.Column input) =>
        input.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out SchemaShape.Column slotNames) ? new SchemaShape([slotNames]) : null;

    /// <summary>The shape with columns added, or put in the place of those of the same names.</summary>
    public static SchemaShape With(this SchemaShape shape, IEnumerable<SchemaShape.Column> columns)
    {
        List<SchemaShape.Column> result = [.. shape];
        foreach (SchemaShape.Column column in columns)
        {
            int index = result.FindIndex(other => other.Name == column.Name);
            if (index < 0)
                result.Add(column);
            else
                result[index] = column;
        }
        return new SchemaShape(result);
    }
}
