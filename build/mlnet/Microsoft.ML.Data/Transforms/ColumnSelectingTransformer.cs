using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ColumnSelectingTransformer), typeof(ColumnSelectingTransformer), null, typeof(SignatureLoadModel),
    "Select Columns Transform", ColumnSelectingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Keeps or drops columns by name.</summary>
public sealed class ColumnSelectingTransformer : ITransformer
{
    internal const string LoaderSignature = "SelectColumns";

    private readonly ColumnSelection _selection;

    internal ColumnSelectingTransformer(ColumnSelection selection) => _selection = selection;

    bool ITransformer.IsRowToRowMapper => true;

    private static VersionInfo Format => ModelFormat.Of("SELCOLST", LoaderSignature, typeof(ColumnSelectingTransformer));

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return _selection.Bind(inputSchema).OutputSchema;
    }

    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new MappedView(input, _selection.Bind(input.Schema));
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return _selection.Bind(inputSchema);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Format);
        ctx.SaveStrings(_selection.Names);
        ctx.Writer.Write(_selection.Drops);
        ctx.Writer.Write(_selection.KeepsHidden);
    }

    private static ColumnSelectingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ArgumentNullException.ThrowIfNull(env);
        ctx.CheckAtModel(Format);
        string[] names = ctx.LoadStrings();
        bool drops = ctx.Reader.ReadBoolean();
        return new ColumnSelectingTransformer(new ColumnSelection(names, drops, ctx.Reader.ReadBoolean()));
    }
}
