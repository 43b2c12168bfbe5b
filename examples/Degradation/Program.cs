// Degradation: deeper plain networks have a higher training error than shallower ones, residual networks do not.
// He et al. 2015, arXiv:1512.03385, figures 1 and 6.
using System.Diagnostics;
using Degradation;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.Data;

const string Usage = """
    dotnet run -c Release --project examples/Degradation --
        [--full] [--cifar FOLDER] [--depths 8,20,44] [--epochs N] [--out degradation.svg]
      (default)        depths 8, 20, 44 on 300 digits of 14x14: about a minute
      --full           depths 20, 32, 44, 56 on all 10,000 digits of 28x28: hours on two cores
      --cifar FOLDER   like --full on CIFAR-10 (binary version: data_batch_1.bin to data_batch_5.bin), as in the paper
    """;

Settings? settings = Settings.Parse(args);
if (settings is null)
{
    Console.Error.WriteLine(Usage);
    return 2;
}

ImageSet set = settings.CifarFolder is string folder ? ImageSet.Cifar10(folder)
    : settings.Full ? ImageSet.Digits(int.MaxValue, halved: false)
    : ImageSet.Digits(300, halved: true);
Console.WriteLine($"{set.Name}, {settings.Epochs} epochs");
var curves = new List<ErrorCurve>();
var rows = new List<string>();
foreach (bool residual in (bool[])[false, true])
    foreach (int depth in settings.Depths)
    {
        CnnArchitecture network = residual ? CifarResNet.Residual(depth) : CifarResNet.Plain(depth);
        var watch = Stopwatch.StartNew();
        double[] errors = Train(network, set, settings);
        curves.Add(new ErrorCurve($"{(residual ? "residual" : "plain")}-{depth}", depth, residual, errors));
        rows.Add($"{curves[^1].Name,-12} {errors[^1],14:P1} {errors.Min(),10:P1} {watch.Elapsed.TotalSeconds,8:F0} s");
        Console.WriteLine($"  {rows[^1]}");
    }

Console.WriteLine();
Console.WriteLine($"{"network",-12} {"training error",14} {"lowest",10} {"time",10}");
rows.ForEach(Console.WriteLine);
File.WriteAllText(
    settings.Output, ErrorPlot.ToSvg($"Training error of plain and residual networks: {set.Name}", curves));
Console.WriteLine($"Plot: {settings.Output}");
return 0;

// Section 4.2: momentum 0.9, weight decay 1e-4, batches of 128, rate 0.1 divided by ten at half and three quarters;
// smaller
// batches and a smaller rate where there are few images. The paper warms its deepest network up; here the rate of every
// network
// rises over the first epochs: with so few steps, deep networks would not recover from a bad start.
static double[] Train(CnnArchitecture network, ImageSet set, Settings settings)
{
    var errors = new List<double>();
    var mlContext = new MLContext(seed: 1);
    var schema = SchemaDefinition.Create(typeof(LabeledPixels));
    schema[nameof(LabeledPixels.Pixels)].ColumnType =
        new VectorDataViewType(NumberDataViewType.Byte, set.Image.Height, set.Image.Width, set.Image.Channels);
    IDataView images = mlContext.Data.LoadFromEnumerable(set.Images, schema);
    bool few = set.Images.Count < 2000;
    EstimatorChain<CnnClassificationTransformer> pipeline =
        mlContext.Transforms.Conversion.MapValueToKey(nameof(LabeledPixels.Label))
        .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(new CnnClassificationTrainer.Options
        {
            Architecture = network,
            FeatureColumnName = nameof(LabeledPixels.Pixels),
            NetworkInput = set.Image,
            Epochs = settings.Epochs,
            BatchSize = few ? 30 : 128,
            LearningRate = few ? 0.05f : 0.1f,
            WeightDecay = 1e-4f,
            LearningRateSchedule = new WarmupSchedule(few ? 2 : 1, new StepSchedule(Math.Max(1, settings.Epochs / 2))),
            ValidationSetFraction = 0,
            ProgressCallback = epoch =>
            {
                errors.Add(1 - epoch.Accuracy);
                if (!Console.IsOutputRedirected)
                    Console.Write(
                        $"\r  {network.Name}: epoch {epoch.Epoch}/{epoch.Epochs}, "
                        + $"training error {1 - epoch.Accuracy:P1}, "
                        + $"{epoch.Remaining:hh\\:mm\\:ss} left   \r");
            },
        }));
    using CnnClassificationTransformer trained = pipeline.Fit(images).LastTransformer;
    return [.. errors];
}
