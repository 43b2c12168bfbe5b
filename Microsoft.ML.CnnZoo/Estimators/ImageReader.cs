using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.Estimators;

/// <summary>Reads the image of the present row at the network's size: bytes 0…255, or floats as the user scaled them. Belongs to one row or cursor.</summary>
internal abstract class ImageReader(ImageScaler scaler)
{
    /// <summary>Scales to the network's size.</summary>
    protected ImageScaler Scaler { get; } = scaler;

    /// <summary>What was wrong when the last reading gave nothing, and the image's file where it is known.</summary>
    public string Problem { get; protected set; } = "";

    /// <summary>Reads as bytes; for all kinds of column but floats.</summary>
    /// <returns>False when there is no image or it cannot be decoded: see <see cref="Problem"/>.</returns>
    public virtual bool TryRead(Span<byte> target) => throw new NotSupportedException($"{GetType().Name} reads floats.");

    /// <summary>Reads as floats; for columns of floats.</summary>
    public virtual bool TryRead(Span<float> target) => throw new NotSupportedException($"{GetType().Name} reads bytes.");

    /// <summary>A reader for the feature column of a row or cursor.</summary>
    public static ImageReader Create(DataViewRow row, in FeatureColumn feature, ImageScaler scaler) => feature.Kind switch
    {
        FeatureKind.Image => new DecodedImages(row.GetGetter<MLImage>(feature.Column), scaler),
        FeatureKind.EncodedImage => new EncodedImages(row.GetGetter<VBuffer<byte>>(feature.Column), scaler),
        FeatureKind.BytePixels => new Pixels<byte>(row.GetGetter<VBuffer<byte>>(feature.Column), feature.Format, scaler),
        _ => new Pixels<float>(row.GetGetter<VBuffer<float>>(feature.Column), feature.Format, scaler),
    };

    /// <summary>Scales a decoded image.</summary>
    protected void Scale(MLImage image, Span<byte> target)
    {
        PixelFormat format = image.PixelFormat == MLPixelFormat.Rgba32 ? PixelFormat.Rgba32(image.Height, image.Width) : PixelFormat.Bgra32(image.Height, image.Width);
        Scaler.Scale(image.Pixels, format, target);
    }

    /// <summary>MLImage columns. The images belong to the cursor, which disposes them.</summary>
    private sealed class DecodedImages(ValueGetter<MLImage> getter, ImageScaler scaler) : ImageReader(scaler)
    {
        private MLImage _image = null!;

        public override bool TryRead(Span<byte> target)
        {
            getter(ref _image);
            if (_image is null)
            {
                Problem = "there is no image";
                return false;
            }
            Scale(_image, target);
            return true;
        }
    }

    /// <summary>Encoded files in memory.</summary>
    private sealed class EncodedImages(ValueGetter<VBuffer<byte>> getter, ImageScaler scaler) : ImageReader(scaler)
    {
        private VBuffer<byte> _file;

        public override bool TryRead(Span<byte> target)
        {
            getter(ref _file);
            byte[] bytes = [.. _file.DenseValues()];
            if (bytes.Length == 0)
            {
                Problem = "there is no image";
                return false;
            }
            try
            {
                using MLImage image = MLImage.CreateFromStream(new MemoryStream(bytes));
                Scale(image, target);
                return true;
            }
            catch (Exception e) when (IsBadImage(e))
            {
                Problem = $"its {bytes.Length} bytes cannot be decoded: {e.Message}";
                return false;
            }
        }
    }

    /// <summary>Pixels in a vector.</summary>
    private sealed class Pixels<T>(ValueGetter<VBuffer<T>> getter, PixelFormat format, ImageScaler scaler) : ImageReader(scaler) where T : unmanaged
    {
        private VBuffer<T> _buffer;
        private T[] _dense = [];

        public override bool TryRead(Span<byte> target)
        {
            if (!Load())
                return false;
            Scaler.Scale(MemoryMarshal.Cast<T, byte>(_dense), format, target);
            return true;
        }

        public override bool TryRead(Span<float> target)
        {
            if (!Load())
                return false;
            Scaler.Scale(MemoryMarshal.Cast<T, float>(_dense), format, target);
            return true;
        }

        private bool Load()
        {
            getter(ref _buffer);
            if (_buffer.Length != format.ValueCount)
            {
                Problem = $"it has {_buffer.Length} values; expected {format.ValueCount} for {format.Height}x{format.Width} pixels with {format.Channels} channels";
                return false;
            }
            if (_dense.Length != _buffer.Length)
                _dense = new T[_buffer.Length];
            _buffer.CopyTo(_dense);
            return true;
        }
    }

    /// <summary>Whether an exception says that an image is bad, rather than that something else went wrong.</summary>
    internal static bool IsBadImage(Exception e) => e is not ObjectDisposedException
        && e is (ArgumentException or InvalidOperationException or IOException or InvalidDataException or FormatException or NotSupportedException);
}
