using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms.Image;

/// <summary>Turns vectors of numbers into images. Nothing is learnt.</summary>
public sealed class VectorToImageConvertingEstimator : TrivialEstimator<VectorToImageConvertingTransformer>
{
    private readonly string _outputColumnName;
    private readonly string _inputColumnName;
    private readonly ImageDataViewType _type;

    internal VectorToImageConvertingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName, ImageComposition composition)
        : base(
            env.Register(nameof(VectorToImageConvertingEstimator)),
            new VectorToImageConvertingTransformer(env, outputColumnName, inputColumnName, composition))
    {
        _outputColumnName = outputColumnName;
        _inputColumnName = inputColumnName;
        _type = composition.Type;
    }

    /// <summary>Adds the column of images.</summary>
    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column column = inputSchema.Require(_inputColumnName);
        if (column.Kind != SchemaShape.Column.VectorKind.Vector || column.IsKey || !ImageComposition.Accepts(column.ItemType))
            throw SchemaErrors.Mismatch(nameof(inputSchema), "input", _inputColumnName, ImageComposition.AcceptedTypes, column.GetTypeString());
        return inputSchema.With(_outputColumnName, SchemaShape.Column.VectorKind.Scalar, _type);
    }
}
