using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Reads the image of the present row at a fixed size: bytes 0…255, or floats as the user scaled them. Belongs to one row or cursor.</summary>
internal sealed class ImageReader
{
    private readonly ImageFetcher _fetcher;
    private readonly ImageScaler _scaler;
    private readonly RawImage _raw = new();

    private ImageReader(ImageFetcher fetcher, ImageScaler scaler) => (_fetcher, _scaler) = (fetcher, scaler);

    /// <summary>What was wrong when the last reading gave nothing, and the image's file where it is known.</summary>
    public string Problem => _raw.Problem;

    /// <summary>Reads as bytes; for all kinds of column but floats.</summary>
    /// <returns>False when there is no image or it cannot be decoded: see <see cref="Problem"/>.</returns>
    public bool TryRead(Span<byte> target)
    {
        if (!_fetcher.TryFetch(_raw) || !_raw.TryDecode())
            return false;
        _scaler.Scale(_raw.Bytes, _raw.Format, target);
        _raw.Release();
        return true;
    }

    /// <summary>Reads as floats; for columns of floats.</summary>
    public bool TryRead(Span<float> target)
    {
        if (!_fetcher.TryFetch(_raw) || !_raw.TryDecode())
            return false;
        _scaler.Scale(_raw.Floats, _raw.Format, target);
        return true;
    }

    /// <summary>A reader for the feature column of a row or cursor.</summary>
    public static ImageReader Create(DataViewRow row, in FeatureColumn feature, ImageScaler scaler) => new(ImageFetcher.Create(row, feature), scaler);

    /// <summary>Whether an exception says that an image is bad, rather than that something else went wrong.</summary>
    internal static bool IsBadImage(Exception e) => e is not ObjectDisposedException
        && e is (ArgumentException or InvalidOperationException or IOException or InvalidDataException or FormatException or NotSupportedException);
}
