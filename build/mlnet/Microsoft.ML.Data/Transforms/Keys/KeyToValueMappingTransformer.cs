using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(KeyToValueMappingTransformer), typeof(KeyToValueMappingTransformer), null, typeof(SignatureLoadModel),
    "Key To Value Transform", KeyToValueMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Replaces keys by their values.</summary>
public sealed class KeyToValueMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "KeyToValueTransform";

    internal KeyToValueMappingTransformer(IHostEnvironment env, (string Output, string Input)[] pairs)
        : base(env.Register(nameof(KeyToValueMappingTransformer)), pairs)
    {
    }

    private static VersionInfo Format => ModelFormat.Of("KEY2VALT", LoaderSignature, typeof(KeyToValueMappingTransformer));

    private static KeyToValueMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Format);
        return new KeyToValueMappingTransformer(env, LoadColumns(ctx));
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Format);
        SaveColumns(ctx);
    }

    private protected override RowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper(KeyToValueMappingTransformer parent, DataViewSchema inputSchema) : OneToOneMapper(parent, inputSchema)
    {
        protected override IReadOnlyList<DataViewSchema.DetachedColumn> GetOutputColumns() =>
            [.. parent.ColumnPairs.Select((pair, i) => Describe(pair.OutputColumnName, InputColumn(i)))];

        private static DataViewSchema.DetachedColumn Describe(string name, DataViewSchema.Column input)
        {
            PrimitiveDataViewType item = ValuesType(input).ItemType;
            var annotations = new DataViewSchema.Annotations.Builder();
            annotations.AddSlotNamesOf(input);
            return new DataViewSchema.DetachedColumn(name, input.Type.WithItemType(item), annotations.ToAnnotations());
        }

        protected override Delegate CreateGetter(DataViewRow row, int output) =>
            (Delegate)GenericMethod.InvokeStatic(typeof(Mapper), nameof(CreateTypedGetter), ValuesType(InputColumn(output)).ItemType.RawType, row, InputColumn(output));

        private static VectorDataViewType ValuesType(DataViewSchema.Column input)
        {
            if (input.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.KeyValues)?.Type is not VectorDataViewType type)
                throw new InvalidOperationException("Metadata KeyValues does not exist");
            if (input.Type.ItemTypeOf() is not KeyDataViewType key || (ulong)type.Size != key.Count)
                throw SchemaErrors.Mismatch("inputSchema", "input", input.Name, "key type of known cardinality", input.Type.ToString());
            return type;
        }

        private static Delegate CreateTypedGetter<T>(DataViewRow row, DataViewSchema.Column input)
        {
            VBuffer<T> annotation = default;
            input.Annotations.GetValue(AnnotationUtils.Kinds.KeyValues, ref annotation);
            T[] values = [.. annotation.DenseValues()];
            T missing = ValueConversions.Missing<T>();
            T ValueOf(ulong key) => key > 0 && key <= (ulong)values.Length ? values[key - 1] : missing;

            bool keepsDefault = EqualityComparer<T>.Default.Equals(missing, default);
            Type raw = input.Type.ItemTypeOf().RawType;
            if (raw == typeof(byte))
                return ItemGetters.Create(row, input, (in byte key, ref T value) => value = ValueOf(key), keepsDefault);
            if (raw == typeof(ushort))
                return ItemGetters.Create(row, input, (in ushort key, ref T value) => value = ValueOf(key), keepsDefault);
            return raw == typeof(uint)
                ? ItemGetters.Create(row, input, (in uint key, ref T value) => value = ValueOf(key), keepsDefault)
                : ItemGetters.Create(row, input, (in ulong key, ref T value) => value = ValueOf(key), keepsDefault);
        }
    }
}
