using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.Data;

namespace CnnZoo.Cli;

/// <summary><c>cnnzoo features</c>: what a layer gives for images, as a table.</summary>
internal static class FeaturesCommand
{
    private const string Column = "Features";

    private sealed record Settings(string? Model, string? Architecture, string? Weights, CnnImportOptions Import,
        CnnFeaturizerOptions Options, string Output, bool Skips);

    private sealed record ImageFeatures(string Image, float[]? Features, string Problem);

    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        var model = new Option<string?>("--model") { Description = NetworkFile.Description };
        CommandOptions.RefuseEmpty(model, "the name of a file");
        Option<string> architecture = ArchitectureArguments.Option("--arch", files: true);
        architecture.Required = false;
        Option<string?> weights = WeightsFile.Option("Of the architecture");
        var import = new ImportArguments();
        var layer = new Option<string?>("--layer")
        {
            Description = "Layer, stage or node; 'cnnzoo summary' names layers [default: the input of the last layer]",
        };
        Option<FeaturePooling> pooling = CommandOptions.Choice<FeaturePooling>("--pooling",
            "Mean of each feature map, or all its numbers");
        Option<string> output = OutputFile.Option("File to write: .csv, or .npy for NumPy");
        Option<BadImageChoice> badImages = BadImages.Option("write nothing and fail");
        var images = new Argument<string[]>("IMAGE")
        {
            Description = "Image files, and folders of images", Arity = ArgumentArity.ZeroOrMore,
        };
        var data = new Option<string?>("--data") { Description = "A folder of images", HelpName = "FOLDER" };
        var command = new Command("features",
            "Writes what a layer of a network gives for images. Started by mpirun, each process has a part of them.")
        {
            model, architecture, weights, data, layer, pooling, output, badImages, images,
        };
        import.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(data) is null && result.GetValue(images) is not { Length: > 0 })
                result.AddError("Images are needed: files, folders, or --data FOLDER.");
            if (result.GetValue(model) is null == result.GetValue(architecture) is null)
                result.AddError("Either --model or --arch is needed.");
            if (result.GetValue(weights) is not null && result.GetValue(architecture) is null)
                result.AddError("--weights belong to --arch.");
        });
        command.SetAction(parsed => Run(new(parsed.GetValue(model), parsed.GetValue(architecture), parsed.GetValue(weights),
            import.Read(parsed), new()
            {
                Layer = parsed.GetValue(layer), Pooling = parsed.GetValue(pooling), BadImages = BadImageScoring.Throw,
            }, parsed.GetRequiredValue(output), parsed.GetValue(badImages) == BadImageChoice.Skip),
            PredictCommand.List([.. ((string?[])[parsed.GetValue(data)]).OfType<string>(), .. parsed.GetValue(images) ?? []])));
        return command;
    }

    private static int Run(Settings settings, List<LabeledImage> images)
    {
        OutputFile? file = Ranks.Writes ? OutputFile.Open(settings.Output) : null;
        file?.RefuseInputs(images.Select(i => i.ImagePath));
        bool isTable = settings.Output.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);
        if (!isTable && !settings.Output.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
            throw new CommandException("--out needs a name that ends with .csv or .npy.", ExitCode.WrongUsage);
        var mlContext = new MLContext();
        using TransformerChain<CnnFeaturizingTransformer> pipeline = Fit(mlContext, settings);
        int block = pipeline.LastTransformer.Scorer.RowsPerBatch;
        List<ImageFeatures> all = Ranks.InOrder([.. Read(mlContext, pipeline, Ranks.Own(images, block))], images.Count, block);
        if (!Ranks.Writes)
            return ExitCode.Done;
        var rows = new List<(string Image, float[] Features)>();
        foreach ((string image, float[]? features, string problem) in all)
        {
            if (features is not null)
                rows.Add((image, features));
            else
                Console.Error.WriteLine($"cnnzoo: {problem}");
        }
        int failed = images.Count - rows.Count;
        if (rows.Count == 0 || (failed > 0 && !settings.Skips))
            return ExitCode.Failed;
        int count = pipeline.LastTransformer.FeatureCount;
        file!.Write(path =>
        {
            if (isTable)
                WriteTable(path, rows);
            else
                NpyFile.Write(path, KnownArray.Of([rows.Count, count], [.. rows.SelectMany(r => r.Features)]));
        });
        Console.WriteLine($"Wrote {settings.Output}: {rows.Count:N0} images, {count:N0} features each"
            + $"{(failed > 0 ? $"; {failed:N0} images left out" : "")}");
        return ExitCode.Done;
    }

    /// <summary>What goes into the head of a model, for images that can be read.</summary>
    public static OpenFeatures Open(string model)
    {
        var mlContext = new MLContext();
        TransformerChain<CnnFeaturizingTransformer> pipeline = Fit(mlContext, new(model, null, null, new(),
            new() { BadImages = BadImageScoring.Throw }, "", Skips: false));
        return new(pipeline, images => [.. Read(mlContext, pipeline, [.. images.Select(path => new LabeledImage { ImagePath = path })])
            .Select(row => row.Features ?? throw new CommandException(row.Problem))]);
    }

    private static TransformerChain<CnnFeaturizingTransformer> Fit(MLContext mlContext, Settings settings)
    {
        EstimatorChain<ITransformer> Files() => new EstimatorChain<ITransformer>().Append((IEstimator<ITransformer>)
            mlContext.Transforms.LoadRawImageBytes("Image", imageFolder: null, inputColumnName: nameof(LabeledImage.ImagePath)));
        IDataView none = mlContext.Data.LoadFromEnumerable<LabeledImage>([]);
        if (settings.Model is { } path && !NetworkFile.IsForeign(path))
        {
            ITransformer loaded = ModelFile.Load(mlContext, path, out _);
            using (loaded as IDisposable)
                return Files().Append(mlContext.Transforms.FeaturizeCnn(Column, CnnClassificationTransformer.From(loaded), "Image",
                    settings.Options)).Fit(none);
        }
        CnnArchitecture architecture = NetworkFile.FindOrImport(settings.Model ?? settings.Architecture!, settings.Import);
        using CnnWeights? weights = settings.Weights is { } source ? new CnnWeights(WeightsFile.Open(source)) : null;
        return Files().Append(mlContext.Transforms.FeaturizeCnn(Column, architecture, weights, "Image", settings.Options)).Fit(none);
    }

    private static IEnumerable<ImageFeatures> Read(MLContext mlContext,
        TransformerChain<CnnFeaturizingTransformer> pipeline, IReadOnlyList<LabeledImage> images)
    {
        string?[] unreadable = [.. images.Select(image => BadImages.FileProblem(image.ImagePath))];
        IDataView view = pipeline.Transform(mlContext.Data.LoadFromEnumerable(images.Where((_, i) => unreadable[i] is null)));
        DataViewSchema.Column column = view.Schema[Column];
        using DataViewRowCursor cursor = view.GetRowCursor([column]);
        ValueGetter<VBuffer<float>> read = cursor.GetGetter<VBuffer<float>>(column);
        for (int i = 0; i < images.Count; i++)
        {
            string path = images[i].ImagePath;
            VBuffer<float> features = default;
            string? problem = unreadable[i];
            if (problem is null)
            {
                cursor.MoveNext();
                try
                {
                    read(ref features);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
                {
                    problem = e.Message;
                }
            }
            yield return problem is null ? new(path, features.DenseValues().ToArray(), "")
                : new(path, null, BadImages.Sentence(path, problem));
        }
    }

    private static void WriteTable(string path, List<(string Image, float[] Features)> rows)
    {
        using var writer = new StreamWriter(path);
        writer.WriteLine($"image,{string.Join(',', rows[0].Features.Select((_, i) => $"f{i}"))}");
        foreach ((string image, float[] features) in rows)
            writer.WriteLine($"{Csv.Quote(image)},"
                + string.Join(',', features.Select(f => f.ToString(CultureInfo.InvariantCulture))));
    }
}

/// <summary>A model that gives features.</summary>
/// <param name="Model">The model.</param>
/// <param name="Read">The features of image files.</param>
internal sealed record OpenFeatures(IDisposable Model, Func<IEnumerable<string>, float[][]> Read) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
