using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.Transforms;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo train</c>: a network for the images of a folder.</summary>
internal static class TrainCommand
{
    private const string ImageColumn = "Image";

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "Folder with one folder of images per class", Required = true };
        Option<string> architecture = ArchitectureNames.Option("--arch");
        var output = new Option<string>("--out") { Description = "Model file to write, for example digits.zip", Required = true };
        Option<int> epochs = CommandOptions.Number("--epochs", "Passes over the images", 10, 1, 100_000);
        Option<int> batch = CommandOptions.Number("--batch", "Images per step", 64, 1, 65_536);
        Option<float> rate = CommandOptions.Number("--lr", "Learning rate; 0 for one that suits the network", 0f, 0f, 1000f);
        Option<int> seed = CommandOptions.Number("--seed", "Seed: the same seed gives the same weights", 1, 0, int.MaxValue);
        Option<float> validation = CommandOptions.Number("--validation", "Share of the images that choose the best epoch and are not trained on; 0 for none", 0.1f, 0f, 0.9f);
        Option<CnnBackend> backend = CommandOptions.Choice<CnnBackend>("--backend", "Kernels to run on");
        Option<CnnPrecision> precision = CommandOptions.Choice<CnnPrecision>("--precision", "Numbers to compute with", "float32");
        var recompute = new Option<bool>("--recompute") { Description = "Compute activations again for their gradients: less memory, the same weights" };
        var refresh = new Option<bool>("--refresh-statistics") { Description = "Measure the batch norms' statistics anew after the last step" };
        var skip = new Option<bool>("--skip-bad-images") { Description = "Leave out images that cannot be read instead of failing" };
        var command = new Command("train", "Trains a network on a folder of images.")
        {
            data, architecture, output, epochs, batch, rate, seed, validation, backend, precision, recompute, refresh, skip,
        };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(data), parsed.GetRequiredValue(output), new CnnClassificationTrainer.Options
        {
            Architecture = CnnArchitectures.Find(parsed.GetRequiredValue(architecture)),
            FeatureColumnName = ImageColumn,
            Epochs = parsed.GetValue(epochs),
            BatchSize = parsed.GetValue(batch),
            LearningRate = parsed.GetValue(rate) is > 0 and float given ? given : null,
            Seed = parsed.GetValue(seed),
            ValidationSetFraction = parsed.GetValue(validation),
            Backend = parsed.GetValue(backend),
            Precision = parsed.GetValue(precision),
            RecomputeActivations = parsed.GetValue(recompute),
            RefreshBatchNormStatistics = parsed.GetValue(refresh),
            BadImages = parsed.GetValue(skip) ? BadImageHandling.Skip : BadImageHandling.Throw,
        }));
        return command;
    }

    private static void Run(string folder, string output, CnnClassificationTrainer.Options options)
    {
        OutputFile.CheckWritable(output);
        ImageFolder images = ImageFolder.Read(folder);
        if (images.Classes.Count < 2)
            throw new CommandException($"The folder '{folder}' holds one class only, '{images.Classes[0]}': a classifier needs two or more.");
        Console.WriteLine($"{images.Images.Count:N0} images of {images.Classes.Count} classes; {options.Architecture!.DisplayName}");

        var mlContext = new MLContext(options.Seed);
        IDataView rows = mlContext.Data.LoadFromEnumerable(images.Images);
        var watch = Stopwatch.StartNew();
        using var interrupt = new InterruptSource();
        options.CancellationToken = interrupt.Token;
        ITransformer model = TrainingDisplay.Show(display => Fit(mlContext, rows, options, display));
        if (interrupt.Token.IsCancellationRequested)
            Console.WriteLine("Interrupted: the best weights so far are kept.");
        ModelFile.Save(mlContext, model, rows.Schema, output);
        Console.WriteLine($"Saved {output} after {watch.Elapsed.TotalSeconds:F1} s");
    }

    private static ITransformer Fit(MLContext mlContext, IDataView rows, CnnClassificationTrainer.Options options, TrainingDisplay display)
    {
        options.ProgressCallback = display.EpochCompleted;
        options.BatchCallback = display.BatchCompleted;
        return mlContext.Transforms.Conversion.MapValueToKey(nameof(LabeledImage.Label), keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Append(mlContext.Transforms.LoadImages(ImageColumn, imageFolder: null, inputColumnName: nameof(LabeledImage.Path)))
            .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(options))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
            .Fit(rows);
    }
}
