using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Converts the items of columns to another type; text that does not parse becomes a missing value.</summary>
public sealed class TypeConvertingEstimator : TrivialEstimator<TypeConvertingTransformer>
{
    private readonly (string Output, string Input)[] _pairs;

    internal TypeConvertingEstimator(IHostEnvironment env, (string Output, string Input)[] pairs, DataKind outputKind)
        : base(env.Register(nameof(TypeConvertingEstimator)), new TypeConvertingTransformer(env, pairs, outputKind))
        => _pairs = pairs;

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return inputSchema.With(_pairs.Select(pair => Describe(pair.Output, inputSchema.Require(pair.Input))));
    }

    private SchemaShape.Column Describe(string output, SchemaShape.Column input)
    {
        TypeConvertingTransformer.FindConversion(input.Name, input.ItemType, Transformer.OutputType);
        return new SchemaShape.Column(output, input.Kind, Transformer.OutputType, false, ColumnAnnotations.SlotNamesOf(input));
    }
}
