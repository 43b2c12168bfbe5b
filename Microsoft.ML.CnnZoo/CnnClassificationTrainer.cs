using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;

namespace Microsoft.ML.CnnZoo;

/// <summary>Trains a convolutional network, from scratch, to tell classes of images apart.</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
/// Made by `mlContext.MulticlassClassification.Trainers.CnnClassification(…)`.
///
/// ### Input and Output Columns
/// The label column must be a [key](xref:Microsoft.ML.Data.KeyDataViewType) with two values at least. The feature column holds images: Image (LoadImages), a known-size
/// vector of Single or Byte (ExtractPixels), or encoded files in a vector of Byte of unknown size (LoadRawImageBytes).
///
/// | Output Column Name | Column Type | Description |
/// | -- | -- | -- |
/// | `PredictedLabel` | [key](xref:Microsoft.ML.Data.KeyDataViewType) | The class with the greatest probability; its key values are the label's. |
/// | `Score` | Vector of Single | The probabilities of all classes; slots are named after them. |
///
/// ### Trainer Characteristics
/// | | |
/// | -- | -- |
/// | Machine learning task | Multiclass classification |
/// | Is normalization required? | No: channels are brought to mean 0 and deviation 1, measured on the training images |
/// | Is caching required? | No: images are read once and kept decoded, in memory up to a budget, then in a temporary file; as bytes unless the column holds floats |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.CnnZoo |
///
/// ### Training Algorithm Details
/// Gradient descent with momentum on shuffled batches, by a TensorFlow graph of the network, its gradients and its optimizer. The same seed, images, options, backend and
/// number of threads give the same weights bit for bit.
/// ]]></format>
/// </remarks>
public sealed partial class CnnClassificationTrainer
    : ITrainerEstimator<CnnClassificationTransformer, CnnClassificationModel>
{
    internal const int DefaultEpochs = 10, DefaultBatchSize = 64;
    private const string Name = "CnnClassification";
    private readonly IHost _host;
    private readonly Options _options;

    internal CnnClassificationTrainer(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Architecture is null)
            throw new ArgumentException("Options.Architecture is missing: choose one of CnnArchitectures.", nameof(options));
        if (!Enum.IsDefined(options.Precision))
            throw new ArgumentOutOfRangeException(nameof(options), options.Precision, "Precision must be Float32, BFloat16 or Auto.");
        if (options.ValidationSetFraction is < 0 or >= 1 or float.NaN)
            throw new ArgumentOutOfRangeException(nameof(options), options.ValidationSetFraction, "ValidationSetFraction must be at least 0 and less than 1.");
        if (options.Momentum is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Momentum, "Momentum must be at least 0 and less than 1.");
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads, nameof(options));
        ArgumentNullException.ThrowIfNull(options.Augmentation, nameof(options));
        if (!Enum.IsDefined(options.TestCrops))
            throw new ArgumentOutOfRangeException(nameof(options), options.TestCrops, "TestCrops must be Center or Ten.");
        if (options is { CacheBudget: < 0 } or { CacheFileBudget: < 0 })
            throw new ArgumentOutOfRangeException(nameof(options), "CacheBudget and CacheFileBudget must not be negative.");
        ArgumentOutOfRangeException.ThrowIfNegative(options.DecodingThreads, nameof(options));
        if (options.MaxImagePixels < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxImagePixels, "MaxImagePixels must be at least 1.");
        _host = environment.Register(Name);
        _options = options;
        TrainingRun.ToTrainingOptions(options, 0, WorkerPool.Shared).Check();
    }

    /// <summary>
    /// What ML.NET may know about the trainer: it normalizes and caches by itself, and validates with
    /// <see cref="Fit(IDataView, IDataView)"/>; it does not continue from an earlier model.
    /// </summary>
    public TrainerInfo Info { get; } = new(normalization: false, caching: false, supportValid: true);

    /// <summary>Trains on the rows of a view; validation images come from the options.</summary>
    /// <param name="input">Labeled images.</param>
    /// <returns>The trained transformer; dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of the wrong type, or there is one class only.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, or an image cannot be read and is not to be skipped.</exception>
    /// <exception cref="TrainingDivergedException">The loss became infinite or not a number before the end of the first epoch.</exception>
    /// <exception cref="OperationCanceledException">Canceled before training began.</exception>
    public CnnClassificationTransformer Fit(IDataView input) => Fit(input, _options.ValidationSet);

    /// <summary>Trains on the rows of a view; the rows of another decide which epoch's weights are kept.</summary>
    /// <param name="trainData">Labeled images.</param>
    /// <param name="validationData">Labeled images of the same kind; null: a share of <paramref name="trainData"/>, by the options.</param>
    /// <inheritdoc cref="Fit(IDataView)"/>
    public CnnClassificationTransformer Fit(IDataView trainData, IDataView? validationData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        using IChannel channel = _host.Start(Name);
        return new TrainingRun(_host, channel, _options).Fit(trainData, validationData);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The label or feature column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column label = LabelColumn.CheckShape(inputSchema, _options.LabelColumnName);
        FeatureColumn.CheckShape(inputSchema, _options.FeatureColumnName);
        string score = _options.ScoreColumnName, predicted = _options.PredictedLabelColumnName;
        return new SchemaShape(inputSchema.Where(c => c.Name != score && c.Name != predicted)
            .Concat(ScoreSchema.Promise(label, score, predicted)));
    }
}
