// Internal: what a row-to-row transformer needs so that it only has to say which columns it adds and how to compute them.
//
//   RowMapper      derive from it: one transformer bound to one input schema; it adds columns behind the input's. Give
//                  GetOutputColumns, GetInputs (what an output depends on) and CreateGetter. It is the IRowToRowMapper.
//   MappedView     any IRowToRowMapper applied to a view: cursors, cursor sets, activity, ids and batches.
//   MappedRow      any row whose columns come partly from an input row.
//   RowCursorOf    a cursor over any row that follows another cursor.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace Microsoft.ML.Data;

internal abstract class RowMapper : IRowToRowMapper
{
    private DataViewSchema _outputSchema;

    protected RowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        InputSchema = inputSchema;
    }

    public DataViewSchema InputSchema { get; }

    /// <summary>Always the same object, whichever thread asks first: schemas are compared by reference.</summary>
    public DataViewSchema OutputSchema => LazyInitializer.EnsureInitialized(ref _outputSchema, BuildOutputSchema);

    /// <summary>The columns that are added, in order.</summary>
    protected abstract IReadOnlyList<DataViewSchema.DetachedColumn> GetOutputColumns();

    /// <summary>The indices of the input columns that an added column (numbered from 0) is computed from.</summary>
    protected abstract IEnumerable<int> GetInputs(int output);

    /// <summary>
    /// The <see cref="ValueGetter{TValue}"/>s of the added columns (numbered from 0); inactive ones may be null. Called once for
    /// each row object, so that the getters may share buffers. <paramref name="disposer"/> is called when the row is disposed.
    /// </summary>
    protected abstract Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isActive, out Action disposer);

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var wanted = new HashSet<int>();
        foreach (DataViewSchema.Column column in dependingColumns)
        {
            if (column.Index < InputSchema.Count)
                wanted.Add(column.Index);
            else
                wanted.UnionWith(GetInputs(column.Index - InputSchema.Count));
        }
        return InputSchema.Where(c => wanted.Contains(c.Index)).ToArray();
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(activeColumns);
        if (input.Schema != InputSchema)
            throw new ArgumentOutOfRangeException(nameof(input), "Schema of input row must be the same as the schema the mapper is bound to");
        int inputs = InputSchema.Count, added = OutputSchema.Count - inputs;
        var active = new bool[added];
        foreach (DataViewSchema.Column column in activeColumns)
        {
            if (column.Index >= inputs)
                active[column.Index - inputs] = true;
        }
        Action disposer = null;
        Delegate[] getters = active.Contains(true) ? CreateGetters(input, i => active[i], out disposer) : new Delegate[added];
        return new MappedRow(input, OutputSchema, i => i < inputs ? i : -1, i => active[i - inputs] ? getters[i - inputs] : null, disposer);
    }

    private DataViewSchema BuildOutputSchema()
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(InputSchema);
        builder.AddColumns(GetOutputColumns());
        return builder.ToSchema();
    }
}

internal sealed class MappedRow(
    DataViewRow input, DataViewSchema schema, Func<int, int> inputIndexOf, Func<int, Delegate> getterOf, Action disposer) : DataViewRow
{
    private bool _disposed;

    public override DataViewSchema Schema => schema;

    public override long Position => input.Position;

    public override long Batch => input.Batch;

    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column)
    {
        int source = SourceOf(column);
        return source >= 0 ? input.IsColumnActive(input.Schema[source]) : getterOf(column.Index) != null;
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        int source = SourceOf(column);
        if (source >= 0)
            return input.GetGetter<TValue>(input.Schema[source]);
        return (getterOf(column.Index) ?? throw SchemaErrors.Inactive()).AsGetter<TValue>(column);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            disposer?.Invoke();
            input.Dispose();
        }
        base.Dispose(disposing);
    }

    private int SourceOf(DataViewSchema.Column column) =>
        column.Index < schema.Count ? inputIndexOf(column.Index) : throw SchemaErrors.Inactive();
}

internal sealed class RowCursorOf(DataViewRowCursor input, DataViewRow row) : DataViewRowCursor
{
    public override DataViewSchema Schema => row.Schema;

    public override long Position => input.Position;

    public override long Batch => input.Batch;

    public override bool MoveNext() => input.MoveNext();

    public override ValueGetter<DataViewRowId> GetIdGetter() => row.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => row.IsColumnActive(column);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => row.GetGetter<TValue>(column);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            row.Dispose();
        base.Dispose(disposing);
    }
}

internal sealed class MappedView(IDataView source, IRowToRowMapper mapper) : IDataView
{
    public bool CanShuffle => source.CanShuffle;

    public DataViewSchema Schema => mapper.OutputSchema;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        DataViewSchema.Column[] needed = columnsNeeded.ToArray();
        return Wrap(source.GetRowCursor(mapper.GetDependencies(needed), rand), needed);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        DataViewSchema.Column[] needed = columnsNeeded.ToArray();
        DataViewRowCursor[] inputs = source.GetRowCursorSet(mapper.GetDependencies(needed), n, rand);
        return Array.ConvertAll(inputs, input => Wrap(input, needed));
    }

    private DataViewRowCursor Wrap(DataViewRowCursor input, DataViewSchema.Column[] needed)
    {
        try
        {
            return new RowCursorOf(input, mapper.GetRow(input, needed));
        }
        catch
        {
            input.Dispose();
            throw;
        }
    }
}
