using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo explain</c>: pictures of what a network sees in images.</summary>
internal static class ExplainCommand
{
    /// <summary>What can be drawn: the library's methods, and the filters, which need no image.</summary>
    private enum Drawing
    {
        GradCam,
        Saliency,
        SmoothGrad,
        Occlusion,
        Deconvnet,
        Features,
        Filters,
    }

    private sealed record Settings(string Model, CnnImportOptions Import, Drawing Drawing, CnnExplanationOptions Options,
        string Folder, int Side);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<string> model = ModelFile.Option();
        var import = new ImportArguments();
        Option<Drawing> method = CommandOptions.Choice<Drawing>("--method",
            "Heat map, or projections of a layer's strongest feature maps, the maps, or the first layer's filters");
        var layer = new Option<string?>("--layer")
        {
            Description = "Layer, stage or node of gradcam, deconvnet and features; 'cnnzoo summary' names layers "
                + "[default: the last one with feature maps]",
        };
        var className = new Option<string?>("--class") { Description = "The class to explain [default: the most probable]" };
        Option<string> folder = FolderOption();
        Option<int> side = CommandOptions.Number("--side", "Pixels of a picture's longer side", 448, 16, 4096);
        var images = new Argument<string[]>("IMAGE")
        {
            Description = "Image files, and folders of images", Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("explain", "Draws what a network sees in images.")
        {
            model, method, layer, className, folder, side, images,
        };
        import.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(images) is not [_, ..] && result.GetValue(method) != Drawing.Filters)
                result.AddError("At least one image is needed.");
        });
        command.SetAction(parsed => Run(new(parsed.GetRequiredValue(model), import.Read(parsed), parsed.GetValue(method), new()
        {
            Method = MethodOf(parsed.GetValue(method)), Layer = parsed.GetValue(layer), ClassName = parsed.GetValue(className),
        }, parsed.GetRequiredValue(folder), parsed.GetValue(side)), PredictCommand.List(parsed.GetValue(images) ?? [])));
        return command;
    }

    private static Option<string> FolderOption()
    {
        var folder = new Option<string>("--out")
        {
            Description = "Folder for the pictures; made where it is missing", HelpName = "FOLDER", Required = true,
        };
        CommandOptions.RefuseEmpty(folder, "the name of a folder");
        return folder;
    }

    private static ExplanationMethod MethodOf(Drawing drawing) => drawing switch
    {
        Drawing.Features => ExplanationMethod.FeatureMaps,
        Drawing.Filters => default,
        _ => Enum.Parse<ExplanationMethod>(drawing.ToString()),
    };

    private static int Run(Settings settings, List<LabeledImage> images)
    {
        using var scorer = ImageScorer.Load(new MLContext(), settings.Model, settings.Import);
        Directory.CreateDirectory(settings.Folder);
        string name = settings.Drawing.ToString().ToLowerInvariant();
        if (settings.Drawing == Drawing.Filters)
        {
            Write(settings, $"{name}.png", scorer.Network.DrawFilters(settings.Side), "the first layer's filters");
            return ExitCode.Done;
        }
        var used = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        int failed = 0;
        foreach (string image in images.Select(i => i.ImagePath))
        {
            try
            {
                CnnExplanation explanation = scorer.Network.Explain(image, settings.Options);
                Write(settings, FileName(image, name, used), explanation.ToPng(settings.Side), Describe(explanation));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
            {
                failed++;
                Console.Error.WriteLine($"cnnzoo: {e.Message}");
            }
        }
        return failed == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static string Describe(CnnExplanation explanation) => $"{explanation.ClassName} {explanation.Probability:P1}"
        + (explanation.Layer.Length > 0 ? $", layer {explanation.Layer}" : "");

    private static void Write(Settings settings, string name, byte[] png, string description)
    {
        string path = Path.Combine(settings.Folder, name);
        OutputFile.Open(path).Write(temporary => File.WriteAllBytes(temporary, png));
        Console.WriteLine($"{path}: {description}");
    }

    /// <summary>cat.jpg → cat-gradcam.png; a second one of that name gets a number.</summary>
    private static string FileName(string image, string method, HashSet<string> used)
    {
        string start = Path.GetFileNameWithoutExtension(image), name = $"{start}-{method}.png";
        for (int number = 2; !used.Add(name); number++)
            name = $"{start}-{number}-{method}.png";
        return name;
    }
}
