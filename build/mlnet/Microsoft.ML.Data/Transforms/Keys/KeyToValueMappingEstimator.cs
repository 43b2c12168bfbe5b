using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Replaces keys by the values that the column's KeyValues annotation gives them; missing keys by missing values.</summary>
public sealed class KeyToValueMappingEstimator : TrivialEstimator<KeyToValueMappingTransformer>
{
    private readonly (string Output, string Input)[] _pairs;

    internal KeyToValueMappingEstimator(IHostEnvironment env, (string Output, string Input)[] pairs)
        : base(env.Register(nameof(KeyToValueMappingEstimator)), new KeyToValueMappingTransformer(env, pairs))
        => _pairs = pairs;

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return inputSchema.With(_pairs.Select(pair => Describe(pair.Output, inputSchema.Require(pair.Input))));
    }

    private static SchemaShape.Column Describe(string output, SchemaShape.Column input)
    {
        if (!input.IsKey)
            throw SchemaErrors.Mismatch("inputSchema", "input", input.Name, "key type", input.GetTypeString());
        if (!input.Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out SchemaShape.Column values))
            throw new ArgumentOutOfRangeException("inputSchema", $"Input column '{input.Name}' doesn't contain key values metadata");
        return new SchemaShape.Column(output, input.Kind, values.ItemType, values.IsKey, ColumnAnnotations.SlotNamesOf(input));
    }
}
