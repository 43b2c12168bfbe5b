using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>A digit as a vector of floats, with columns that pass through.</summary>
public sealed class PixelRow
{
    public string Label { get; set; } = "";
    public int Number { get; set; }
    [VectorType(1, 28, 28)]
    public float[] Pixels { get; set; } = [];
}

/// <summary>A digit as a vector of bytes.</summary>
public sealed class ByteRow
{
    public string Label { get; set; } = "";
    [VectorType(28, 28, 1)]
    public byte[] Pixels { get; set; } = [];
}

/// <summary>A digit as an image.</summary>
public sealed class ImageRow
{
    public string Label { get; set; } = "";
    [ImageType(28, 28)]
    public MLImage? Pixels { get; set; }
}

/// <summary>A digit as an encoded file.</summary>
public sealed class FileRow
{
    public string Label { get; set; } = "";
    public byte[] Pixels { get; set; } = [];
}

/// <summary>What a prediction engine gives.</summary>
internal sealed class DigitPrediction
{
    public string PredictedLabel { get; set; } = "";
    public float[] Score { get; set; } = [];
}

/// <summary>Digits in the forms that pipelines have them in, and short trainings on them.</summary>
internal static class DigitRows
{
    /// <summary>A name, so that labels are text and their order is not that of the digits.</summary>
    public static string Name(int digit) => $"digit {digit}";

    public static PixelRow Pixels(int index) => new()
    {
        Label = Name(Digits.Label(index)),
        Number = index,
        Pixels = Array.ConvertAll(Digits.Pixels(index).ToArray(), b => b / 255f),
    };

    public static IEnumerable<PixelRow> Pixels(int first, int count) => Enumerable.Range(first, count).Select(i => Pixels(i));

    public static IEnumerable<ByteRow> Bytes(int first, int count) =>
        Enumerable.Range(first, count).Select(i => new ByteRow { Label = Name(Digits.Label(i)), Pixels = Digits.Pixels(i).ToArray() });

    public static IEnumerable<ImageRow> Images(int first, int count) =>
        Enumerable.Range(first, count).Select(i => new ImageRow { Label = Name(Digits.Label(i)), Pixels = Image(i) });

    /// <summary>A digit as a gray image of 32 bits a pixel.</summary>
    public static MLImage Image(int index)
    {
        var pixels = new byte[28 * 28 * 4];
        for (int i = 0; i < 28 * 28; i++)
        {
            pixels.AsSpan(i * 4, 3).Fill(Digits.Pixels(index)[i]);
            pixels[(i * 4) + 3] = 255;
        }
        return MLImage.CreateFromPixels(28, 28, MLPixelFormat.Bgra32, pixels);
    }

    /// <summary>Options for a short training that is over in a second or two.</summary>
    public static CnnClassificationTrainer.Options Options(int epochs = 4) => new()
    {
        Architecture = CnnArchitectures.LeNet5Relu,
        FeatureColumnName = "Pixels",
        Epochs = epochs,
        BatchSize = 32,
        LearningRate = 0.05f,
        LearningRateSchedule = new CosineSchedule(),
        Augmentation = ImageAugmentation.None,
        Seed = 3,
        ValidationSetFraction = 0,
        Precision = CnnPrecision.Float32, // whatever the processor: tests compare scores of different plans
    };

    /// <summary>Label to key, network, key to label.</summary>
    public static IEstimator<ITransformer> Pipeline(MLContext mlContext, CnnClassificationTrainer.Options? options = null) =>
        mlContext.Transforms.Conversion.MapValueToKey("Label")
            .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(options ?? Options()))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

    /// <summary>All scores of a view, row after row.</summary>
    public static float[][] Scores(IDataView scored) => [.. scored.GetColumn<float[]>("Score")];
}
