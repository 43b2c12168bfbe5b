// Internal: an enumerable of objects as a view. A row of one object, which the prediction engine uses, is here too.
using System;
using System.Collections.Generic;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

internal sealed class EnumerableView<TRow> : IDataView
    where TRow : class
{
    private readonly IHost _host;
    private readonly IEnumerable<TRow> _data;
    private readonly MemberBinding[] _bindings;

    public EnumerableView(IHostEnvironment env, IEnumerable<TRow> data, SchemaDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(data);
        _host = env.Register("StreamingDataView");
        _data = data;
        _bindings = MemberBinding.Bind(typeof(TRow), definition, SchemaDefinition.Direction.Read);
        Schema = MemberBinding.SchemaOf(_bindings);
    }

    public bool CanShuffle => false;

    public DataViewSchema Schema { get; }

    public long? GetRowCount() => (_data as ICollection<TRow>)?.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) =>
        new Cursor(_host.Start("Cursor"), _data.GetEnumerator(), new ObjectRow<TRow>(Schema, _bindings, columnsNeeded));

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor(IChannel channel, IEnumerator<TRow> rows, ObjectRow<TRow> row) : DataViewRowCursor
    {
        private bool _ended;

        public override DataViewSchema Schema => row.Schema;

        public override long Position => row.Position;

        public override long Batch => 0;

        public override bool MoveNext()
        {
            if (!_ended && rows.MoveNext())
            {
                row.MoveTo(rows.Current);
                return true;
            }
            _ended = true;
            row.MoveOut();
            return false;
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => row.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => row.IsColumnActive(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => row.GetGetter<TValue>(column);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _ended = true;
                rows.Dispose();
                channel.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}

internal sealed class ObjectRow<TRow> : DataViewRow
    where TRow : class
{
    private readonly Delegate[] _getters;
    private TRow _current;
    private long _position = -1;
    private long _moves = -1;

    public ObjectRow(DataViewSchema schema, MemberBinding[] bindings, IEnumerable<DataViewSchema.Column> columnsNeeded)
    {
        Schema = schema;
        _getters = new Delegate[bindings.Length];
        foreach (DataViewSchema.Column column in columnsNeeded)
            _getters[column.Index] ??= MemberGetters.Create(bindings[column.Index], () => _current);
    }

    public override DataViewSchema Schema { get; }

    public override long Position => _position;

    public override long Batch => 0;

    /// <summary>Makes the object the next row.</summary>
    public void MoveTo(TRow next)
    {
        _current = next;
        _position = ++_moves;
    }

    /// <summary>Leaves the rows.</summary>
    public void MoveOut()
    {
        _current = null;
        _position = -1;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) =>
    {
        if (_position < 0)
            throw new InvalidOperationException("Cannot call ID getter in current state");
        id = new DataViewRowId((ulong)_position, 0);
    };

    public override bool IsColumnActive(DataViewSchema.Column column) =>
        column.Index < _getters.Length ? _getters[column.Index] != null : throw new ArgumentOutOfRangeException(nameof(column));

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (column.Index >= _getters.Length || _getters[column.Index] == null)
            throw SchemaErrors.Inactive();
        return _getters[column.Index].AsGetter<TValue>(column);
    }
}
