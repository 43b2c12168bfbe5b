using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Adds columns computed by a function of the user's.</summary>
public sealed class CustomMappingEstimator<TSrc, TDst> : TrivialEstimator<CustomMappingTransformer<TSrc, TDst>>
    where TSrc : class, new()
    where TDst : class, new()
{
    internal CustomMappingEstimator(IHostEnvironment env, Action<TSrc, TDst> mapAction, string contractName,
        SchemaDefinition inputSchemaDefinition, SchemaDefinition outputSchemaDefinition)
        : base(env.Register(nameof(CustomMappingEstimator<TSrc, TDst>)),
            new CustomMappingTransformer<TSrc, TDst>(env, mapAction, contractName, inputSchemaDefinition, outputSchemaDefinition))
    {
    }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        foreach (MemberBinding binding in Transformer.InputBindings)
        {
            SchemaShape.Column column = inputSchema.Require(binding.ColumnName);
            bool isVector = column.Kind != SchemaShape.Column.VectorKind.Scalar;
            Type raw = binding.ColumnType.ItemTypeOf().RawType;
            if (isVector != (binding.ColumnType is VectorDataViewType) || column.ItemType.RawType != raw)
                throw SchemaErrors.Mismatch(nameof(inputSchema), "input", column.Name, binding.ColumnType.ToString(), column.GetTypeString());
        }
        return inputSchema.With(SchemaShape.Create(MemberBinding.SchemaOf(Transformer.OutputBindings)));
    }
}
