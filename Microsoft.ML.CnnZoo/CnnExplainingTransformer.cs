using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Explain;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo;

/// <summary>Adds a picture of what a network sees in each image: the image under a heat map.</summary>
/// <remarks>
/// Lazy. Safe to use from several threads at the same time. It holds native memory: dispose it, or the chain or
/// prediction engine that owns it. Saved and loaded with ML.NET's model file. A row whose image is missing or cannot be
/// decoded has no picture (null), and the log warns.
/// </remarks>
public sealed class CnnExplainingTransformer : ITransformer, IDisposable
{
    internal const string LoaderSignature = "CnnZooExplanations";
    private readonly IHost _host;
    private readonly CnnScorer _network;
    private readonly LabelValues _labels;
    private readonly ScoringColumns _columns;
    private readonly int _side;

    internal CnnExplainingTransformer(IHost host, CnnScorer network, LabelValues labels, ScoringColumns columns,
        CnnExplanationOptions options, int side)
    {
        (_host, _network, _labels, _columns, Options, _side) = (host, network, labels, columns, options, side);
        Scorer = new ExplanationScorer(network, labels.Texts(), options, side);
    }

    /// <summary>The column that images are read from.</summary>
    public string InputColumnName => _columns.Feature;

    /// <summary>The column of pictures.</summary>
    public string OutputColumnName => _columns.Score;

    /// <summary>What is explained, and how.</summary>
    public CnnExplanationOptions Options { get; }

    /// <summary>The network.</summary>
    public CnnClassificationModel Model => _network.Model;

    bool ITransformer.IsRowToRowMapper => true;

    internal ExplanationScorer Scorer { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column of images is missing or holds none.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) =>
        new ExplanationMapper(this, inputSchema).OutputSchema;

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        _network.CheckAlive();
        return new ExplanationMapper(this, inputSchema);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column of images is missing or holds none.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _network.CheckAlive();
        CachedImages.CheckKept(input, InputColumnName);
        return new ScoredView(input, new ExplanationMapper(this, input.Schema));
    }

    /// <summary>
    /// Frees the weights and the compiled plans; repeating it is harmless. Threads that are explaining finish first.
    /// </summary>
    public void Dispose() => _network.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        _network.CheckAlive();
        ctx.CheckAtModel();
        ctx.SetVersionInfo(CnnModelFile.ExplanationsVersionInfo);
        CnnModelFile.SaveHeader(ctx.Writer, Model);
        CnnModelFile.SaveColumns(ctx.Writer, _columns);
        _labels.Save(ctx.Writer);
        ctx.Writer.Write(_side);
        ExplanationOptionsFile.Save(ctx.Writer, Options);
        ctx.SaveBinaryStream(CnnModelFile.WeightsStream, stream => CnnModelFile.SaveWeights(stream, Model));
    }

    internal FeatureColumn BindFeature(DataViewSchema schema) => FeatureMapper.Bind(schema, _columns, Model);

    /// <summary>Throws where the network lacks the layer that is to be explained.</summary>
    internal void CheckLayer()
    {
        if (Options.Method == ExplanationMethod.GradCam)
            new ExplanationGraphs(Model.Graphs).GradCam(Options.Layer, out _);
    }

    /// <summary>Warns that a row has no picture.</summary>
    internal void ReportBadImage(long position, string problem)
    {
        using IChannel channel = _host.Start(CnnExplainingEstimator.Name);
        channel.Warning(MessageSensitivity.None, $"Row {position}: the image in column '{InputColumnName}' has no explanation: "
            + $"{problem}. Its picture is null.");
    }

    /// <summary>Called by ML.NET when a model is loaded; found by its name and parameters.</summary>
    private static CnnExplainingTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        IHost host = environment.Register(CnnExplainingEstimator.Name);
        using IChannel channel = host.Start(CnnExplainingEstimator.Name);
        CnnScorer? network = null; // which frees the model
        try
        {
            (CnnClassificationModel model, ScoringColumns columns, (LabelValues labels, int side, CnnExplanationOptions options)) =
                CnnModelFile.LoadBlock(context.Reader, model => Read(context.Reader, model));
            network = new CnnScorer(model, WorkerPool.Shared);
            if (!context.TryLoadBinaryStream(CnnModelFile.WeightsStream,
                stream => CnnModelFile.LoadWeights(stream, model)))
                throw CnnModelFile.Damaged(CnnModelFile.WeightsStream, "it is missing");
            return new CnnExplainingTransformer(host, network, labels, columns, options, side);
        }
        catch (Exception e)
        {
            // ML.NET hides the exception in a TargetInvocationException
            channel.Error(MessageSensitivity.None, e.Message);
            network?.Dispose();
            throw;
        }
    }

    private static (LabelValues Labels, int Side, CnnExplanationOptions Options) Read(BinaryReader reader,
        CnnClassificationModel model)
    {
        var labels = LabelValues.Load(reader, model.Classes);
        int side = reader.ReadInt32();
        CnnExplanationOptions options = ExplanationOptionsFile.Load(reader);
        CnnExplainingEstimator.Check(options, side);
        if (options.ClassName is { } name)
            ImageExplainer.IndexOf(name, labels.Texts());
        return (labels, side, options);
    }
}
