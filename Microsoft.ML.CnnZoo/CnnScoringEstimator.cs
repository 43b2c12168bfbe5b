using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Weights;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// Scores images by a network from a file, with its own weights and class names: nothing is trained. Made by
/// <c>mlContext.Transforms.ApplyCnn(…)</c>.
/// </summary>
public sealed class CnnScoringEstimator : IEstimator<CnnClassificationTransformer>
{
    private const string Name = "ApplyCnn";
    private readonly IHost _host;
    private readonly ImportedArchitecture _architecture;
    private readonly ApplyCnnOptions _options;

    internal CnnScoringEstimator(IHostEnvironment environment, CnnArchitecture architecture, ApplyCnnOptions options)
    {
        _host = environment.Register(Name);
        if (architecture is not ImportedArchitecture { FileWeights: not null } imported)
            throw new ArgumentException($"{architecture.DisplayName} has no weights: expected a network from a file, "
                + "such as CnnArchitecture.FromOnnx gives it; others are trained first.", nameof(architecture));
        if (imported.Network.Classifier is null)
            throw new ArgumentException($"{architecture.DisplayName} ends with {imported.Network.Classes} features and has "
                + "no classes: train it first.", nameof(architecture));
        OptionRange.Require(options.TopK >= 0, "ApplyCnnOptions.TopK", options.TopK, "0 or more");
        _architecture = imported;
        _options = options;
    }

    /// <summary>Makes the transformer; the data are read for their schema only.</summary>
    /// <param name="input">Images.</param>
    /// <returns>The transformer; dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, or holds no images.</exception>
    public CnnClassificationTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var format = new PixelVectorFormat(PixelLayout.Auto, 0, 0, 0);
        FeatureColumn feature = FeatureColumn.Bind(input.Schema, _options.FeatureColumnName, format,
            _architecture.DefaultInput);
        using IChannel channel = _host.Start(Name);
        string message = $"Normalization of the images: {_architecture.PreprocessingReason}.";
        if (_architecture.IsPreprocessingGuessed)
            channel.Warning(MessageSensitivity.None, message);
        else
            channel.Info(MessageSensitivity.None, message);
        return Create(_host, _architecture, _options, feature.Column.Type, feature.HoldsFloats);
    }

    /// <summary>The file's network as a transformer.</summary>
    internal static CnnClassificationTransformer Create(IHostEnvironment environment, ImportedArchitecture architecture,
        ApplyCnnOptions options, DataViewType featureType, bool takesFloats)
    {
        int classes = architecture.Network.Classes;
        var weights = new VariableStore();
        new WeightsLoader(architecture.FileWeights!.Tensors, architecture, architecture.DefaultInput, classes).CopyTo(weights);
        var model = new CnnClassificationModel(architecture, architecture.DefaultInput, classes,
            takesFloats ? PixelNormalization.Identity(architecture.DefaultInput.Channels)
                : architecture.Preprocessing.Normalization, weights)
        {
            Fit = options.ImageFit,
            TakesFloats = takesFloats,
        };
        var columns = new ScoringColumns(options.FeatureColumnName, featureType, options.ScoreColumnName,
            options.PredictedLabelColumnName, new PixelVectorFormat(PixelLayout.Auto, 0, 0, 0), options.BadImages, options.TopK);
        LabelValues labels = LabelValues.Of(architecture.Labels
            ?? [.. Enumerable.Range(0, classes).Select(c => $"{c}")]);
        return new CnnClassificationTransformer(environment.Register(Name), new CnnScorer(model, WorkerPool.Shared), labels,
            columns);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The feature column is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        FeatureColumn.CheckShape(inputSchema, _options.FeatureColumnName);
        string score = _options.ScoreColumnName, predicted = _options.PredictedLabelColumnName;
        return new SchemaShape(inputSchema.Where(c => c.Name != score && c.Name != predicted)
            .Concat(ScoreSchema.Promise(TextDataViewType.Instance, score, predicted, _options.TopK > 0)));
    }
}
