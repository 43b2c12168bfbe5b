using System;
using System.Linq;

namespace Microsoft.ML.Data;

/// <summary>The usual annotations of columns.</summary>
public static class SchemaAnnotationsExtensions
{
    /// <summary>Whether a vector column's slots have names.</summary>
    public static bool HasSlotNames(this DataViewSchema.Column column) =>
        column.Type is VectorDataViewType { IsKnownSize: true } vector
        && AnnotationType(column, AnnotationUtils.Kinds.SlotNames) is VectorDataViewType names
        && names.ItemType is TextDataViewType && names.Size == vector.Size;

    /// <summary>The names of a vector column's slots.</summary>
    /// <exception cref="InvalidOperationException">There are none.</exception>
    public static void GetSlotNames(this DataViewSchema.Column column, ref VBuffer<ReadOnlyMemory<char>> slotNames) =>
        column.Annotations.GetValue(AnnotationUtils.Kinds.SlotNames, ref slotNames);

    /// <summary>Whether a key column's values are known, and of the type if one is given.</summary>
    public static bool HasKeyValues(this DataViewSchema.Column column, PrimitiveDataViewType keyValueItemType = null) =>
        column.Type.KeyCountOf() is int count and > 0
        && AnnotationType(column, AnnotationUtils.Kinds.KeyValues) is VectorDataViewType values
        && values.Size == count && (keyValueItemType == null || values.ItemType.Equals(keyValueItemType));

    /// <summary>The values of a key column.</summary>
    /// <exception cref="InvalidOperationException">They are not known.</exception>
    public static void GetKeyValues<TValue>(this DataViewSchema.Column column, ref VBuffer<TValue> keyValues) =>
        column.Annotations.GetValue(AnnotationUtils.Kinds.KeyValues, ref keyValues);

    /// <summary>Whether the column's values are known to be normalised.</summary>
    public static bool IsNormalized(this DataViewSchema.Column column)
    {
        switch (AnnotationType(column, AnnotationUtils.Kinds.IsNormalized))
        {
            case BooleanDataViewType:
                bool value = false;
                column.Annotations.GetValue(AnnotationUtils.Kinds.IsNormalized, ref value);
                return value;
            case VectorDataViewType { ItemType: BooleanDataViewType }:
                VBuffer<bool> values = default;
                column.Annotations.GetValue(AnnotationUtils.Kinds.IsNormalized, ref values);
                return values.DenseValues().All(v => v);
            default:
                return false;
        }
    }

    private static DataViewType AnnotationType(DataViewSchema.Column column, string kind) => column.Annotations.Schema.GetColumnOrNull(kind)?.Type;
}
