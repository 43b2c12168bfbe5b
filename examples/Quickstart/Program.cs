using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Quickstart;

const string ModelPath = "models/digits.zip";
if (args is ["predict", .. var files])
{
    Predict(files);
    return;
}

// Real handwritten digits: a folder of PNG files per class.
Digits.Unpack("digits");
var mlContext = new MLContext(seed: 1);
IDataView train = mlContext.Data.LoadFromEnumerable(Digits.List("digits/train"));
IDataView test = mlContext.Data.LoadFromEnumerable(Digits.List("digits/test"));

// From file names to digits. The images are gray: red says it all.
var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
    .Append(mlContext.Transforms.LoadImages("Image", imageFolder: null, inputColumnName: nameof(Digit.Path)))
    .Append(mlContext.Transforms.ResizeImages("Image", imageWidth: 32, imageHeight: 32))
    .Append(mlContext.Transforms.ExtractPixels("Features", "Image", colorsToExtract: ImagePixelExtractingEstimator.ColorBits.Red))
    .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(new CnnClassificationTrainer.Options
    {
        Architecture = CnnArchitectures.LeNet5Relu,
        Epochs = 10,
        BatchSize = 32,
        LearningRate = 0.05f,
        WeightDecay = 5e-4f,
        Loss = new SoftmaxCrossEntropyLoss(LabelSmoothing: 0.1f),
        ValidationSetFraction = 0,
        ProgressCallback = epoch => Console.WriteLine($"epoch {epoch.Epoch,2}: loss {epoch.Loss:F4}, accuracy {epoch.Accuracy:F4}, {epoch.ImagesPerSecond:N0} images/s"),
    }))
    .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

var watch = Stopwatch.StartNew();
ITransformer model = pipeline.Fit(train);
Console.WriteLine($"Trained in {watch.Elapsed.TotalSeconds:F1} s");

// ML.NET's own evaluator, on digits of people whose writing was not trained on.
MulticlassClassificationMetrics metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
Console.WriteLine($"MicroAccuracy {metrics.MicroAccuracy:F4}, MacroAccuracy {metrics.MacroAccuracy:F4}, LogLoss {metrics.LogLoss:F4}");
Console.WriteLine(metrics.ConfusionMatrix.GetFormattedConfusionTable());

// Save, and use the model in a process of its own.
Directory.CreateDirectory(Path.GetDirectoryName(ModelPath)!);
mlContext.Model.Save(model, train.Schema, ModelPath);
using Process other = Process.Start(Environment.ProcessPath!, [typeof(Digit).Assembly.Location, "predict", .. Digits.List("digits/test").Where((_, i) => i % 200 == 7).Select(digit => digit.Path)]);
other.WaitForExit();
Environment.ExitCode = other.ExitCode;

static void Predict(string[] files)
{
    var mlContext = new MLContext();
    ITransformer model = mlContext.Model.Load(ModelPath, out _);
    using PredictionEngine<Digit, Prediction> engine = mlContext.Model.CreatePredictionEngine<Digit, Prediction>(model);
    foreach (string file in files)
    {
        Prediction prediction = engine.Predict(new Digit { Path = file });
        Console.WriteLine($"{file} is a {prediction.PredictedLabel} ({prediction.Score.Max():P1} sure)");
    }
}

/// <summary>What the network says of an image.</summary>
internal sealed class Prediction
{
    public string PredictedLabel { get; set; } = "";

    public float[] Score { get; set; } = [];
}
