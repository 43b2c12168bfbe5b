namespace Microsoft.ML.Data;

/// <summary>Getters that apply one function to a scalar, or to every item of a vector.</summary>
internal static class ItemGetters
{
    /// <param name="keepsDefault">Whether the function maps the default to the default, so that a sparse vector may stay sparse.</param>
    public static Delegate Create<TSource, TDestination>(
        DataViewRow row, DataViewSchema.Column column, ValueConversion<TSource, TDestination> map, bool keepsDefault) =>
        column.Type is VectorDataViewType ? VectorGetter(row, column, map, keepsDefault) : ScalarGetter(row, column, map);

    private static ValueGetter<TDestination> ScalarGetter<TSource, TDestination>(
        DataViewRow row, DataViewSchema.Column column, ValueConversion<TSource, TDestination> map)
    {
        ValueGetter<TSource> getter = row.GetGetter<TSource>(column);
        TSource source = default;
        return (ref TDestination destination) =>
        {
            getter(ref source);
            map(in source, ref destination);
        };
    }

    private static ValueGetter<VBuffer<TDestination>> VectorGetter<TSource, TDestination>(
        DataViewRow row, DataViewSchema.Column column, ValueConversion<TSource, TDestination> map, bool keepsDefault)
    {
        ValueGetter<VBuffer<TSource>> getter = row.GetGetter<VBuffer<TSource>>(column);
        VBuffer<TSource> source = default, dense = default;
        return (ref VBuffer<TDestination> destination) =>
        {
            getter(ref source);
            if (source.IsDense || keepsDefault)
            {
                Map(in source, ref destination, map);
                return;
            }
            source.CopyToDense(ref dense);
            Map(in dense, ref destination, map);
        };
    }

    private static void Map<TSource, TDestination>(in VBuffer<TSource> source, ref VBuffer<TDestination> destination, ValueConversion<TSource, TDestination> map)
    {
        ReadOnlySpan<TSource> values = source.GetValues();
        VBufferEditor<TDestination> editor = VBufferEditor.Create(ref destination, source.Length, values.Length);
        for (int i = 0; i < values.Length; i++)
            map(in values[i], ref editor.Values[i]);
        if (!source.IsDense)
            source.GetIndices().CopyTo(editor.Indices);
        destination = editor.Commit();
    }
}
