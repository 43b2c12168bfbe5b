using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Copies the image of the present row. Belongs to one row or cursor.</summary>
internal abstract class ImageFetcher
{
    /// <summary>Copies the image.</summary>
    /// <returns>False when there is none: see <see cref="RawImage.Problem"/>.</returns>
    public abstract bool TryFetch(RawImage target);

    /// <summary>A fetcher for the feature column of a row or cursor.</summary>
    public static ImageFetcher Create(DataViewRow row, in FeatureColumn feature) => feature.Kind switch
    {
        FeatureKind.Image => new DecodedImages(row.GetGetter<MLImage>(feature.Column)),
        FeatureKind.EncodedImage => new EncodedImages(row.GetGetter<VBuffer<byte>>(feature.Column)),
        FeatureKind.BytePixels => new Pixels<byte>(row.GetGetter<VBuffer<byte>>(feature.Column), feature.Format),
        _ => new Pixels<float>(row.GetGetter<VBuffer<float>>(feature.Column), feature.Format),
    };

    /// <summary>Copies the pixels of a decoded image. Its tag is the file's path, where LoadImages made it.</summary>
    /// <returns>False when its pixels cannot be had: see <see cref="RawImage.Problem"/>.</returns>
    public static bool TryCopy(MLImage image, RawImage target)
    {
        target.File = image.Tag ?? target.File;
        int height = image.Height, width = image.Width;
        if (ImageDecoder.CheckSize(height, width, long.MaxValue) is { } tooLarge) // MLImage.Pixels overflows
        {
            target.Problem = tooLarge;
            return false;
        }
        bool rgba = image.PixelFormat == MLPixelFormat.Rgba32;
        PixelFormat format = rgba ? PixelFormat.Rgba32(height, width) : PixelFormat.Bgra32(height, width);
        image.Pixels.CopyTo(target.SetBitmap(format));
        return true;
    }

    /// <summary>MLImage columns. The images belong to the cursor, which disposes them.</summary>
    private sealed class DecodedImages(ValueGetter<MLImage> getter) : ImageFetcher
    {
        private MLImage _image = null!;

        public override bool TryFetch(RawImage target)
        {
            getter(ref _image);
            if (_image is not null)
                return TryCopy(_image, target);
            target.Problem = "there is no image";
            return false;
        }
    }

    /// <summary>Encoded files in memory.</summary>
    private sealed class EncodedImages(ValueGetter<VBuffer<byte>> getter) : ImageFetcher
    {
        private VBuffer<byte> _file;

        public override bool TryFetch(RawImage target)
        {
            getter(ref _file);
            _file.CopyTo(target.SetEncoded(_file.Length));
            return true;
        }
    }

    /// <summary>Pixels in a vector.</summary>
    private sealed class Pixels<T>(ValueGetter<VBuffer<T>> getter, PixelFormat format) : ImageFetcher
        where T : unmanaged
    {
        private VBuffer<T> _buffer;

        public override bool TryFetch(RawImage target)
        {
            getter(ref _buffer);
            if (_buffer.Length != format.ValueCount)
            {
                target.Problem = $"it has {_buffer.Length} values; expected {format.ValueCount} "
                    + $"for {format.Height}x{format.Width} pixels with {format.Channels} channels";
                return false;
            }
            _buffer.CopyTo(target.SetPixels<T>(format));
            return true;
        }
    }
}
