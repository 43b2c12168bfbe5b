using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Runtime;
using Microsoft.ML.Trainers;

namespace Microsoft.ML.CnnZoo;

/// <summary>Trains a convolutional network, from scratch or from pretrained weights, to classify images.</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
/// Made by `mlContext.MulticlassClassification.Trainers.CnnClassification(…)`.
///
/// ### Input and Output Columns
/// The label column must be a [key](xref:Microsoft.ML.Data.KeyDataViewType) with two values at least. The feature column
/// holds images: Image (LoadImages), a known-size vector of Single or Byte (ExtractPixels), or encoded files in a vector
/// of Byte of unknown size (LoadRawImageBytes).
///
/// | Output Column Name | Column Type | Description |
/// | -- | -- | -- |
/// | `PredictedLabel` | [key](xref:Microsoft.ML.Data.KeyDataViewType) | The most probable class; key values are the label's. |
/// | `Score` | Vector of Single | The probabilities of all classes; slots are named after them. |
///
/// ### Trainer Characteristics
/// | | |
/// | -- | -- |
/// | Machine learning task | Multiclass classification |
/// | Is normalization required? | No: pixels are normalized as the weights or the paper prescribe, else by the training images |
/// | Is caching required? | No: images are read once and cached decoded, in memory up to a budget, then in a temporary file |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.CnnZoo |
///
/// ### Training Algorithm Details
/// Gradient descent with momentum on shuffled batches, by a TensorFlow graph of the network, its gradients and its
/// optimizer. The same seed, images, options and number of threads give the same weights bit for bit.
/// ]]></format>
/// </remarks>
public sealed partial class CnnClassificationTrainer
    : ITrainerEstimator<CnnClassificationTransformer, CnnClassificationModel>
{
    private const string Name = "CnnClassification";
    private readonly IHost _host;
    private readonly Options _options;

    internal CnnClassificationTrainer(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(options);
        _host = environment.Register(Name);
        _options = options;
    }

    /// <summary>
    /// What ML.NET may know about the trainer: it normalizes and caches by itself, and validates with
    /// <see cref="Fit(IDataView, IDataView)"/>. It continues from an earlier model by
    /// <see cref="Options.InitialModel"/>.
    /// </summary>
    public TrainerInfo Info { get; } = new(normalization: false, caching: false, supportValid: true);

    /// <summary>Trains on the rows of a view; validation images come from the options.</summary>
    /// <param name="input">Labeled images.</param>
    /// <returns>The trained transformer; dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An option is out of its range, a column is missing or of the wrong type, or there is one class only.
    /// </exception>
    /// <exception cref="InvalidOperationException">There are no rows, or an image cannot be read and is not to be skipped;
    /// or the checkpoint to go on from belongs to another training.</exception>
    /// <exception cref="InvalidDataException">There are checkpoints to go on from, and none can be read.</exception>
    /// <exception cref="TrainingDivergedException">The loss became infinite or not a number before the end of the first epoch,
    /// also with lower rates.</exception>
    /// <exception cref="OperationCanceledException">Canceled before training began, or later and to throw then.</exception>
    public CnnClassificationTransformer Fit(IDataView input) => Fit(input, _options.ValidationSet);

    /// <summary>Trains on the rows of a view; the rows of another decide which epoch's weights are kept.</summary>
    /// <param name="trainData">Labeled images.</param>
    /// <param name="validationData">Labeled images of the same kind; null: a share of <paramref name="trainData"/>, by the options.</param>
    /// <inheritdoc cref="Fit(IDataView)"/>
    public CnnClassificationTransformer Fit(IDataView trainData, IDataView? validationData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        return Run(run => run.Fit(trainData, validationData));
    }

    /// <summary>
    /// Draws training images as the network is shown them, by the trainer's own way from rows to batches: one row per
    /// image, the first column not augmented, then samples of <see cref="Options.Augmentation"/>. Class names stand above
    /// the images where the machine has fonts. Mixup and CutMix mix the images that are shown.
    /// </summary>
    /// <param name="train">Labeled images; all of them are read, and the chosen ones spread evenly over the rows.</param>
    /// <param name="pngPath">The PNG file to write; an existing one is replaced.</param>
    /// <param name="images">Number of images, 1 to 100; all of them where there are fewer.</param>
    /// <param name="samples">Augmented samples of each image, 0 to 100.</param>
    /// <remarks>The same seed, images and options give the same pictures; sample i is drawn as in epoch i.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A number or an option is out of its range.</exception>
    public void PreviewAugmentation(IDataView train, string pngPath, int images = 8, int samples = 7)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentException.ThrowIfNullOrEmpty(pngPath);
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(images, 100);
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(samples, 100);
        Run(run =>
        {
            run.Preview(train, pngPath, images, samples);
            return true;
        });
    }

    private T Run<T>(Func<TrainingRun, T> action) => _options.Distributed is { } distributed
        ? distributed.Group.Together(() => RunAlone(action)) : RunAlone(action);

    private T RunAlone<T>(Func<TrainingRun, T> action)
    {
        using IChannel channel = _host.Start(Name);
        if (_options.InitialModel is null)
            return action(new TrainingRun(_host, channel, _options));
        using CnnWeights weights = CnnWeights.From(_options.InitialModel);
        return action(new TrainingRun(_host, channel, _options.StartingFrom(weights)));
    }

    /// <summary>
    /// Looks for a learning rate: trains from the initial weights with a rate that rises from 1e-7 to 10 within 150
    /// steps, until the loss explodes. Smith 2015, arXiv:1506.01186. Nothing of it is kept: Fit starts afresh.
    /// </summary>
    /// <remarks>
    /// With the optimizer, batch size, augmentation and weights of the options; the learning rate and its schedule play
    /// no part.
    /// </remarks>
    /// <param name="trainData">Labeled images.</param>
    /// <returns>The losses, and the rate that they suggest.</returns>
    /// <exception cref="OperationCanceledException">Canceled.</exception>
    /// <inheritdoc cref="Fit(IDataView)" path="/exception"/>
    public LearningRateSearch FindLearningRate(IDataView trainData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        return Run(run => run.FindLearningRate(trainData));
    }

    /// <summary>The size of the network's images that Fit would choose.</summary>
    /// <param name="trainData">Labeled images.</param>
    internal ImageShape ChooseInput(IDataView trainData) => Run(run => run.ChooseInput(trainData));

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The label or feature column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column label = LabelColumn.CheckShape(inputSchema, _options.LabelColumnName);
        FeatureColumn.CheckShape(inputSchema, _options.FeatureColumnName);
        string score = _options.ScoreColumnName, predicted = _options.PredictedLabelColumnName;
        return new SchemaShape(inputSchema.Where(c => c.Name != score && c.Name != predicted)
            .Concat(ScoreSchema.Promise(LabelColumn.ValueType(label), score, predicted, _options.TopK > 0)));
    }
}
