using System;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>Writes the current value of a column into the caller's variable; buffers in it may be reused.</summary>
public delegate void ValueGetter<TValue>(ref TValue value);

/// <summary>A row of values, reached by getters that are fetched once and called for each row.</summary>
public abstract class DataViewRow : IDisposable
{
    /// <summary>Rows before this one in its cursor; -1 outside of the rows.</summary>
    public abstract long Position { get; }

    /// <summary>Orders rows across the cursors of one set.</summary>
    public abstract long Batch { get; }

    /// <summary>The columns.</summary>
    public abstract DataViewSchema Schema { get; }

    /// <summary>Whether the column's values can be had.</summary>
    public abstract bool IsColumnActive(DataViewSchema.Column column);

    /// <summary>The getter of an active column.</summary>
    public abstract ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column);

    /// <summary>The getter of the row's id, which is the same in every cursor of the view.</summary>
    public abstract ValueGetter<DataViewRowId> GetIdGetter();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the row holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>A row that moves over a view.</summary>
public abstract class DataViewRowCursor : DataViewRow
{
    /// <summary>Goes to the next row; false at the end, from then on always.</summary>
    public abstract bool MoveNext();
}
