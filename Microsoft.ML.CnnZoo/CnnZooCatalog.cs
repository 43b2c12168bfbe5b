using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;

namespace Microsoft.ML;

/// <summary>The library's entry points on <see cref="MLContext"/>.</summary>
public static class CnnZooCatalog
{
    /// <summary>Creates a <see cref="CnnClassificationTrainer"/>: trains a convolutional network, from scratch, to tell classes of images apart.</summary>
    /// <param name="catalog">The multiclass trainers of an MLContext.</param>
    /// <param name="architecture">The network, one of <see cref="CnnArchitectures"/>.</param>
    /// <param name="labelColumnName">The label: a key, as MapValueToKey makes it.</param>
    /// <param name="featureColumnName">The images: Image, pixel vector or encoded bytes.</param>
    /// <param name="epochs">Passes over the training images, ≥ 1.</param>
    /// <param name="batchSize">Images per step, ≥ 1.</param>
    /// <param name="learningRate">Learning rate; null for one that suits the network.</param>
    /// <example><code>
    /// var pipeline = mlContext.Transforms.Conversion.MapValueToKey("Label")
    ///     .Append(mlContext.Transforms.LoadImages("Image", folder, "Path"))
    ///     .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(CnnArchitectures.LeNet5, featureColumnName: "Image"))
    ///     .Append(mlContext.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
    /// </code></example>
    public static CnnClassificationTrainer CnnClassification(this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, CnnArchitecture architecture,
        string labelColumnName = "Label", string featureColumnName = "Features", int epochs = CnnClassificationTrainer.DefaultEpochs,
        int batchSize = CnnClassificationTrainer.DefaultBatchSize, float? learningRate = null)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return catalog.CnnClassification(new CnnClassificationTrainer.Options
        {
            Architecture = architecture,
            LabelColumnName = labelColumnName,
            FeatureColumnName = featureColumnName,
            Epochs = epochs,
            BatchSize = batchSize,
            LearningRate = learningRate,
        });
    }

    /// <summary>Creates a <see cref="CnnClassificationTrainer"/> with all options.</summary>
    /// <param name="catalog">The multiclass trainers of an MLContext.</param>
    /// <param name="options">Options; <see cref="CnnClassificationTrainer.Options.Architecture"/> is required.</param>
    /// <exception cref="ArgumentException">The architecture is missing, or a value is out of its range.</exception>
    public static CnnClassificationTrainer CnnClassification(this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, CnnClassificationTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new CnnClassificationTrainer(catalog.GetEnvironment(), options);
    }
}
