using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ColumnCopyingTransformer), typeof(ColumnCopyingTransformer), null, typeof(SignatureLoadModel),
    "Copy Columns Transform", ColumnCopyingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Copies columns with their annotations.</summary>
public sealed class ColumnCopyingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "CopyTransform";

    internal ColumnCopyingTransformer(IHostEnvironment env, (string Output, string Input)[] pairs)
        : base(env.Register(nameof(ColumnCopyingTransformer)), pairs)
    {
    }

    private static VersionInfo Format => ModelFormat.Of("COPYCOLT", LoaderSignature, typeof(ColumnCopyingTransformer));

    private static ColumnCopyingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Format);
        return new ColumnCopyingTransformer(env, LoadColumns(ctx));
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Format);
        SaveColumns(ctx);
    }

    private protected override RowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper(ColumnCopyingTransformer parent, DataViewSchema inputSchema) : OneToOneMapper(parent, inputSchema)
    {
        protected override IReadOnlyList<DataViewSchema.DetachedColumn> GetOutputColumns() =>
            [.. parent.ColumnPairs.Select((pair, i) => new DataViewSchema.DetachedColumn(pair.OutputColumnName, InputColumn(i).Type, InputColumn(i).Annotations))];

        protected override Delegate CreateGetter(DataViewRow row, int output) =>
            (Delegate)GenericMethod.InvokeStatic(typeof(Mapper), nameof(GetGetter), InputColumn(output).Type.RawType, row, InputColumn(output));

        private static ValueGetter<T> GetGetter<T>(DataViewRow row, DataViewSchema.Column input) => row.GetGetter<T>(input);
    }
}
