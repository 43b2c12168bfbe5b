using System;
using System.Collections.Generic;

namespace Microsoft.ML.Data;

/// <summary>Reading of single columns.</summary>
public static class ColumnCursorExtensions
{
    /// <summary>The values of a column, lazily: text as string or memory, vectors as arrays or <see cref="VBuffer{T}"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such column, or its type is another.</exception>
    public static IEnumerable<T> GetColumn<T>(this IDataView data, string columnName)
    {
        ArgumentNullException.ThrowIfNull(data);
        return GetColumn<T>(data, data.Schema[columnName]);
    }

    /// <summary>The values of a column, lazily: text as string or memory, vectors as arrays or <see cref="VBuffer{T}"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not a column of the data, or its type is another.</exception>
    public static IEnumerable<T> GetColumn<T>(this IDataView data, DataViewSchema.Column column)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (column.Index >= data.Schema.Count || data.Schema[column.Index].Name != column.Name || !data.Schema[column.Index].Type.Equals(column.Type))
            throw new ArgumentOutOfRangeException(nameof(column), $"column '{column.Name}' is not part of the data's schema");
        if (!MemberBinding.CanHold(typeof(T), column.Type))
            throw new ArgumentOutOfRangeException(nameof(column), $"Cannot map column (name: {column.Name}, type: {column.Type}) in data to the user-defined type, {typeof(T)}.");
        return Read<T>(data, column);
    }

    private static IEnumerable<T> Read<T>(IDataView data, DataViewSchema.Column column)
    {
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        Func<T, T> reader = MemberSetters.Reader<T>(cursor, column);
        while (cursor.MoveNext())
            yield return reader(default);
    }
}
