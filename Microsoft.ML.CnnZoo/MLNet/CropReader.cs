using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// Makes of an image what a trained network is given: its center crop or ten crops, decoded, scaled and normalized.
/// Keeps buffers: not thread-safe.
/// </summary>
internal sealed class CropReader
{
    private readonly CnnClassificationModel _model;
    private readonly ImageDecoder _decoder;
    private readonly CropWriter _writer;
    private readonly ImageCrop[] _crops;
    private readonly RawImage _raw = new();
    private readonly byte[] _bytes = [];
    private readonly float[] _floats = [];
    private readonly int _imageSize;
    private readonly DataViewRow? _row;
    private readonly ImageFetcher? _fetcher;
    private readonly Func<string?>? _readPath;

    /// <summary>
    /// For single images: <see cref="TryRead(ReadOnlySpan{byte}, Span{float}, string?)"/> or <see
    /// cref="TryRead(MLImage, Span{float})"/>.
    /// </summary>
    /// <param name="model">The network and its preprocessing.</param>
    public CropReader(CnnClassificationModel model)
    {
        _model = model;
        ImageScaler scaler = CropPlan.CreateScaler(model.ResizedImage, model.Fit);
        _decoder = new ImageDecoder(scaler, model.MaxImagePixels);
        _writer = new CropWriter(model.Image.Height, model.Image.Width, model.Image.Channels);
        _crops = CropPlan.Scored(model.TestCrops, model.ResizedImage, model.Image);
        _imageSize = model.Image.ValueCount;
        if (model.TakesFloats)
            _floats = new float[scaler.ValueCount];
        else
            _bytes = new byte[scaler.ValueCount];
    }

    /// <summary>For the rows of a cursor: <see cref="TryRead(Span{float})"/>.</summary>
    /// <param name="row">A row or cursor in which the feature column is active.</param>
    /// <param name="mapper">The model and its feature column.</param>
    public CropReader(DataViewRow row, NetworkMapper mapper) : this(mapper.Model)
    {
        _row = row;
        _fetcher = ImageFetcher.Create(row, mapper.Feature);
        _readPath = PathColumn.CreateReader(row, PathColumn.Find(mapper.InputSchema));
    }

    /// <summary>What was wrong when the last reading gave nothing, and the file where it is known.</summary>
    public string Problem => _raw.ProblemWithFile;

    /// <summary>Values that the crops of an image have together: [crops, height, width, channels].</summary>
    public int ValueCount => _crops.Length * _imageSize;

    /// <summary>Reads the present row's crops, one after the other.</summary>
    /// <param name="target">Receives <see cref="ValueCount"/> values.</param>
    /// <returns>False when the image is bad: see <see cref="Problem"/>.</returns>
    public bool TryRead(Span<float> target)
    {
        try
        {
            _raw.File = _readPath!();
            return _fetcher!.TryFetch(_raw) && TryWrite(target);
        }
        // Thrown by the column's own getter, such as LoadImages'; before the first row it is the caller's mistake.
        catch (Exception e) when (_row!.Position >= 0 && ImageDecoder.IsBadImage(e))
        {
            _raw.Problem = e.Message.TrimEnd('.');
            return false;
        }
    }

    /// <summary>Reads the crops of an encoded image.</summary>
    /// <param name="encoded">The bytes of an image file.</param>
    /// <param name="target">Receives <see cref="ValueCount"/> values.</param>
    /// <param name="file">Its name, for messages.</param>
    /// <returns>False when the image is bad: see <see cref="Problem"/>.</returns>
    /// <exception cref="InvalidOperationException">The network was trained on vectors of floats.</exception>
    public bool TryRead(ReadOnlySpan<byte> encoded, Span<float> target, string? file = null)
    {
        CheckTakesImages();
        _raw.File = file;
        encoded.CopyTo(_raw.SetEncoded(encoded.Length));
        return TryWrite(target);
    }

    /// <summary>Reads the crops of a decoded image.</summary>
    /// <inheritdoc cref="TryRead(ReadOnlySpan{byte}, Span{float}, string?)"/>
    public bool TryRead(MLImage image, Span<float> target)
    {
        CheckTakesImages();
        _raw.File = null;
        return ImageFetcher.TryCopy(image, _raw) && TryWrite(target);
    }

    private void CheckTakesImages()
    {
        if (_model.TakesFloats)
            throw new InvalidOperationException(
                "This network was trained on vectors of floats, which the pipeline computes from images in its own way: score "
                + "them by the pipeline, or train on Image, encoded or byte columns to use Classify.");
    }

    private bool TryWrite(Span<float> target)
    {
        bool good = _model.TakesFloats ? _decoder.TryDecode(_raw, _floats.AsSpan())
            : _decoder.TryDecode(_raw, _bytes.AsSpan());
        _raw.Release();
        if (!good)
            return false;
        ImageShape whole = _model.ResizedImage;
        for (int i = 0; i < _crops.Length; i++)
        {
            Span<float> crop = target.Slice(i * _imageSize, _imageSize);
            if (_model.TakesFloats)
                _writer.Write<float>(_floats, whole.Height, whole.Width, _crops[i], _model.Normalization, crop);
            else
                _writer.Write<byte>(_bytes, whole.Height, whole.Width, _crops[i], _model.Normalization, crop);
        }
        return true;
    }
}
