using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(TypeConvertingTransformer), typeof(TypeConvertingTransformer), null, typeof(SignatureLoadModel),
    "Convert Transform", TypeConvertingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Converts the items of columns to another type.</summary>
public sealed class TypeConvertingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ConvertTransform";

    private readonly DataKind _outputKind;

    internal TypeConvertingTransformer(IHostEnvironment env, (string Output, string Input)[] pairs, DataKind outputKind)
        : base(env.Register(nameof(TypeConvertingTransformer)), pairs)
    {
        _outputKind = outputKind;
        OutputType = ColumnTypes.PrimitiveOf(outputKind);
    }

    internal PrimitiveDataViewType OutputType { get; }

    private static VersionInfo Format => ModelFormat.Of("CONVERTF", LoaderSignature, typeof(TypeConvertingTransformer));

    internal static Delegate FindConversion(string column, DataViewType source, DataViewType destination) =>
        ValueConversions.Find(source, destination) ?? throw new ArgumentOutOfRangeException("inputSchema",
            $"source column '{column}' with item type '{source}' is not compatible with destination type '{destination}'");

    private static TypeConvertingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Format);
        (string, string)[] pairs = LoadColumns(ctx);
        return new TypeConvertingTransformer(env, pairs, (DataKind)ctx.Reader.ReadByte());
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Format);
        SaveColumns(ctx);
        ctx.Writer.Write((byte)_outputKind);
    }

    private protected override RowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper(TypeConvertingTransformer parent, DataViewSchema inputSchema) : OneToOneMapper(parent, inputSchema)
    {
        protected override IReadOnlyList<DataViewSchema.DetachedColumn> GetOutputColumns() =>
            [.. parent.ColumnPairs.Select((pair, i) => Describe(pair.OutputColumnName, InputColumn(i)))];

        private DataViewSchema.DetachedColumn Describe(string name, DataViewSchema.Column input)
        {
            FindConversion(input.Name, input.Type.ItemTypeOf(), parent.OutputType);
            var annotations = new DataViewSchema.Annotations.Builder();
            annotations.AddSlotNamesOf(input);
            return new DataViewSchema.DetachedColumn(name, input.Type.WithItemType(parent.OutputType), annotations.ToAnnotations());
        }

        protected override Delegate CreateGetter(DataViewRow row, int output)
        {
            DataViewSchema.Column input = InputColumn(output);
            Delegate conversion = FindConversion(input.Name, input.Type.ItemTypeOf(), parent.OutputType);
            bool keepsDefault = parent.OutputType is not TextDataViewType || input.Type.ItemTypeOf() is TextDataViewType;
            return (Delegate)GenericMethod.InvokeStatic(typeof(ItemGetters), nameof(ItemGetters.Create),
                conversion.GetType().GetGenericArguments(), row, input, conversion, keepsDefault);
        }
    }
}
