namespace Microsoft.ML.Data;

/// <summary>A row mapper whose output columns are each computed from one input column.</summary>
internal abstract class PairMapper : RowMapper
{
    private readonly (string Output, string Input)[] _pairs;
    private readonly DataViewSchema.Column[] _inputs;

    protected PairMapper(DataViewSchema inputSchema, (string Output, string Input)[] pairs) : base(inputSchema)
    {
        _pairs = pairs;
        _inputs = Array.ConvertAll(pairs, pair => inputSchema.Require(pair.Input));
    }

    protected sealed override IReadOnlyList<DataViewSchema.DetachedColumn> GetOutputColumns()
    {
        var columns = new DataViewSchema.DetachedColumn[_pairs.Length];
        for (int i = 0; i < columns.Length; i++)
            columns[i] = Describe(i, _pairs[i].Output, _inputs[i]);
        return columns;
    }

    protected sealed override IEnumerable<int> GetInputs(int output) => [_inputs[output].Index];

    protected sealed override Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isActive, out Action disposer)
    {
        disposer = null;
        var getters = new Delegate[_pairs.Length];
        for (int i = 0; i < getters.Length; i++)
            getters[i] = isActive(i) ? CreateGetter(i, input, _inputs[i]) : null;
        return getters;
    }

    /// <summary>Name, type and annotations of an output column.</summary>
    protected abstract DataViewSchema.DetachedColumn Describe(int pair, string name, DataViewSchema.Column input);

    /// <summary>The <see cref="ValueGetter{TValue}"/> of an output column.</summary>
    protected abstract Delegate CreateGetter(int pair, DataViewRow row, DataViewSchema.Column input);

    /// <summary>The type with another item type: a vector keeps its dimensions.</summary>
    protected static DataViewType WithItemType(DataViewType type, PrimitiveDataViewType item) =>
        type is VectorDataViewType vector ? new VectorDataViewType(item, vector.Dimensions) : item;

    /// <summary>The names of a known-size vector's slots, copied to a column of the same size.</summary>
    protected static void CopySlotNames(DataViewSchema.Column input, DataViewSchema.Annotations.Builder annotations)
    {
        if (input.Type is VectorDataViewType { IsKnownSize: true })
            annotations.Add(input.Annotations, name => name == ColumnAnnotations.SlotNames);
    }
}
