using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Data;

/// <summary>Reads image files whose paths stand in a text column. Nothing is learnt.</summary>
public sealed class ImageLoadingEstimator : TrivialEstimator<ImageLoadingTransformer>
{
    private readonly string _outputColumnName;
    private readonly string _inputColumnName;
    private readonly bool _decode;

    internal ImageLoadingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName, string imageFolder, bool decode)
        : base(env.Register(nameof(ImageLoadingEstimator)), new ImageLoadingTransformer(env, outputColumnName, inputColumnName, imageFolder, decode))
    {
        _outputColumnName = outputColumnName;
        _inputColumnName = inputColumnName;
        _decode = decode;
    }

    /// <summary>Adds the column of images, or of bytes.</summary>
    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column column = inputSchema.Require(_inputColumnName);
        if (column.ItemType is not TextDataViewType || column.Kind != SchemaShape.Column.VectorKind.Scalar)
            throw SchemaErrors.Mismatch(nameof(inputSchema), "input", _inputColumnName, "String", column.GetTypeString());
        return _decode
            ? inputSchema.With(_outputColumnName, SchemaShape.Column.VectorKind.Scalar, new ImageDataViewType())
            : inputSchema.With(_outputColumnName, SchemaShape.Column.VectorKind.VariableVector, NumberDataViewType.Byte);
    }
}
