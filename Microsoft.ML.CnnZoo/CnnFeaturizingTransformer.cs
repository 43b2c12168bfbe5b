using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo;

/// <summary>Adds a vector of what a layer of a network gives for each image.</summary>
/// <remarks>
/// Lazy. Safe to use from several threads at the same time. It holds native memory: dispose it, or the chain or
/// prediction engine that owns it. Saved and loaded with ML.NET's model file.
/// </remarks>
public sealed class CnnFeaturizingTransformer : ITransformer, IDisposable
{
    internal const string LoaderSignature = "CnnZooFeatures";
    private readonly IHost _host;
    private readonly ScoringColumns _columns;
    private readonly FeatureOutput _output;

    internal CnnFeaturizingTransformer(IHost host, CnnScorer scorer, ScoringColumns columns, FeatureOutput output) =>
        (_host, Scorer, _columns, _output) = (host, scorer, columns, output);

    /// <summary>The column that images are read from.</summary>
    public string InputColumnName => _columns.Feature;

    /// <summary>The column of vectors.</summary>
    public string OutputColumnName => _columns.Score;

    /// <summary>Numbers in a vector.</summary>
    public int FeatureCount => Scorer.ValuesPerRow;

    /// <summary>The network.</summary>
    public CnnClassificationModel Model => Scorer.Model;

    bool ITransformer.IsRowToRowMapper => true;

    internal static PixelVectorFormat Format { get; } = new(PixelLayout.Auto, 0, 0, 0);

    internal CnnScorer Scorer { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column of images is missing or holds none.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => new FeatureMapper(this, inputSchema).OutputSchema;

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        Scorer.CheckAlive();
        return new FeatureMapper(this, inputSchema);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column of images is missing or holds none.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Scorer.CheckAlive();
        CachedImages.CheckKept(input, InputColumnName);
        return new ScoredView(input, new FeatureMapper(this, input.Schema));
    }

    /// <summary>
    /// Frees the weights and the compiled plans; repeating it is harmless. Threads that are scoring finish first.
    /// </summary>
    public void Dispose() => Scorer.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        Scorer.CheckAlive();
        ctx.CheckAtModel();
        ctx.SetVersionInfo(CnnModelFile.FeaturesVersionInfo);
        CnnModelFile.SaveHeader(ctx.Writer, Model);
        CnnModelFile.SaveColumns(ctx.Writer, _columns);
        _output.Save(ctx.Writer);
        ctx.SaveBinaryStream(CnnModelFile.WeightsStream, stream => CnnModelFile.SaveWeights(stream, Model));
    }

    internal FeatureColumn BindFeature(DataViewSchema schema) => FeatureMapper.Bind(schema, _columns, Model);

    /// <summary>Throws, or warns that a row has no features.</summary>
    internal void ReportBadImage(long position, string problem)
    {
        string message = $"Row {position}: the image in column '{InputColumnName}' has no features: {problem}.";
        if (_columns.BadImages == BadImageScoring.Throw)
            throw new InvalidDataException(message);
        using IChannel channel = _host.Start(CnnFeaturizingEstimator.Name);
        channel.Warning(MessageSensitivity.None, $"{message} They are NaN.");
    }

    /// <summary>Called by ML.NET when a model is loaded; found by its name and parameters.</summary>
    private static CnnFeaturizingTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        IHost host = environment.Register(CnnFeaturizingEstimator.Name);
        using IChannel channel = host.Start(CnnFeaturizingEstimator.Name);
        CnnScorer? scorer = null; // which frees the model
        try
        {
            (CnnClassificationModel model, ScoringColumns columns, FeatureOutput output) = CnnModelFile.LoadBlock(
                context.Reader, model => FeatureOutput.Load(context.Reader, model));
            scorer = new CnnScorer(model, WorkerPool.Shared, output.BuildGraph(model));
            if (!context.TryLoadBinaryStream(CnnModelFile.WeightsStream,
                stream => CnnModelFile.LoadWeights(stream, model)))
                throw CnnModelFile.Damaged(CnnModelFile.WeightsStream, "it is missing");
            return new CnnFeaturizingTransformer(host, scorer, columns, output);
        }
        catch (Exception e)
        {
            // ML.NET hides the exception in a TargetInvocationException
            channel.Error(MessageSensitivity.None, e.Message);
            scorer?.Dispose();
            throw;
        }
    }
}
