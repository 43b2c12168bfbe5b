using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms.Image;

/// <summary>One output column computed from one input column.</summary>
internal abstract class ImageRowMapper : RowMapper
{
    private readonly string _outputColumnName;

    protected ImageRowMapper(DataViewSchema inputSchema, (string OutputColumnName, string InputColumnName)[] columns)
        : base(inputSchema)
    {
        (_outputColumnName, string inputColumnName) = columns.Single();
        Source = inputSchema.Require(inputColumnName);
    }

    /// <summary>The input column.</summary>
    protected DataViewSchema.Column Source { get; }

    /// <summary>The output column's type.</summary>
    protected abstract DataViewType OutputType { get; }

    /// <summary>The output column's getter, and what to do when the row goes.</summary>
    protected abstract Delegate CreateGetter(DataViewRow input, out Action disposer);

    protected sealed override IReadOnlyList<DataViewSchema.DetachedColumn> GetOutputColumns() => [new(_outputColumnName, OutputType)];

    protected sealed override IEnumerable<int> GetInputs(int output) => [Source.Index];

    protected sealed override Delegate[] CreateGetters(DataViewRow input, Func<int, bool> isActive, out Action disposer) =>
        [CreateGetter(input, out disposer)];

    /// <summary>The type of an image column.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no image column.</exception>
    protected ImageDataViewType ImageTypeOfSource() => Source.Type as ImageDataViewType
        ?? throw SchemaErrors.Mismatch("inputSchema", "input", Source.Name, "Image", Source.Type.ToString());

    /// <summary>A getter that makes each image from the source's, or null from null.</summary>
    /// <remarks>
    /// An image belongs to whoever got it: this getter disposes the one that it is handed back, the source's getter that of the row before,
    /// and the disposer the last.
    /// </remarks>
    protected ValueGetter<MLImage> MapImages(DataViewRow input, Func<MLImage, MLImage> map, out Action disposer)
    {
        MLImage source = null;
        disposer = () => source?.Dispose();
        ValueGetter<MLImage> getSource = input.GetGetter<MLImage>(Source);
        return (ref MLImage dst) =>
        {
            dst?.Dispose();
            dst = null; // so that the caller is left with nothing if the source fails
            getSource(ref source);
            dst = source is null ? null : map(source);
            if (dst is not null)
                dst.Tag = source.Tag;
        };
    }
}

/// <summary>Columns of <see cref="SchemaShape"/>, as image estimators ask for and add them.</summary>
internal static class ImageSchemaShape
{
    /// <summary>Throws unless the column is an image.</summary>
    public static void RequireImage(this SchemaShape inputSchema, string name)
    {
        SchemaShape.Column column = inputSchema.Require(name);
        if (column.ItemType is not ImageDataViewType || column.Kind != SchemaShape.Column.VectorKind.Scalar)
            throw SchemaErrors.Mismatch(nameof(inputSchema), "input", name, "Image", column.GetTypeString());
    }

    /// <summary>The shape with the column added, or put in place of that of the same name.</summary>
    public static SchemaShape With(this SchemaShape inputSchema, string name, SchemaShape.Column.VectorKind kind, DataViewType itemType)
    {
        var added = new SchemaShape.Column(name, kind, itemType, isKey: false);
        return inputSchema.TryFindColumn(name, out _)
            ? new SchemaShape(inputSchema.Select(column => column.Name == name ? added : column))
            : new SchemaShape(inputSchema.Append(added));
    }
}
