using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Reads what a trained network is shown of the present row's image: its center, or ten parts, normalized. Belongs to one row or cursor.</summary>
internal sealed class CropReader
{
    private readonly CnnClassificationModel _model;
    private readonly ImageReader _reader;
    private readonly CropWriter _viewer;
    private readonly ImageCrop[] _views;
    private readonly byte[] _bytes = [];
    private readonly float[] _floats = [];
    private readonly int _imageSize;

    /// <param name="row">A row or cursor in which the feature column is active.</param>
    /// <param name="mapper">The model and its feature column.</param>
    public CropReader(DataViewRow row, ScoreMapper mapper)
    {
        _model = mapper.Model;
        ImageShape image = _model.Image, whole = _model.ResizedImage;
        var scaler = new ImageScaler(whole.Height, whole.Width, whole.Channels, _model.Fit);
        _reader = ImageReader.Create(row, mapper.Feature, scaler);
        _viewer = new CropWriter(image.Height, image.Width, image.Channels);
        _views = _model.TestCrops.Views(whole.Height, whole.Width, image.Height, image.Width);
        _imageSize = image.Height * image.Width * image.Channels;
        if (mapper.Feature.HoldsFloats)
            _floats = new float[scaler.ValueCount];
        else
            _bytes = new byte[scaler.ValueCount];
    }

    /// <summary>What was wrong when the last reading gave nothing.</summary>
    public string Problem => _reader.Problem;

    /// <summary>Values that a row's parts have together.</summary>
    public int ValueCount => _views.Length * _imageSize;

    /// <summary>Reads the parts, one after the other.</summary>
    /// <returns>False when there is no image or it cannot be decoded: see <see cref="Problem"/>.</returns>
    public bool TryRead(Span<float> target)
    {
        bool floats = _floats.Length > 0;
        if (floats ? !_reader.TryRead(_floats.AsSpan()) : !_reader.TryRead(_bytes.AsSpan()))
            return false;
        ImageShape whole = _model.ResizedImage;
        for (int i = 0; i < _views.Length; i++)
        {
            Span<float> part = target.Slice(i * _imageSize, _imageSize);
            if (floats)
                _viewer.Write(_floats, whole.Height, whole.Width, _views[i], _model.Normalization, part);
            else
                _viewer.Write(_bytes, whole.Height, whole.Width, _views[i], _model.Normalization, part);
        }
        return true;
    }
}
