using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// Draws what a trained network sees in images: a column of pictures. Nothing is trained. Made by
/// <c>mlContext.Transforms.ExplainCnn(…)</c>.
/// </summary>
public sealed class CnnExplainingEstimator : IEstimator<CnnExplainingTransformer>
{
    internal const string Name = "ExplainCnn";
    private readonly IHost _host;
    private readonly string _output, _input;
    private readonly CnnExplanationOptions _options;
    private readonly CnnClassificationTransformer _trained;
    private readonly int _side;

    internal CnnExplainingEstimator(IHostEnvironment environment, string output, CnnClassificationTransformer trained,
        string? input, CnnExplanationOptions? options, int side)
    {
        ArgumentException.ThrowIfNullOrEmpty(output);
        _host = environment.Register(Name);
        (_output, _trained, _input, _options, _side) = (output, trained, input ?? output, options ?? new(), side);
        Check(_options, side);
        if (_options.ClassName is { } name)
            ImageExplainer.IndexOf(name, trained.ClassNames);
    }

    /// <summary>Makes the transformer; the data are read for their schema only.</summary>
    /// <param name="input">Images.</param>
    /// <returns>The transformer; dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or holds no images, or the network has no such
    /// layer, or it gives no feature maps.</exception>
    public CnnExplainingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        DataViewSchema.Column column = input.Schema.GetColumnOrNull(_input)
            ?? throw Contracts.ExceptSchemaMismatch("inputSchema", "feature", _input);
        var columns = new ScoringColumns(_input, column.Type, _output, "", CnnFeaturizingTransformer.Format,
            BadImageScoring.ScoreAsMissing);
        var transformer = new CnnExplainingTransformer(_host, new CnnScorer(_trained.CopyModel(), WorkerPool.Shared),
            _trained.Labels, columns, _options, _side);
        try
        {
            transformer.BindFeature(input.Schema);
            transformer.CheckLayer();
            return transformer;
        }
        catch
        {
            transformer.Dispose();
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
            SchemaShape.Column.VectorKind.Scalar, new ImageDataViewType(), isKey: false)));
    }

    /// <summary>Checks what a pipeline is to draw.</summary>
    internal static void Check(CnnExplanationOptions options, int side)
    {
        options.Check();
        OptionRange.Require(options.Method < ExplanationMethod.Deconvnet, "CnnExplanationOptions.Method", options.Method,
            "one that gives one picture for each image: GradCam, Saliency, SmoothGrad or Occlusion");
        OptionRange.Require(side is >= 16 and <= 4096, "The side of the pictures", side, "16 to 4096 pixels");
    }
}
