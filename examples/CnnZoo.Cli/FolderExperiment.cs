using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace CnnZoo.Cli;

/// <summary>An experiment on image files; the model that it finds reads files, too.</summary>
internal sealed class FolderExperiment(
    CnnExperimentOptions options, IReadOnlyList<LabeledImage> images, IReadOnlyList<LabeledImage>? validation, BadImages bad)
{
    private readonly MLContext _mlContext = new(options.Seed);
    private readonly HashSet<string> _listed = new(StringComparer.Ordinal);

    /// <summary>Searches.</summary>
    /// <exception cref="CommandException">Interrupted before there was anything to save, or an image cannot be used.</exception>
    public FoundModel Execute(Action<CnnExperimentProgress> progress)
    {
        IDataView files = _mlContext.Data.LoadFromEnumerable(images);
        var reading = _mlContext.Transforms.Conversion.MapValueToKey(
            "Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Append(_mlContext.Transforms.LoadRawImageBytes(
                "Image", imageFolder: null, inputColumnName: nameof(LabeledImage.ImagePath)))
            .Fit(files);
        IDataView rows = reading.Transform(files);
        IDataView? held = validation is null ? null : reading.Transform(_mlContext.Data.LoadFromEnumerable(validation));
        CnnExperimentResult result = Search(rows, held, options with { Trainer = Trainer(), Progress = progress });
        ITransformer names = _mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel")
            .Fit(result.BestModel.Transform(rows));
        return new FoundModel(_mlContext, reading.Append(result.BestModel).Append(names), files.Schema, result.Leaderboard);
    }

    private CnnExperimentResult Search(IDataView rows, IDataView? held, CnnExperimentOptions settings)
    {
        try
        {
            return _mlContext.MulticlassClassification.CreateCnnExperiment(settings).Execute(rows, held);
        }
        catch (OperationCanceledException)
        {
            throw new CommandException("Interrupted before the first epoch ended: nothing was saved.", ExitCode.Interrupted);
        }
        catch (TimeoutException e)
        {
            throw new CommandException(e.Message);
        }
    }

    /// <summary>Each training meets the same bad images: they are listed once.</summary>
    private CnnClassificationTrainer.Options Trainer() => new()
    {
        FeatureColumnName = "Image",
        Epochs = options.Trainer.Epochs,
        BadImages = BadImageHandling.Skip,
        BadImageFound = image =>
        {
            string path = (image.Rows == BadImage.ValidationRows ? validation! : images)[(int)image.Row].ImagePath;
            if (_listed.Add(path))
                bad.Add(path, image.Reason);
        },
    };
}

/// <summary>The model that an experiment found.</summary>
internal sealed record FoundModel(MLContext MLContext, TransformerChain<ITransformer> Model, DataViewSchema InputSchema,
    IReadOnlyList<CnnExperimentEntry> Leaderboard) : IDisposable
{
    /// <summary>Writes the model file.</summary>
    public void Save(string path) => MLContext.Model.Save(Model, InputSchema, path);

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
