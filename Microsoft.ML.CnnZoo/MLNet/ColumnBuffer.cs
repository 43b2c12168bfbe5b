using System.Runtime.ExceptionServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// The values of one column for the rows of a batch. An exception that the source throws for a row is kept in the
/// value's place and thrown to whoever asks for that row's value: reading ahead changes nothing for the rows before it.
/// </summary>
internal abstract class ColumnBuffer(int capacity)
{
    private readonly ExceptionDispatchInfo?[] _failures = new ExceptionDispatchInfo?[capacity];

    /// <summary>Reads the present row's value into a slot.</summary>
    public void Capture(int slot)
    {
        _failures[slot] = null;
        try
        {
            Read(slot);
        }
#pragma warning disable CA1031 // thrown when the value is asked for
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failures[slot] = ExceptionDispatchInfo.Capture(e);
        }
    }

    /// <summary>A getter of the value in the slot that <paramref name="slot"/> tells.</summary>
    public abstract Delegate CreateGetter(Func<int> slot);

    /// <summary>A buffer for a column of a cursor.</summary>
    public static ColumnBuffer Create(DataViewRowCursor cursor, DataViewSchema.Column column, int capacity)
    {
        Type type = column.Type is VectorDataViewType vector
            ? typeof(VectorBuffer<>).MakeGenericType(vector.ItemType.RawType)
            : typeof(ValueBuffer<>).MakeGenericType(column.Type.RawType);
        return (ColumnBuffer)Activator.CreateInstance(type, cursor, column, capacity)!;
    }

    protected abstract void Read(int slot);

    protected void ThrowIfFailed(int slot) => _failures[slot]?.Throw();

    private sealed class ValueBuffer<T>(DataViewRowCursor cursor, DataViewSchema.Column column, int capacity)
        : ColumnBuffer(capacity)
    {
        private readonly ValueGetter<T> _getter = cursor.GetGetter<T>(column);
        private readonly T[] _values = new T[capacity];

        public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<T>)((ref T target) =>
        {
            int i = slot();
            ThrowIfFailed(i);
            target = _values[i];
        });

        protected override void Read(int slot) => _getter(ref _values[slot]);
    }

    private sealed class VectorBuffer<T>(DataViewRowCursor cursor, DataViewSchema.Column column, int capacity)
        : ColumnBuffer(capacity)
    {
        private readonly ValueGetter<VBuffer<T>> _getter = cursor.GetGetter<VBuffer<T>>(column);
        private readonly VBuffer<T>[] _values = new VBuffer<T>[capacity];

        public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> target) =>
        {
            int i = slot();
            ThrowIfFailed(i);
            _values[i].CopyTo(ref target);
        });

        protected override void Read(int slot) => _getter(ref _values[slot]);
    }
}
