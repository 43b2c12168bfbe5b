using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Benchmarks;

/// <summary>
/// <c>defaults</c>: how well networks do on a folder of images when nothing is set but the network and, if wished, size
/// and epochs; as rows of a table.
/// </summary>
internal static class DefaultsCommand
{
    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var data = new Option<string>("--data")
        {
            Description = "Folder with train and test, each with one folder of images per class", Required = true,
        };
        var architectures = new Option<string>("--arch")
        {
            Description = "Architectures, separated by commas", DefaultValueFactory = _ => "lenet5_relu,resnet20_cifar",
        };
        var size = new Option<int>("--size")
        {
            Description = "Side of the networks' images; 0 for what suits the pictures", DefaultValueFactory = _ => 0,
        };
        var epochs = new Option<int>("--epochs")
        {
            Description = "Passes over the images; 0 for enough", DefaultValueFactory = _ => 0,
        };
        var seed = new Option<int>("--seed") { Description = "Seed", DefaultValueFactory = _ => 1 };
        var command = new Command("defaults", "Trains networks with all settings left open and prints their test accuracy.")
        {
            data, architectures, size, epochs, seed,
        };
        command.SetAction(parsed =>
        {
            Console.WriteLine("| network | epochs | best | test accuracy | seconds |\n| --- | ---: | ---: | ---: | ---: |");
            foreach (string name in parsed.GetRequiredValue(architectures).Split(','))
                Measure(parsed.GetRequiredValue(data), new CnnClassificationTrainer.Options
                {
                    Architecture = CnnArchitectures.Find(name),
                    NetworkInput = parsed.GetValue(size) is > 0 and int side ? new ImageShape(side, side, 3) : null,
                    Epochs = parsed.GetValue(epochs) is > 0 and int passes ? passes : null,
                    Seed = parsed.GetValue(seed),
                });
        });
        return command;
    }

    private static void Measure(string folder, CnnClassificationTrainer.Options options)
    {
        var mlContext = new MLContext(options.Seed);
        IDataView train = ImageFolder.Load(Path.Combine(folder, "train"), mlContext);
        TransformerChain<ImageLoadingTransformer> files = mlContext.Transforms.Conversion.MapValueToKey(
            "Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Append(mlContext.Transforms.LoadRawImageBytes("Features", imageFolder: null, inputColumnName: "ImagePath"))
            .Fit(train);
        var watch = Stopwatch.StartNew();
        using CnnClassificationTransformer model = mlContext.MulticlassClassification.Trainers.CnnClassification(options)
            .Fit(files.Transform(train));
        double seconds = watch.Elapsed.TotalSeconds;
        MulticlassClassificationMetrics metrics = mlContext.MulticlassClassification.Evaluate(
            model.Transform(files.Transform(ImageFolder.Load(Path.Combine(folder, "test"), mlContext))));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {options.Architecture!.DisplayName}, {model.Model.Image} | {model.Training!.History.Count} | "
            + $"{model.Training.Best!.Epoch} | {metrics.MicroAccuracy:F3} | {seconds:F0} |"));
    }
}
