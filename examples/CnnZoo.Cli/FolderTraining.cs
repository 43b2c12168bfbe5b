using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace CnnZoo.Cli;

/// <summary>One training on image files; its model reads files, too.</summary>
internal sealed class FolderTraining(
    CnnClassificationTrainer.Options options, IReadOnlyList<LabeledImage> images,
    IReadOnlyList<LabeledImage>? validation, BadImages bad)
{
    private readonly MLContext _mlContext = new(options.Seed);

    /// <summary>Trains.</summary>
    /// <exception cref="CommandException">Interrupted before an epoch was complete, or an image cannot be
    /// used.</exception>
    public TrainedFolder Fit(TrainingDisplay display)
    {
        options.FeatureColumnName = "Image";
        options.ProgressCallback = display.EpochCompleted;
        options.BatchCallback = display.BatchCompleted;
        options.BadImageFound = image =>
            bad.Add((image.Rows == BadImage.ValidationRows ? validation! : images)[(int)image.Row].ImagePath,
                image.Reason);
        IDataView rows = _mlContext.Data.LoadFromEnumerable(images);
        var keys = _mlContext.Transforms.Conversion.MapValueToKey(
            "Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Append(_mlContext.Transforms.LoadRawImageBytes(
                "Image", imageFolder: null, inputColumnName: nameof(LabeledImage.ImagePath)))
            .Fit(rows);
        IDataView? held = validation is null ? null : keys.Transform(_mlContext.Data.LoadFromEnumerable(validation));
        CnnClassificationTransformer network = FitNetwork(keys.Transform(rows), held);
        ITransformer names = _mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel")
            .Fit(network.Transform(keys.Transform(rows)));
        return new TrainedFolder(_mlContext, keys.Append(network).Append(names), network.Training!, rows.Schema);
    }

    private CnnClassificationTransformer FitNetwork(IDataView rows, IDataView? held)
    {
        try
        {
            CnnClassificationTransformer network =
                _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(rows, held);
            if (network.Training!.End != TrainingEnd.Canceled || network.Training.Best is not null)
                return network;
            network.Dispose();
        }
        catch (OperationCanceledException)
        {
        }
        throw new CommandException(
            "Interrupted before the first epoch ended: nothing was saved.", ExitCode.Interrupted);
    }
}

/// <summary>A trained model and how its training went.</summary>
internal sealed record TrainedFolder(
    MLContext MLContext, TransformerChain<ITransformer> Model, TrainingResult Training, DataViewSchema InputSchema)
    : IDisposable
{
    /// <summary>Why training ended, unless it just came to its end.</summary>
    public string? Remark => Training.End switch
    {
        TrainingEnd.Canceled when Training.Best!.ValidationLoss is null =>
            "Interrupted: the weights are kept as they are.",
        TrainingEnd.Canceled => $"Interrupted: the weights of epoch {Training.Best!.Epoch} are kept, the best so far.",
        TrainingEnd.Diverged => $"{Training.Divergence!.Message} The weights of epoch {Training.Best!.Epoch} are kept.",
        _ => null,
    };

    /// <summary>Writes the model file.</summary>
    public void Save(string path) => MLContext.Model.Save(Model, InputSchema, path);

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
