using System;
using System.Collections.Generic;
using Microsoft.ML.Data;

namespace Microsoft.ML;

public sealed partial class DataOperationsCatalog
{
    /// <summary>Objects as rows; the enumerable is read anew by every cursor.</summary>
    public IDataView LoadFromEnumerable<TRow>(IEnumerable<TRow> data, SchemaDefinition schemaDefinition = null)
        where TRow : class => new EnumerableView<TRow>(_environment, data, schemaDefinition);

    /// <summary>Objects as rows with the types and annotations of a schema.</summary>
    public IDataView LoadFromEnumerable<TRow>(IEnumerable<TRow> data, DataViewSchema schema)
        where TRow : class =>
        new EnumerableView<TRow>(_environment, data, SchemaDefinition.Create(typeof(TRow), schema, SchemaDefinition.Direction.Read));

    /// <summary>Rows as objects, lazily. With <paramref name="reuseRowObject"/> one object is filled again and again.</summary>
    public IEnumerable<TRow> CreateEnumerable<TRow>(IDataView data, bool reuseRowObject, bool ignoreMissingColumns = false, SchemaDefinition schemaDefinition = null)
        where TRow : class, new()
    {
        ArgumentNullException.ThrowIfNull(data);
        var reader = new TypedRowReader<TRow>(data.Schema, ignoreMissingColumns, schemaDefinition);
        return Read(data, reader, reuseRowObject);
    }

    private static IEnumerable<TRow> Read<TRow>(IDataView data, TypedRowReader<TRow> reader, bool reuseRowObject)
        where TRow : class, new()
    {
        using DataViewRowCursor cursor = data.GetRowCursor(reader.Columns);
        Action<TRow> fill = reader.CreateFiller(cursor);
        TRow row = null;
        while (cursor.MoveNext())
        {
            row = reuseRowObject ? row ?? new TRow() : new TRow();
            fill(row);
            yield return row;
        }
    }
}
