namespace Microsoft.ML.Data;

/// <summary>Values of one column, taken from a row at a time and kept by index.</summary>
internal abstract class ColumnStore
{
    /// <summary>Whether values of the type can be kept: not those that a cursor owns, such as images.</summary>
    public static bool Keeps(DataViewType type) => type is PrimitiveDataViewType or VectorDataViewType;

    public static ColumnStore Create(DataViewType type) => (ColumnStore)Activator.CreateInstance(type is VectorDataViewType vector
        ? typeof(VectorStore<>).MakeGenericType(vector.ItemType.RawType)
        : typeof(ScalarStore<>).MakeGenericType(type.RawType));

    /// <summary>A function that keeps the row's present value at an index.</summary>
    public abstract Action<int> Writer(DataViewRow row, DataViewSchema.Column column);

    /// <summary>A function that keeps the row's id at an index; for a store of ids.</summary>
    public Action<int> IdWriter(DataViewRow row) => ((Store<DataViewRowId>)this).Writer(row.GetIdGetter());

    /// <summary>A <see cref="ValueGetter{TValue}"/> of the value at the index that the function gives.</summary>
    public abstract Delegate Getter(Func<int> index);

    private abstract class Store<T> : ColumnStore
    {
        private T[] _values = new T[16];

        public override Action<int> Writer(DataViewRow row, DataViewSchema.Column column) => Writer(row.GetGetter<T>(column));

        public Action<int> Writer(ValueGetter<T> getter)
        {
            return index =>
            {
                if (index >= _values.Length)
                    Array.Resize(ref _values, Math.Max(index + 1, 2 * _values.Length));
                getter(ref _values[index]);
            };
        }

        public override Delegate Getter(Func<int> index)
        {
            void Get(ref T value) => Copy(in _values[index()], ref value);
            return (ValueGetter<T>)Get;
        }

        protected abstract void Copy(in T source, ref T destination);
    }

    private sealed class ScalarStore<T> : Store<T>
    {
        protected override void Copy(in T source, ref T destination) => destination = source;
    }

    private sealed class VectorStore<T> : Store<VBuffer<T>>
    {
        protected override void Copy(in VBuffer<T> source, ref VBuffer<T> destination) => source.CopyTo(ref destination);
    }
}
