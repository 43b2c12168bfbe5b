using System.CommandLine;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>The folders that <c>--data</c> names.</summary>
internal static class DataFolder
{
    /// <summary>The switch.</summary>
    public static Option<string> Option(string description)
    {
        var option = new Option<string>("--data") { Description = description, HelpName = "FOLDER", Required = true };
        CommandOptions.RefuseEmpty(option, "the name of a folder");
        return option;
    }

    /// <summary>Images to train on and to validate with.</summary>
    public static (ImageFolder Train, ImageFolder? Validation) LoadForTraining(string folder)
    {
        if (!Directory.Exists(folder) || ImageFolder.SplitFolders(folder).Length == 0)
            return (Load(folder), null);
        ImageFolderSplits splits = ImageFolder.LoadSplits(folder);
        string validation = splits.Validation is { } v ? $", validates with {v.Folder}" : "";
        string test = splits.Test is { } t ? $"; {t.Folder} is left for 'cnnzoo evaluate'" : "";
        Console.WriteLine($"Trains on {splits.Train.Folder}{validation}{test}");
        Warn(splits.Train);
        if (splits.Validation is not null)
            Warn(splits.Validation);
        return (splits.Train, splits.Validation);
    }

    /// <summary>The images of one folder.</summary>
    /// <exception cref="CommandException">It holds the splits of a data set instead of classes.</exception>
    public static ImageFolder Load(string folder)
    {
        if (Directory.Exists(folder) && ImageFolder.SplitFolders(folder) is [_, ..] splits)
            throw new CommandException(
                $"The folder '{folder}' holds {string.Join(", ", splits)}: the splits of a data set, not classes. "
                + $"Choose one of them, for example --data {Path.Combine(folder, splits[0])}.");
        ImageFolder images = ImageFolder.Load(folder);
        Warn(images);
        return images;
    }

    /// <summary>The images whose files can be opened.</summary>
    public static List<LabeledImage> Readable(ImageFolder folder, BadImages bad)
    {
        var readable = new List<LabeledImage>(folder.Images.Count);
        foreach (LabeledImage image in folder.Images)
        {
            if (BadImages.FileProblem(image.ImagePath) is { } problem)
                bad.Add(image.ImagePath, problem);
            else
                readable.Add(image);
        }
        return readable;
    }

    private static void Warn(ImageFolder images)
    {
        foreach (string warning in images.Warnings())
            Console.Error.WriteLine($"cnnzoo: {warning}");
    }
}
