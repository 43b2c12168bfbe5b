using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms.Image;

/// <summary>Makes a member of type <see cref="MLImage"/> an image column, of one size or of any.</summary>
public sealed class ImageTypeAttribute : DataViewTypeAttribute
{
    private readonly int _height;
    private readonly int _width;

    /// <summary>Images of any size.</summary>
    public ImageTypeAttribute()
    {
    }

    /// <summary>Images of one size: height first.</summary>
    public ImageTypeAttribute(int height, int width)
    {
        ImageSize.Check(height, width);
        _height = height;
        _width = width;
    }

    /// <inheritdoc/>
    public override bool Equals(DataViewTypeAttribute other) =>
        other is ImageTypeAttribute image && image._height == _height && image._width == _width;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_height, _width);

    /// <inheritdoc/>
    public override void Register()
    {
        ImageDataViewType type = _height == 0 ? new ImageDataViewType() : new ImageDataViewType(_height, _width);
        DataViewTypeManager.Register(type, typeof(MLImage), this);
    }
}
