using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

namespace CnnZoo.Cli;

/// <summary>Training on image files; its model reads files, too.</summary>
internal sealed class FolderTraining
{
    private readonly CnnClassificationTrainer.Options _options;
    private readonly MLContext _mlContext;
    private readonly DataViewSchema _files;
    private readonly TransformerChain<ITransformer> _reading;
    private readonly IDataView _rows;
    private Action<string>? _note = Console.WriteLine;
    private Action<string> _warn = message => Console.Error.WriteLine($"cnnzoo: {message}");

    /// <summary>Lays the images out for a trainer.</summary>
    /// <param name="request">What to train; the options get what depends on the images.</param>
    /// <param name="images">Images to train on.</param>
    /// <param name="validation">Images that choose the best epoch.</param>
    /// <param name="bad">Where images that cannot be used are listed.</param>
    public FolderTraining(TrainingRequest request, IReadOnlyList<LabeledImage> images,
        IReadOnlyList<LabeledImage>? validation, BadImages bad)
    {
        _options = request.Options;
        _options.FeatureColumnName = "Image";
        _options.BadImageFound = image =>
            bad.Add((image.Rows == BadImage.ValidationRows ? validation! : images)[(int)image.Row].ImagePath,
                image.Reason);
        _mlContext = new MLContext(_options.Seed);
        _mlContext.Log += Listen;
        IDataView files = _mlContext.Data.LoadFromEnumerable(images);
        _files = files.Schema;
        _reading = new EstimatorChain<ITransformer>()
            .Append((IEstimator<ITransformer>)_mlContext.Transforms.Conversion.MapValueToKey(
                "Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
            .Append((IEstimator<ITransformer>)_mlContext.Transforms.LoadRawImageBytes(
                "Image", imageFolder: null, inputColumnName: nameof(LabeledImage.ImagePath)))
            .Fit(files);
        _rows = _reading.Transform(files);
        if (validation is not null)
            _options.ValidationSet = _reading.Transform(_mlContext.Data.LoadFromEnumerable(validation));
        request.SetImages(() => Trainer.ChooseInput(_rows));
    }

    private CnnClassificationTrainer Trainer =>
        _mlContext.MulticlassClassification.Trainers.CnnClassification(_options);

    /// <summary>Looks for a learning rate.</summary>
    public LearningRateSearch FindLearningRate() => Trainer.FindLearningRate(_rows);

    /// <summary>Trains.</summary>
    /// <exception cref="CommandException">Interrupted before an epoch was complete, or an image cannot be
    /// used.</exception>
    public TrainedFolder Fit(TrainingDisplay display)
    {
        (_note, _warn) = (display.Note, display.Warn);
        _options.ProgressCallback = display.EpochCompleted;
        _options.BatchCallback = batch =>
        {
            _note = null; // the display says how it goes on
            display.BatchCompleted(batch);
        };
        CnnClassificationTransformer network = FitNetwork();
        ITransformer names = _mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel")
            .Fit(network.Transform(_rows));
        return new TrainedFolder(_mlContext, _reading.Append(network).Append(names), network.Training!, _files);
    }

    private CnnClassificationTransformer FitNetwork()
    {
        try
        {
            CnnClassificationTransformer network = Trainer.Fit(_rows);
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

    private void Listen(object? sender, LoggingEventArgs log)
    {
        if (log.Kind == ChannelMessageKind.Info)
            _note?.Invoke(log.RawMessage);
        // What became of an interruption, and which images are bad, the tool says itself.
        else if (log.Kind == ChannelMessageKind.Warning && !_options.CancellationToken.IsCancellationRequested
            && !log.RawMessage.Contains("have no image that can be read", StringComparison.Ordinal))
            _warn(log.RawMessage);
    }
}

/// <summary>A trained model and how its training went.</summary>
internal sealed record TrainedFolder(
    MLContext MLContext, TransformerChain<ITransformer> Model, TrainingResult Training, DataViewSchema InputSchema)
    : IDisposable
{
    /// <summary>How training ended, and which weights were kept.</summary>
    public string Summary => Training.End switch
    {
        TrainingEnd.Canceled when Training.Best!.ValidationLoss is null =>
            "Interrupted: the weights are kept as they are.",
        TrainingEnd.Canceled => $"Interrupted: the weights of epoch {Training.Best!.Epoch} are kept, the best so far.",
        TrainingEnd.Diverged => $"{Training.Divergence!.Message} The weights of epoch {Training.Best!.Epoch} are kept.",
        _ => Training.Best is not { ValidationAccuracy: { } accuracy } best
            ? $"Trained for {Training.History.Count} epochs, without validation images: the last weights are kept."
            : $"Best epoch {best.Epoch} of {Training.History.Count}: validation accuracy {accuracy:F4}, loss "
                + $"{ConsoleProgress.Loss(best.ValidationLoss)}"
                + (Training.End == TrainingEnd.StoppedEarly ? "; ended early, for validation became no better." : "."),
    };

    /// <summary>Writes the model file.</summary>
    public void Save(string path) => MLContext.Model.Save(Model, InputSchema, path);

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
