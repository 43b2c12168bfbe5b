using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms.Image;

/// <summary>Brings images to one size. Nothing is learnt.</summary>
public sealed class ImageResizingEstimator : TrivialEstimator<ImageResizingTransformer>
{
    private readonly string _outputColumnName;
    private readonly string _inputColumnName;
    private readonly ImageDataViewType _type;

    internal ImageResizingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName, in ImageResizing resizing)
        : base(env.Register(nameof(ImageResizingEstimator)), new ImageResizingTransformer(env, outputColumnName, inputColumnName, resizing))
    {
        _outputColumnName = outputColumnName;
        _inputColumnName = inputColumnName;
        _type = resizing.Type;
    }

    /// <summary>What happens where the proportions differ.</summary>
    public enum ResizingKind : byte
    {
        /// <summary>The whole image, with black beside or above and below it.</summary>
        IsoPad = 0,

        /// <summary>As much of the image as fits, the rest cut off.</summary>
        IsoCrop = 1,

        /// <summary>The whole image, stretched.</summary>
        Fill = 2,
    }

    /// <summary>The part that cropping keeps.</summary>
    public enum Anchor : byte
    {
        /// <summary>The right side.</summary>
        Right = 0,

        /// <summary>The left side.</summary>
        Left = 1,

        /// <summary>The top.</summary>
        Top = 2,

        /// <summary>The bottom.</summary>
        Bottom = 3,

        /// <summary>The middle.</summary>
        Center = 4,
    }

    /// <summary>Adds the column of resized images.</summary>
    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        inputSchema.RequireImage(_inputColumnName);
        return inputSchema.With(_outputColumnName, SchemaShape.Column.VectorKind.Scalar, _type);
    }
}
