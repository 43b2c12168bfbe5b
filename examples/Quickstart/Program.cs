using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;
using Quickstart;

const string ModelPath = "models/digits.zip";
if (args is ["predict", .. var files])
{
    Predict(files);
    return;
}

// Real handwritten digits: a folder of PNG files per class, digits/train/0/00000.png and so on.
Digits.Unpack("digits");
var mlContext = new MLContext(seed: 1);
ImageFolder train = ImageFolder.Load("digits/train", mlContext);
ImageFolder test = ImageFolder.Load("digits/test", mlContext);

// From files to digits: the network scales the images to its own size and sees them in gray.
var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
    .Append(mlContext.Transforms.LoadRawImageBytes("Image", imageFolder: null, inputColumnName: "ImagePath"))
    .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(new CnnClassificationTrainer.Options
    {
        Architecture = CnnArchitectures.LeNet5Relu,
        FeatureColumnName = "Image",
        Epochs = 10,
        BatchSize = 32,
        LearningRate = 0.05f,
        WeightDecay = 5e-4f,
        Loss = new SoftmaxCrossEntropyLoss(LabelSmoothing: 0.1f),
        ValidationSetFraction = 0,
        ProgressCallback = ConsoleProgress.Write,
    }))
    .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

var watch = Stopwatch.StartNew();
ITransformer model = pipeline.Fit(train);
Console.WriteLine($"Trained in {watch.Elapsed.TotalSeconds:F1} s");

// ML.NET's own evaluator, on digits of people whose writing was not trained on.
MulticlassClassificationMetrics metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
Console.WriteLine(
    $"MicroAccuracy {metrics.MicroAccuracy:F4}, MacroAccuracy {metrics.MacroAccuracy:F4}, "
    + $"LogLoss {metrics.LogLoss:F4}");
Console.WriteLine(metrics.ConfusionMatrix.GetFormattedConfusionTable());

// Save, and use the model in a process of its own.
Directory.CreateDirectory(Path.GetDirectoryName(ModelPath)!);
mlContext.Model.Save(model, train.Schema, ModelPath);
IEnumerable<string> some = test.Images.Where((_, i) => i % 200 == 7).Select(image => image.ImagePath);
using Process other = Process.Start(Environment.ProcessPath!, [typeof(Digits).Assembly.Location, "predict", .. some]);
other.WaitForExit();
Environment.ExitCode = other.ExitCode;

static void Predict(string[] files)
{
    var mlContext = new MLContext();
    ITransformer model = mlContext.Model.Load(ModelPath, out _);
    // One engine for one thread.
    using var engine = mlContext.Model.CreatePredictionEngine<LabeledImage, Prediction>(model);
    foreach (string file in files)
    {
        Prediction prediction = engine.Predict(new LabeledImage { ImagePath = file });
        Console.WriteLine($"{file} is a {prediction.PredictedLabel} ({prediction.Score.Max():P1} sure)");
    }
}

/// <summary>The columns that the network adds to an image.</summary>
internal sealed class Prediction
{
    /// <summary>The class with the greatest score.</summary>
    public string PredictedLabel { get; set; } = "";

    /// <summary>Probabilities of the classes, in the order of their keys.</summary>
    public float[] Score { get; set; } = [];
}
