namespace Microsoft.ML.Data;

/// <summary>Some columns of a schema, in an order of their own.</summary>
internal sealed class ColumnSubset : IRowToRowMapper
{
    private readonly int[] _inputIndices;

    public ColumnSubset(DataViewSchema inputSchema, IEnumerable<int> inputIndices)
    {
        InputSchema = inputSchema;
        _inputIndices = [.. inputIndices];
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(_inputIndices.Select(index => inputSchema[index]));
        OutputSchema = builder.ToSchema();
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    /// <summary>The view with the columns that the predicate accepts: the view itself if these are all.</summary>
    public static IDataView Select(IDataView source, Predicate<DataViewSchema.Column> accept)
    {
        int[] indices = [.. source.Schema.Where(column => accept(column)).Select(column => column.Index)];
        return indices.Length == source.Schema.Count ? source : new MappedView(source, new ColumnSubset(source.Schema, indices));
    }

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        [.. dependingColumns.Select(column => InputSchema[_inputIndices[column.Index]]).DistinctBy(column => column.Index)];

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new MappedRow(input, OutputSchema, index => _inputIndices[index], _ => null, null);
}
