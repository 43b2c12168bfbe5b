using System;
using System.Collections.Generic;

namespace Microsoft.ML;

/// <summary>A lazy, immutable table. Its values are reached through cursors only.</summary>
public interface IDataView
{
    /// <summary>Whether cursors honour a random generator by shuffling.</summary>
    bool CanShuffle { get; }

    /// <summary>The columns.</summary>
    DataViewSchema Schema { get; }

    /// <summary>The number of rows, or null where counting would need a pass over the data.</summary>
    long? GetRowCount();

    /// <summary>A cursor on which the named columns are active.</summary>
    DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null);

    /// <summary>Cursors that together visit every row once; <paramref name="n"/> is a hint.</summary>
    DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null);
}
