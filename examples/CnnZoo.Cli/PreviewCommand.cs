using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo preview</c>: a picture of training images as a network is shown them.</summary>
internal static class PreviewCommand
{
    private const int DefaultSide = 64;
    private const string DefaultAugmentation = "strong";

    private sealed record Settings(string Folder, string Output, ImageAugmentation Augmentation, int Side, bool Gray,
        ImageFit Fit, int Images, int Samples, int Seed);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string> data = DataFolder.Option("Folder with one folder of images per class, or with a folder train of this kind");
        Option<string> output = OutputFile.Option("PNG file to write, for example sheet.png");
        Option<string?> augment = AugmentationArguments.Option(DefaultAugmentation);
        Option<int> size = CommandOptions.Number("--size", "Height and width of the network's images", DefaultSide, 8, 1024);
        var gray = new Option<bool>("--gray") { Description = "The network takes gray images" };
        Option<string?> fit = ImageFits.Option();
        Option<int> images = CommandOptions.Number("--images", "Images, one row each", 8, 1, 100);
        Option<int> samples = CommandOptions.Number("--samples", "Augmented samples of each image", 7, 0, 100);
        Option<int> seed = CommandOptions.Number("--seed", "Seed: the same seed gives the same samples", 1, 0, int.MaxValue);
        var command = new Command(
            "preview", "Draws training images as a network is shown them: as they are, then augmented.")
        {
            data, output, augment, size, gray, fit, images, samples, seed,
        };
        command.SetAction(parsed => Run(new(parsed.GetRequiredValue(data), parsed.GetRequiredValue(output),
            AugmentationArguments.Find(parsed.GetValue(augment) ?? DefaultAugmentation, parsed.GetValue(size)), parsed.GetValue(size),
            parsed.GetValue(gray), ImageFits.Find(parsed.GetValue(fit)), parsed.GetValue(images), parsed.GetValue(samples),
            parsed.GetValue(seed))));
        return command;
    }

    private static void Run(Settings settings)
    {
        var file = OutputFile.Open(settings.Output);
        (ImageFolder folder, _) = DataFolder.LoadForTraining(settings.Folder);
        file.RefuseInputs(folder.Images.Select(image => image.ImagePath));
        var bad = new BadImages(BadImageChoice.Skip);
        List<LabeledImage> readable = DataFolder.Readable(folder, bad);
        var mlContext = new MLContext(settings.Seed);
        IDataView rows = mlContext.Data.LoadFromEnumerable(readable);
        rows = mlContext.Transforms.Conversion.MapValueToKey("Label").Append(mlContext.Transforms.LoadRawImageBytes(
            "Image", imageFolder: null, inputColumnName: nameof(LabeledImage.ImagePath))).Fit(rows).Transform(rows);
        var options = new CnnClassificationTrainer.Options
        {
            Architecture = settings.Gray ? CnnArchitectures.LeNet5Relu : CnnArchitectures.ResNet18,
            NetworkInput = new ImageShape(settings.Side, settings.Side, settings.Gray ? 1 : 3),
            FeatureColumnName = "Image",
            Augmentation = settings.Augmentation,
            ImageFit = settings.Fit,
            ValidationSetFraction = 0,
            BadImages = BadImageHandling.Skip,
            BadImageFound = image => bad.Add(readable[(int)image.Row].ImagePath, image.Reason),
            Seed = settings.Seed,
        };
        file.Write(path => mlContext.MulticlassClassification.Trainers.CnnClassification(options)
            .PreviewAugmentation(rows, path, settings.Images, settings.Samples));
        bad.Report();
        Console.WriteLine($"Saved {settings.Output}");
    }
}
