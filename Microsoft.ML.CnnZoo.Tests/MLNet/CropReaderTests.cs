using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Single images outside of a pipeline become what the network is given for rows.</summary>
public sealed class CropReaderTests : IDisposable
{
    private readonly CnnClassificationTransformer _model = Train();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void TryRead_EncodedOrDecoded_IsTheScaledNormalizedImage()
    {
        using MLImage image = DigitRows.Image(3);
        var scaled = new byte[32 * 32];
        new ImageScaler(32, 32, 1).Scale(image.Pixels, PixelFormat.Bgra32(28, 28), scaled);
        var expected = new float[scaled.Length];
        _model.Model.Normalization.Apply(scaled, expected);

        var reader = new CropReader(_model.Model);
        float[] encoded = new float[reader.ValueCount], decoded = new float[reader.ValueCount];
        Assert.True(reader.TryRead(ImageFiles.EncodePng(image), encoded));
        Assert.True(reader.TryRead(image, decoded));
        Assert.Equal(expected, encoded);
        Assert.Equal(expected, decoded);
    }

    [Fact]
    public void TryRead_BadImage_IsNamedAndTheNextOneIsGood()
    {
        var reader = new CropReader(_model.Model);
        var crops = new float[reader.ValueCount];
        Assert.False(reader.TryRead(ImageFiles.HugePng(60000, 60000), crops, "upload.png"));
        Assert.StartsWith("'upload.png': it has 60000x60000 (width x height)", reader.Problem, StringComparison.Ordinal);
        Assert.False(reader.TryRead([1, 2, 3], crops));
        Assert.StartsWith("its 3 bytes are no image", reader.Problem, StringComparison.Ordinal);
        using MLImage image = DigitRows.Image(3);
        Assert.True(reader.TryRead(image, crops));
    }

    private static CnnClassificationTransformer Train()
    {
        var mlContext = new MLContext(1);
        IDataView rows = mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 8).ToArray());
        rows = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows);
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.NetworkInput = new ImageShape(32, 32, 1);
        return mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(rows);
    }
}
