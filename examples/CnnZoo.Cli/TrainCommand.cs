using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo train</c>: a network for the images of a folder.</summary>
internal static class TrainCommand
{
    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string> data = DataFolder.Option(
            "Folder with one folder of images per class, or with folders train, "
            + "val (chooses the best epoch) and test (is not read) of this kind");
        Option<string> architecture = ArchitectureArguments.Option("--arch", files: true);
        Option<string?> weights = WeightsFile.Option("Start from these instead of random weights");
        var import = new ImportArguments();
        Option<string> output = OutputFile.Option("Model file to write, for example digits.zip");
        Option<int> epochs = CommandOptions.Number("--epochs", "Passes over the images", 10, 1, 100_000);
        Option<int> batch = CommandOptions.Number("--batch", "Images per step", 64, 1, 65_536);
        Option<float> rate =
            CommandOptions.Number("--lr", "Learning rate; 0 for one that suits the network", 0f, 0f, 1000f);
        Option<int> seed =
            CommandOptions.Number("--seed", "Seed: the same seed gives the same weights", 1, 0, int.MaxValue);
        Option<float> validation = CommandOptions.Number(
            "--validation",
            "Fraction of the images that are held out to choose the best epoch; 0 for none; a folder val replaces it",
            0.1f, 0f, 0.9f);
        Option<FineTuning> fineTuning = CommandOptions.Choice<FineTuning>(
            "--fine-tuning", "Layers of a network with weights that are trained");
        Option<CnnPrecision> precision = CommandOptions.Choice<CnnPrecision>("--precision", "Numeric precision");
        var recompute = new Option<bool>("--recompute")
        {
            Description = "Compute activations again for their gradients: less memory, the same weights",
        };
        var refresh = new Option<bool>("--refresh-statistics")
        {
            Description = "Measure the batch norms' statistics again after the last step",
        };
        Option<BadImageChoice> badImages = BadImages.Option("fail at the first");
        Option<long> pixels = CommandOptions.Number(
            BadImages.PixelLimit, "Largest image to decode, in pixels; the model keeps the limit",
            new CnnClassificationTrainer.Options().MaxImagePixels, 1, int.MaxValue);
        var command = new Command(
            "train", "Trains a network on a folder of images. Ctrl-C saves the best weights so far.")
        {
            data, architecture, weights, output, epochs, batch, rate, seed, validation, fineTuning, precision, recompute,
            refresh, badImages, pixels,
            badImages, pixels,
        };
        import.AddTo(command);
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(data), parsed.GetRequiredValue(output), parsed.GetValue(badImages), new()
        {
            Architecture = NetworkFile.FindOrImport(parsed.GetRequiredValue(architecture), import.Read(parsed)),
            InitialWeights = parsed.GetValue(weights) is { } file ? new CnnWeights(WeightsFile.Open(file)) : null,
            Epochs = parsed.GetValue(epochs),
            BatchSize = parsed.GetValue(batch),
            LearningRate = parsed.GetValue(rate) is > 0 and float given ? given : null,
            Seed = parsed.GetValue(seed),
            ValidationSetFraction = parsed.GetValue(validation),
            FineTuning = parsed.GetValue(fineTuning),
            Precision = parsed.GetValue(precision),
            RecomputeActivations = parsed.GetValue(recompute),
            RefreshBatchNormStatistics = parsed.GetValue(refresh),
            MaxImagePixels = parsed.GetValue(pixels),
            BadImages = parsed.GetValue(badImages) == BadImageChoice.Skip ? BadImageHandling.Skip
                : BadImageHandling.Throw,
        }));
        return command;
    }

    private static void Run(
        string folder, string output, BadImageChoice choice, CnnClassificationTrainer.Options options)
    {
        var file = OutputFile.Open(output);
        using var interrupt = new InterruptSource();
        options.CancellationToken = interrupt.Token;
        (ImageFolder images, ImageFolder? held) = DataFolder.LoadForTraining(folder);
        if (images.Classes.Count < 2)
            throw new CommandException(
                $"The folder '{images.Folder}' holds one class only, '{images.Classes[0]}': "
                + "a classifier needs two or more.");
        using CnnWeights? start = options.InitialWeights;
        file.RefuseInputs(images.Images.Concat(held?.Images ?? []).Select(image => image.ImagePath));
        Console.WriteLine(
            $"{images.Images.Count:N0} images of {images.Classes.Count} classes; {options.Architecture!.DisplayName}");

        var watch = Stopwatch.StartNew();
        var bad = new BadImages(choice);
        List<LabeledImage> training = DataFolder.Readable(images, bad);
        List<LabeledImage>? validation = held is null ? null : DataFolder.Readable(held, bad);
        using TrainedFolder trained = TrainingDisplay.Show(new FolderTraining(options, training, validation, bad).Fit);
        bad.Report();
        if (trained.Remark is { } remark)
            Console.WriteLine(remark);
        file.Write(trained.Save);
        Console.WriteLine($"Saved {output} after {watch.Elapsed.TotalSeconds:F1} s");
    }
}
