// Transfer learning: a ResNet-18 that was trained on ImageNet's photographs learns six other classes, from twenty
// pictures of each. Its file comes from another framework (CNTK) and gives features, without a classifier.
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;
using TransferLearning;

bool quick = args is ["--quick"];
if (args.Length > 0 && !quick)
{
    Console.Error.WriteLine("dotnet run -c Release --project examples/TransferLearning [-- --quick]");
    return 2;
}

int pictures = quick ? 2 : 20, headEpochs = quick ? 2 : 30, fineTuningEpochs = quick ? 1 : 6;
string folder = quick ? "pictures-quick" : "pictures";
Pictures.Draw(Path.Combine(folder, "train"), pictures, seed: 1);
Pictures.Draw(Path.Combine(folder, "test"), pictures, seed: 2);
var mlContext = new MLContext(seed: 1);
IDataView train = ImageFolder.Load(Path.Combine(folder, "train"), mlContext);
IDataView test = ImageFolder.Load(Path.Combine(folder, "test"), mlContext);

// The file does not say what pixels it takes. The package's second file does: it swaps red and blue and subtracts a mean
// image, whose mean of each channel this is.
string file = Path.Combine(AppContext.BaseDirectory, "ResNet18.onnx");
var import = new CnnImportOptions
{
    Preprocessing = new ImagePreprocessing(new([1, 1, 1], [-123.15f, -115.90f, -103.06f]), ChannelOrder.Bgr),
};
CnnArchitecture pretrained = CnnArchitecture.FromOnnx(file, import);
CnnArchitecture untrained = CnnArchitecture.FromOnnx(file, import with { KeepWeights = false });

var rows = new List<string>();
using CnnClassificationTransformer head = Train("head only, features frozen", new()
{
    Architecture = pretrained, FineTuning = FineTuning.HeadOnly, Epochs = headEpochs,
});
Train("then all layers, fine-tuned", new()
{
    InitialModel = head, LearningRate = 0.005f, Epochs = fineTuningEpochs, RefreshBatchNormStatistics = true,
}).Dispose();
Train("all layers, from scratch", new()
{
    Architecture = untrained, Epochs = quick ? 1 : 14, RefreshBatchNormStatistics = true,
}).Dispose();

Console.WriteLine();
Console.WriteLine($"{"ResNet-18",-28} {"epochs",6} {"test accuracy",14} {"seconds",8}");
rows.ForEach(Console.WriteLine);
return 0;

CnnClassificationTransformer Train(string name, CnnClassificationTrainer.Options options)
{
    Console.WriteLine(name);
    options.BatchSize = 20;
    options.ValidationSetFraction = 0;
    options.ProgressCallback = ConsoleProgress.Write;
    var watch = Stopwatch.StartNew();
    TransformerChain<CnnClassificationTransformer> model = mlContext.Transforms.Conversion.MapValueToKey("Label")
        .Append(mlContext.Transforms.LoadRawImageBytes("Features", imageFolder: null, inputColumnName: "ImagePath"))
        .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(options))
        .Fit(train);
    double seconds = watch.Elapsed.TotalSeconds;
    MulticlassClassificationMetrics metrics = mlContext.MulticlassClassification.Evaluate(model.Transform(test));
    rows.Add($"{name,-28} {options.Epochs,6} {metrics.MicroAccuracy,14:P1} {seconds,8:F1}");
    return model.LastTransformer;
}
