namespace Microsoft.ML.Data;

/// <summary>Reads a label as the index of its class: a Single as it is, a key as its number less one, a missing key as NaN.</summary>
internal static class ClassIndexGetter
{
    public static Func<float> Create(DataViewRow row, DataViewSchema.Column label)
    {
        if (label.Type is not KeyDataViewType key)
            return Create<float>(row, label, value => value);
        float Index(ulong value) => value == 0 || value > key.Count ? float.NaN : value - 1;
        if (key.RawType == typeof(byte))
            return Create<byte>(row, label, value => Index(value));
        if (key.RawType == typeof(ushort))
            return Create<ushort>(row, label, value => Index(value));
        return key.RawType == typeof(uint)
            ? Create<uint>(row, label, value => Index(value))
            : Create<ulong>(row, label, Index);
    }

    private static Func<float> Create<T>(DataViewRow row, DataViewSchema.Column label, Func<T, float> index)
    {
        ValueGetter<T> getter = row.GetGetter<T>(label);
        T value = default;
        return () =>
        {
            getter(ref value);
            return index(value);
        };
    }
}
