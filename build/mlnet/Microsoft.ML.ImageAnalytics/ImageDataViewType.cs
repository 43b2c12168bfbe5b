using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms.Image;

/// <summary>Columns of <see cref="MLImage"/>, of one known size or of any.</summary>
public sealed class ImageDataViewType : StructuredDataViewType
{
    /// <summary>Height of every image; 0 if it is not known.</summary>
    public readonly int Height;

    /// <summary>Width of every image; 0 if it is not known.</summary>
    public readonly int Width;

    /// <summary>Images of any size.</summary>
    public ImageDataViewType()
        : base(typeof(MLImage))
    {
    }

    /// <summary>Images of one size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive, or there are more pixels than an image can have.</exception>
    public ImageDataViewType(int height, int width)
        : base(typeof(MLImage))
    {
        ImageSize.Check(height, width);
        Height = height;
        Width = width;
    }

    /// <inheritdoc/>
    public override bool Equals(DataViewType other) => other is ImageDataViewType image && image.Height == Height && image.Width == Width;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Height, Width);

    /// <inheritdoc/>
    public override string ToString() => Height == 0 && Width == 0 ? "Image" : $"Image<{Height}, {Width}>";
}

/// <summary>The limits of an image's size.</summary>
internal static class ImageSize
{
    public static void Check(int height, int width)
    {
        if (height <= 0)
            throw new ArgumentOutOfRangeException(nameof(height), "Must be positive.");
        if (width <= 0)
            throw new ArgumentOutOfRangeException(nameof(width), "Must be positive.");
        if ((long)height * width > int.MaxValue / 4)
            throw new ArgumentOutOfRangeException(nameof(height), "height * width is too large.");
    }
}
