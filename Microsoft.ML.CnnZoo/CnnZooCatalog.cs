using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>The library's entry points on <see cref="MLContext"/>.</summary>
public static class CnnZooCatalog
{
    /// <summary>
    /// Creates a <see cref="CnnClassificationTrainer"/>: trains a convolutional network from scratch to classify images, for 10
    /// epochs in batches of 64. To set epochs, learning rate, augmentation, pretrained weights and all else, use
    /// <see cref="CnnClassification(MulticlassClassificationCatalog.MulticlassClassificationTrainers, CnnClassificationTrainer.Options)"/>.
    /// </summary>
    /// <param name="catalog">The multiclass trainers of an MLContext.</param>
    /// <param name="architecture">The network, one of <see cref="CnnArchitectures"/>.</param>
    /// <param name="labelColumnName">The label: a key, as MapValueToKey makes it. Default: <c>Label</c>.</param>
    /// <param name="featureColumnName">
    /// The images: Image (LoadImages), pixel vector (ExtractPixels) or encoded files (LoadRawImageBytes). Default: <c>Features</c>.
    /// </param>
    /// <param name="scoreColumnName">The column of probabilities to add. Default: <c>Score</c>.</param>
    /// <param name="predictedLabelColumnName">The column of predicted keys to add. Default: <c>PredictedLabel</c>.</param>
    /// <param name="validationSet">
    /// Labeled images that decide which epoch's weights are kept, with the same columns; null: a tenth of the training images.
    /// </param>
    /// <example><code>
    /// var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
    ///     .Append(mlContext.Transforms.LoadImages("Image", folder, "Path"))
    ///     .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(
    ///         CnnArchitectures.LeNet5Relu, featureColumnName: "Image"))
    ///     .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
    /// </code></example>
    public static CnnClassificationTrainer CnnClassification(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog,
        CnnArchitecture architecture,
        string labelColumnName = DefaultColumnNames.Label,
        string featureColumnName = DefaultColumnNames.Features,
        string scoreColumnName = DefaultColumnNames.Score,
        string predictedLabelColumnName = DefaultColumnNames.PredictedLabel,
        IDataView? validationSet = null)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return catalog.CnnClassification(new CnnClassificationTrainer.Options
        {
            Architecture = architecture,
            LabelColumnName = labelColumnName,
            FeatureColumnName = featureColumnName,
            ScoreColumnName = scoreColumnName,
            PredictedLabelColumnName = predictedLabelColumnName,
            ValidationSet = validationSet,
        });
    }

    /// <summary>
    /// Scores images by a network from a file, with the file's own weights and class names: nothing is trained.
    /// </summary>
    /// <param name="catalog">The transforms of an MLContext.</param>
    /// <param name="architecture">The network, as <see cref="CnnArchitecture.FromOnnx"/> and its relatives give it.</param>
    /// <param name="options">Columns, and what is done about images; null: the defaults.</param>
    /// <exception cref="ArgumentException">The network did not come with weights.</exception>
    /// <example><code>
    /// var pipeline = mlContext.Transforms.LoadImages("Image", folder, "Path")
    ///     .Append(mlContext.Transforms.ApplyCnn(CnnArchitecture.FromOnnx("network.onnx"),
    ///         new ApplyCnnOptions { FeatureColumnName = "Image" }))
    ///     .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
    /// </code></example>
    public static CnnScoringEstimator ApplyCnn(
        this TransformsCatalog catalog, CnnArchitecture architecture, ApplyCnnOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(architecture);
        return new CnnScoringEstimator(catalog.GetEnvironment(), architecture, options ?? new ApplyCnnOptions());
    }

    /// <summary>
    /// Makes vectors of images, for ML.NET's own trainers: what a layer of a trained network gives, by default the
    /// features that its last layer classifies.
    /// </summary>
    /// <param name="catalog">The transforms of an MLContext.</param>
    /// <param name="outputColumnName">The column of vectors to add.</param>
    /// <param name="network">
    /// The trained network, which is copied; <see cref="CnnClassificationTransformer.From(ITransformer)"/> finds it in a
    /// pipeline.
    /// </param>
    /// <param name="inputColumnName">The images; null: <paramref name="outputColumnName"/>.</param>
    /// <param name="options">Layer and pooling, and what is done about images; null: the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static CnnFeaturizingEstimator FeaturizeCnn(this TransformsCatalog catalog, string outputColumnName,
        CnnClassificationTransformer network, string? inputColumnName = null, CnnFeaturizerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(network);
        return new(catalog.GetEnvironment(), outputColumnName, inputColumnName, options, network);
    }

    /// <param name="catalog">The transforms of an MLContext.</param>
    /// <param name="outputColumnName">The column of vectors to add.</param>
    /// <param name="architecture">The network.</param>
    /// <param name="weights">Its weights, read when the estimator is fitted; null for an imported network's own.</param>
    /// <param name="inputColumnName">The images; null: <paramref name="outputColumnName"/>.</param>
    /// <param name="options">Layer and pooling, and what is done about images; null: the defaults.</param>
    /// <exception cref="ArgumentException">The network has no weights.</exception>
    /// <example><code>
    /// var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
    ///     .Append(mlContext.Transforms.LoadImages("Image", folder, "Path"))
    ///     .Append(mlContext.Transforms.FeaturizeCnn("Features", CnnArchitecture.FromOnnx("network.onnx"),
    ///         inputColumnName: "Image"))
    ///     .Append(mlContext.MulticlassClassification.Trainers.LbfgsMaximumEntropy());
    /// </code></example>
    /// <inheritdoc cref="FeaturizeCnn(TransformsCatalog, string, CnnClassificationTransformer, string?, CnnFeaturizerOptions?)"/>
    public static CnnFeaturizingEstimator FeaturizeCnn(this TransformsCatalog catalog, string outputColumnName,
        CnnArchitecture architecture, CnnWeights? weights = null, string? inputColumnName = null,
        CnnFeaturizerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(architecture);
        return new(catalog.GetEnvironment(), outputColumnName, inputColumnName, options, architecture, weights);
    }

    /// <summary>
    /// Draws what a trained network sees in images: each under a heat map, blue where nothing speaks for the class, red where
    /// the most does. By default Grad-CAM of the most probable class.
    /// </summary>
    /// <param name="catalog">The transforms of an MLContext.</param>
    /// <param name="outputColumnName">The column of pictures (MLImage) to add.</param>
    /// <param name="network">
    /// The trained network, which is copied; <see cref="CnnClassificationTransformer.From(ITransformer)"/> finds it in a
    /// pipeline.
    /// </param>
    /// <param name="inputColumnName">The images; null: <paramref name="outputColumnName"/>.</param>
    /// <param name="options">
    /// Method (GradCam, Saliency, SmoothGrad or Occlusion), class and layer; null: the defaults.
    /// </param>
    /// <param name="side">Pixels of a picture's longer side, 16 to 4096. Default: 224.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range, or there is no such class.</exception>
    /// <example><code>
    /// var pictures = mlContext.Transforms.LoadImages("Image", folder, "Path")
    ///     .Append(mlContext.Transforms.ExplainCnn("HeatMap", CnnClassificationTransformer.From(model), "Image"));
    /// </code></example>
    public static CnnExplainingEstimator ExplainCnn(this TransformsCatalog catalog, string outputColumnName,
        CnnClassificationTransformer network, string? inputColumnName = null, CnnExplanationOptions? options = null,
        int side = 224)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(network);
        return new(catalog.GetEnvironment(), outputColumnName, network, inputColumnName, options, side);
    }

    /// <summary>Creates a <see cref="CnnClassificationTrainer"/> with all options.</summary>
    /// <param name="catalog">The multiclass trainers of an MLContext.</param>
    /// <param name="options">Options; <see cref="CnnClassificationTrainer.Options.Architecture"/> is required.</param>
    /// <exception cref="ArgumentNullException">There are no options. Their values are checked by Fit.</exception>
    public static CnnClassificationTrainer CnnClassification(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, CnnClassificationTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new CnnClassificationTrainer(catalog.GetEnvironment(), options);
    }

    /// <summary>
    /// Creates a <see cref="CnnExperiment"/>: it finds network and settings for images by itself, within a time limit.
    /// </summary>
    /// <param name="catalog">The multiclass catalog of an MLContext.</param>
    /// <param name="options">Time limit, candidates and all else; null: the defaults. Their values are checked by Execute.</param>
    /// <example><code>
    /// using CnnExperimentResult result = mlContext.MulticlassClassification.CreateCnnExperiment(new CnnExperimentOptions
    /// {
    ///     Time = TimeSpan.FromMinutes(10),
    ///     Trainer = new() { FeatureColumnName = "Image" },
    /// }).Execute(rows);
    /// </code></example>
    public static CnnExperiment CreateCnnExperiment(
        this MulticlassClassificationCatalog catalog, CnnExperimentOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new CnnExperiment(catalog.GetEnvironment(), options ?? new CnnExperimentOptions());
    }
}
