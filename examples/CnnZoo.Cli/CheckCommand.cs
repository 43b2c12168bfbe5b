using System.CommandLine;
using CnnZoo.Cli.Doctor;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo check</c>: what is wrong with a set of images, before anything is trained on it.</summary>
internal static class CheckCommand
{
    private const int DefaultFolds = 4;

    private sealed record Settings(string Data, string? Test, CnnArchitecture Architecture, int Folds, int? Epochs,
        string? Model, string? Output, bool Json);

    private sealed record Checked(int Images, int TestImages, IReadOnlyList<Finding> Findings);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string> data = DataFolder.Option(
            "Folder with one folder of images per class, or with folders train and test of this kind");
        var test = new Option<string?>("--test")
        {
            Description = "Folder of test images: those that are also in --data are leaks", HelpName = "FOLDER",
        };
        CommandOptions.RefuseEmpty(test, "the name of a folder");
        Option<string> architecture = ArchitectureArguments.Option("--arch");
        architecture.Description = "Network that judges the labels [default: resnet20_cifar]";
        architecture.DefaultValueFactory = _ => "resnet20_cifar";
        architecture.Required = false;
        Option<int> folds = CommandOptions.Number("--folds",
            "Networks that judge the labels, each trained on the images that the others judge; 0 for none", DefaultFolds, 0, 100);
        Option<OpenNumber<int>?> epochs = CommandOptions.Number<int>("--epochs",
            "Epochs of each [default: auto, enough for the number of images]", 1, 10_000, ("auto", null));
        var model = new Option<string?>("--model")
        {
            Description = "A trained model: its features find more copies", HelpName = "MODEL.zip",
        };
        var output = new Option<string?>("--out") { Description = "Table of the findings to write, .csv", HelpName = "FILE" };
        CommandOptions.RefuseEmpty(output, "the name of a file");
        var json = new Option<bool>("--json") { Description = "Write the findings as one JSON value" };
        var command = new Command("check", "Looks for faults in a set of images: unreadable, odd or duplicate ones, "
            + "test images among the training images, wrong labels. Nothing is changed.")
        {
            data, test, architecture, folds, epochs, model, output, json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(folds) == 1)
                result.AddError("--folds needs 0, or a whole number from 2 to 100, not '1'.");
        });
        command.SetAction(parsed => Run(new(parsed.GetRequiredValue(data), parsed.GetValue(test),
            CnnArchitectures.Find(parsed.GetValue(architecture)!), parsed.GetValue(folds),
            parsed.GetValue(epochs)?.Value, parsed.GetValue(model), parsed.GetValue(output), parsed.GetValue(json))));
        return command;
    }

    private static void Run(Settings settings)
    {
        OutputFile? file = settings.Output is null ? null : OutputFile.Open(settings.Output);
        using OpenFeatures? model = settings.Model is { } name ? FeaturesCommand.Open(name) : null;
        List<Finding> findings = [];
        CheckedImage[] listed = List(settings, findings);
        file?.RefuseInputs(listed.Select(i => i.Path));
        ImageFacts[] images = ImageInspection.Inspect(listed, findings);
        OddImages.Find(images, findings);
        OddImages.FindSmallClasses(settings.Data, listed, findings);
        float[][]? features = model?.Read(images.Select(i => i.Image.Path));
        int[] groups = DuplicateSearch.Find(images, features, findings);
        if (settings.Folds > 0)
            JudgeLabels(settings, [.. images.Select(i => i.Image)], groups, findings);
        findings = [.. findings.OrderBy(f => f.Kind)];
        file?.Write(path => File.WriteAllText(path, FindingTable.ToCsv(findings)));
        if (settings.Json)
            JsonOutput.Write(new Checked(listed.Count(i => !i.IsTest), listed.Count(i => i.IsTest), findings));
        else
            FindingTable.Write(listed, findings, settings.Output);
    }

    private static CheckedImage[] List(Settings settings, List<Finding> findings)
    {
        ImageFolderSplits splits = Directory.Exists(settings.Data) && ImageFolder.SplitFolders(settings.Data).Length > 0
            ? ImageFolder.LoadSplits(settings.Data) : new(ImageFolder.Load(settings.Data), null, null);
        (ImageFolder train, ImageFolder? test) = (splits.Train,
            settings.Test is { } folder ? ImageFolder.Load(folder) : splits.Test ?? splits.Validation);
        foreach (LeftOutFile left in train.LeftOut.Concat(test?.LeftOut ?? []))
            findings.Add(new Finding(FindingKind.LeftOut, left.Path, "", left.Reason));
        return [.. CheckedImage.Of(train, areTest: false), .. test is null ? [] : CheckedImage.Of(test, areTest: true)];
    }

    private static void JudgeLabels(Settings settings, CheckedImage[] images, int[] groups, List<Finding> findings)
    {
        var check = new LabelCheck(images, groups, settings.Architecture, settings.Epochs);
        if (check.MostFolds >= settings.Folds)
            check.Find(settings.Folds, line => Console.Error.WriteLine(line), findings);
        else
            Console.Error.WriteLine("cnnzoo: the labels are not checked: that needs two classes, and of each as many images that "
                + $"are not copies of others as there are --folds, {settings.Folds}.");
    }
}
