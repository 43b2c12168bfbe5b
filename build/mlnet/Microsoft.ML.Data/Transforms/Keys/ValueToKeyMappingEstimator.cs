using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Gives every distinct value of a column a key, by one pass over the training data.</summary>
/// <remarks>Missing values (NaN, empty text, missing keys) and values not seen in training have key 0.</remarks>
public sealed class ValueToKeyMappingEstimator : IEstimator<ValueToKeyMappingTransformer>
{
    internal const int DefaultMaximumNumberOfKeys = 1000000;

    private readonly IHost _host;
    private readonly (string Output, string Input)[] _pairs;
    private readonly int _maximumNumberOfKeys;
    private readonly KeyOrdinality _keyOrdinality;
    private readonly bool _valuesAsText;
    private readonly IDataView _keyData;

    internal ValueToKeyMappingEstimator(IHostEnvironment env, (string Output, string Input)[] pairs, int maximumNumberOfKeys,
        KeyOrdinality keyOrdinality, bool addKeyValueAnnotationsAsText, IDataView keyData)
    {
        ArgumentNullException.ThrowIfNull(env);
        if (maximumNumberOfKeys <= 0)
            throw new ArgumentOutOfRangeException(nameof(maximumNumberOfKeys), "Must be positive");
        if (keyData != null && keyData.Schema.Count(column => !column.IsHidden) != 1)
            throw new ArgumentOutOfRangeException(nameof(keyData), "If specified, this data should contain only a single column. If you have multiple columns, please select the one you want before.");
        _host = env.Register("Term");
        _pairs = pairs;
        _maximumNumberOfKeys = maximumNumberOfKeys;
        _keyOrdinality = keyOrdinality;
        _valuesAsText = addKeyValueAnnotationsAsText;
        _keyData = keyData;
    }

    public enum KeyOrdinality : byte
    {
        ByOccurrence = 0,
        ByValue = 1,
    }

    public ValueToKeyMappingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        DataViewSchema.Column[] columns = Array.ConvertAll(_pairs, pair => RequireSupported(input.Schema.Require(pair.Input)));
        KeyMap[] maps = _keyData == null ? Train(input, columns) : FromKeyData(columns);
        return new ValueToKeyMappingTransformer(_host, _pairs, maps, _valuesAsText);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return inputSchema.With(_pairs.Select(pair => Describe(pair.Output, inputSchema.Require(pair.Input))));
    }

    private SchemaShape.Column Describe(string output, SchemaShape.Column input)
    {
        if (!input.IsKey && !KeyMap.IsSupported(input.ItemType))
            throw SchemaErrors.Mismatch("inputSchema", "input", input.Name, "a simple type", input.GetTypeString());
        List<SchemaShape.Column> annotations = [];
        if (input.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out SchemaShape.Column slotNames))
            annotations.Add(slotNames);
        annotations.Add(new SchemaShape.Column(AnnotationUtils.Kinds.KeyValues, SchemaShape.Column.VectorKind.Vector,
            _valuesAsText ? TextDataViewType.Instance : input.ItemType, false));
        return new SchemaShape.Column(output, input.Kind, NumberDataViewType.UInt32, true, new SchemaShape(annotations));
    }

    private static DataViewSchema.Column RequireSupported(DataViewSchema.Column column) => KeyMap.IsSupported(column.Type.ItemTypeOf())
        ? column
        : throw SchemaErrors.Mismatch("inputSchema", "input", column.Name, "a simple type", column.Type.ToString());

    private KeyMap[] Train(IDataView data, DataViewSchema.Column[] columns)
    {
        using IChannel channel = _host.Start("Training");
        using DataViewRowCursor cursor = data.GetRowCursor(columns.DistinctBy(column => column.Index));
        KeyMapBuilder[] builders = Array.ConvertAll(columns, column => KeyMap.CreateBuilder(cursor, column));
        while (cursor.MoveNext())
        {
            foreach (KeyMapBuilder builder in builders)
                builder.AddRow(_maximumNumberOfKeys);
        }
        return Array.ConvertAll(builders, builder => builder.Build(_keyOrdinality == KeyOrdinality.ByValue));
    }

    private KeyMap[] FromKeyData(DataViewSchema.Column[] columns)
    {
        DataViewSchema.Column keys = _keyData.Schema.Single(column => !column.IsHidden);
        foreach (DataViewSchema.Column column in columns)
        {
            if (!keys.Type.Equals(column.Type.ItemTypeOf()))
                throw SchemaErrors.Mismatch("inputSchema", "input", column.Name, keys.Type.ToString(), column.Type.ToString());
        }
        KeyMap map = Train(_keyData, [keys])[0];
        return Array.ConvertAll(columns, _ => map);
    }
}
