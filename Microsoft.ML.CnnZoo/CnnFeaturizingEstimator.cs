using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Weights;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// Makes vectors of images: what a layer of a trained network gives for them, for ML.NET's own trainers. Nothing is
/// trained. Made by <c>mlContext.Transforms.FeaturizeCnn(…)</c>.
/// </summary>
public sealed class CnnFeaturizingEstimator : IEstimator<CnnFeaturizingTransformer>
{
    internal const string Name = "FeaturizeCnn";
    private readonly IHost _host;
    private readonly string _output, _input;
    private readonly CnnFeaturizerOptions _options;
    private readonly CnnClassificationTransformer? _trained;
    private readonly CnnArchitecture? _architecture;
    private readonly CnnWeights? _weights;

    internal CnnFeaturizingEstimator(IHostEnvironment environment, string output, string? input,
        CnnFeaturizerOptions? options, CnnClassificationTransformer trained) : this(environment, output, input, options) =>
        _trained = trained;

    internal CnnFeaturizingEstimator(IHostEnvironment environment, string output, string? input,
        CnnFeaturizerOptions? options, CnnArchitecture architecture, CnnWeights? weights)
        : this(environment, output, input, options)
    {
        _architecture = architecture;
        _weights = weights ?? (architecture as ImportedArchitecture)?.FileWeights
            ?? throw new ArgumentException($"{architecture.DisplayName} has no weights: expected weights, or a network from a "
                + "file, such as CnnArchitecture.FromOnnx gives it.", nameof(weights));
    }

    private CnnFeaturizingEstimator(IHostEnvironment environment, string output, string? input,
        CnnFeaturizerOptions? options)
    {
        ArgumentException.ThrowIfNullOrEmpty(output);
        _host = environment.Register(Name);
        (_output, _input, _options) = (output, input ?? output, options ?? new CnnFeaturizerOptions());
        OptionRange.RequireDefined(_options.Pooling, "CnnFeaturizerOptions.Pooling");
        OptionRange.RequireDefined(_options.ImageFit ?? default, "CnnFeaturizerOptions.ImageFit");
        OptionRange.RequireDefined(_options.BadImages, "CnnFeaturizerOptions.BadImages");
    }

    /// <summary>Makes the transformer; the data are read for their schema only.</summary>
    /// <param name="input">Images.</param>
    /// <returns>The transformer; dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or holds no images, or the network has no such
    /// layer: the message lists those that it has.</exception>
    /// <exception cref="InvalidDataException">The weights do not fit the network.</exception>
    /// <exception cref="InvalidOperationException">It is not known what the weights expect of pixels.</exception>
    public CnnFeaturizingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using IChannel channel = _host.Start(Name);
        DataViewSchema.Column column = input.Schema.GetColumnOrNull(_input)
            ?? throw Contracts.ExceptSchemaMismatch("inputSchema", "feature", _input);
        bool floats = column.Type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Single;
        CnnClassificationModel model = _trained is not null
            ? _trained.CopyModel(_options.ImageFit, _options.ImageNormalization) : Load(floats, channel);
        try
        {
            return Create(_host, model, new ScoringColumns(_input, column.Type, _output, "", CnnFeaturizingTransformer.Format,
                _options.BadImages), _options.Layer, _options.Pooling, input.Schema);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column of images is missing or of the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        FeatureColumn.CheckShape(inputSchema, _input);
        return new SchemaShape(inputSchema.Where(c => c.Name != _output).Append(new SchemaShape.Column(_output,
            SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, isKey: false)));
    }

    private static CnnFeaturizingTransformer Create(IHost host, CnnClassificationModel model, ScoringColumns columns,
        string? layer, FeaturePooling pooling, DataViewSchema schema)
    {
        var output = new FeatureOutput(layer, pooling);
        var transformer = new CnnFeaturizingTransformer(host, new CnnScorer(model, WorkerPool.Shared,
            output.BuildGraph(model)), columns, output);
        transformer.BindFeature(schema);
        return transformer;
    }

    private CnnClassificationModel Load(bool floats, IChannel channel)
    {
        ITensorSource tensors = _weights!.Tensors;
        var form = WeightsForm.Resolve(_architecture!, tensors);
        ImageShape image;
        int classes;
        using (var network = LoadedNetwork.FromWeights(_architecture!, tensors, allowHeadless: true, copies: false))
            (image, classes) = (network.Image, network.Classes);
        PixelNormalization normalization = Normalization(form, floats, image.Channels, channel);
        var weights = new VariableStore();
        new WeightsLoader(tensors, form, image, classes).CopyTo(weights, reverseColors: form.IsReversed);
        foreach (VariableDefinition variable in form.Architecture.BuildGraph(classes, image).Variables)
            weights.GetOrAdd(variable.Name, variable.Spec); // a head that the weights lack
        return new(form.Architecture, image, classes, normalization, weights)
        {
            TakesFloats = floats,
            Fit = _options.ImageFit ?? ImageFit.CenterCrop,
        };
    }

    private PixelNormalization Normalization(WeightsForm form, bool floats, int channels, IChannel channel)
    {
        InputNormalization choice = _options.ImageNormalization is { } chosen ? new(chosen, "CnnFeaturizerOptions.ImageNormalization")
            : form.Architecture is ImportedArchitecture imported && !floats
                ? new(imported.Preprocessing.Normalization, imported.PreprocessingReason, imported.IsPreprocessingGuessed)
            : InputNormalization.OfWeights(_weights!, form, floats, channels)
                ?? throw new InvalidOperationException($"'{_weights!.Source}' does not say what it expects of pixels: set "
                    + "CnnFeaturizerOptions.ImageNormalization.");
        string message = $"Normalization of the images: {choice.Reason}.";
        if (choice.IsGuess)
            channel.Warning(MessageSensitivity.None, message);
        else
            channel.Info(MessageSensitivity.None, message);
        return choice.Normalization;
    }
}
