using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ValueToKeyMappingTransformer), typeof(ValueToKeyMappingTransformer), null, typeof(SignatureLoadModel),
    "Value to Key Transform", ValueToKeyMappingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>Replaces values by their keys.</summary>
public sealed class ValueToKeyMappingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "TermTransform";

    private readonly KeyMap[] _maps;
    private readonly bool _valuesAsText;

    internal ValueToKeyMappingTransformer(IHost host, (string Output, string Input)[] pairs, KeyMap[] maps, bool valuesAsText) : base(host, pairs)
    {
        _maps = maps;
        _valuesAsText = valuesAsText;
    }

    private static VersionInfo Format => ModelFormat.Of("TERMTRNF", LoaderSignature, typeof(ValueToKeyMappingTransformer));

    private static ValueToKeyMappingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Format);
        (string, string)[] pairs = LoadColumns(ctx);
        bool valuesAsText = ctx.Reader.ReadBoolean();
        KeyMap[] maps = Array.ConvertAll(pairs, _ => KeyMap.Load(ctx.Reader));
        return new ValueToKeyMappingTransformer(env.Register("Term"), pairs, maps, valuesAsText);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Format);
        SaveColumns(ctx);
        ctx.Writer.Write(_valuesAsText);
        foreach (KeyMap map in _maps)
            map.Save(ctx.Writer);
    }

    private protected override RowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private sealed class Mapper(ValueToKeyMappingTransformer parent, DataViewSchema inputSchema) : OneToOneMapper(parent, inputSchema)
    {
        protected override IReadOnlyList<DataViewSchema.DetachedColumn> GetOutputColumns() =>
            [.. parent.ColumnPairs.Select((pair, i) => Describe(i, pair.OutputColumnName, InputColumn(i)))];

        private DataViewSchema.DetachedColumn Describe(int output, string name, DataViewSchema.Column input)
        {
            KeyMap map = parent._maps[output];
            if (!map.ItemType.Equals(input.Type.ItemTypeOf()))
                throw SchemaErrors.Mismatch("inputSchema", "input", input.Name, map.ItemType.ToString(), input.Type.ToString());
            var annotations = new DataViewSchema.Annotations.Builder();
            map.AddKeyValues(annotations, input, parent._valuesAsText);
            annotations.AddSlotNamesOf(input);
            var key = new KeyDataViewType(typeof(uint), Math.Max(1, map.Count));
            return new DataViewSchema.DetachedColumn(name, input.Type.WithItemType(key), annotations.ToAnnotations());
        }

        protected override Delegate CreateGetter(DataViewRow row, int output) =>
            parent._maps[output].CreateGetter(row, InputColumn(output));
    }
}
