using Microsoft.ML.Data;
using static Microsoft.ML.Transforms.Image.ImageResizingEstimator;

namespace Microsoft.ML.Transforms.Image;

/// <summary>The size that images are brought to, and how.</summary>
internal readonly record struct ImageResizing(int Width, int Height, ResizingKind Kind, Anchor Anchor)
{
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive or too large, or a kind or anchor is none.</exception>
    public ImageResizing Checked()
    {
        ImageSize.Check(Height, Width);
        if (!Enum.IsDefined(Kind))
            throw new ArgumentOutOfRangeException(nameof(Kind), $"There is no resizing kind {Kind}.");
        if (!Enum.IsDefined(Anchor))
            throw new ArgumentOutOfRangeException(nameof(Anchor), $"There is no anchor {Anchor}.");
        return this;
    }

    /// <summary>The type of resized images.</summary>
    public ImageDataViewType Type => new(Height, Width);

    /// <summary>The image in this size: itself if it has the size.</summary>
    public MLImage Apply(MLImage image)
    {
        if (image.Width == Width && image.Height == Height)
            return image;
        return Kind switch
        {
            ResizingKind.Fill => ImageScaler.Nearest(image, Width, Height),
            ResizingKind.IsoPad => ImageScaler.Bicubic(image, Width, Height, ResizeGeometry.Pad(image.Width, image.Height, Width, Height)),
            _ => ImageScaler.Bicubic(image, Width, Height, ResizeGeometry.Crop(image.Width, image.Height, Width, Height, Anchor)),
        };
    }

    public void Save(BinaryWriter writer)
    {
        writer.Write(Width);
        writer.Write(Height);
        writer.Write((byte)Kind);
        writer.Write((byte)Anchor);
    }

    public static ImageResizing Load(BinaryReader reader) =>
        new ImageResizing(reader.ReadInt32(), reader.ReadInt32(), (ResizingKind)reader.ReadByte(), (Anchor)reader.ReadByte()).Checked();
}
