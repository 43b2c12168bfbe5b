using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// A trained convolutional network in a pipeline: adds PredictedLabel (a key with the label's values) and Score (probabilities, one slot per class, slots named after the classes).
/// </summary>
/// <remarks>
/// Lazy. Safe to use from several threads at the same time, also while disposing. It holds native memory: dispose it, or the
/// <see cref="TransformerChain{TLastTransformer}"/> or prediction engine that owns it. A row whose image is missing or cannot be decoded gets scores that are not a number
/// and a missing PredictedLabel; a warning is logged.
/// </remarks>
public sealed class CnnClassificationTransformer : ITransformer, IDisposable
{
    internal const string LoaderSignature = "CnnZooClassification";
    private const string ModelSignature = "CNNZOOCL";
    private const uint FileVersion = 0x00010001;
    private readonly IHostEnvironment _environment;
    private readonly ColumnNames _columns;

    internal CnnClassificationTransformer(IHostEnvironment environment, CnnClassificationModel model, LabelValues labels, ColumnNames columns, CnnScorer scorer, TrainingResult? training = null)
    {
        _environment = environment;
        _columns = columns;
        Model = model;
        Labels = labels;
        Training = training;
        Scorer = scorer;
    }

    /// <summary>Names of the columns, and what the user said about pixel vectors.</summary>
    internal sealed record ColumnNames(string Feature, string Score, string PredictedLabel, PixelVectorFormat Format);

    /// <summary>The network: architecture, preprocessing, weights.</summary>
    public CnnClassificationModel Model { get; }

    /// <summary>How training went; null for a transformer that was loaded.</summary>
    public TrainingResult? Training { get; }

    /// <summary>The column that images are read from.</summary>
    public string FeatureColumnName => _columns.Feature;

    /// <summary>The column of probabilities.</summary>
    public string ScoreColumnName => _columns.Score;

    /// <summary>The column of predicted keys.</summary>
    public string PredictedLabelColumnName => _columns.PredictedLabel;

    /// <summary>Class names, in the order of the score's slots.</summary>
    public IReadOnlyList<string> ClassNames => Labels.Texts();

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    internal LabelValues Labels { get; }
    internal CnnScorer Scorer { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The feature column is missing or holds no images.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => new ScoreMapper(this, inputSchema).OutputSchema;

    /// <inheritdoc/>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema)
    {
        Scorer.CheckAlive();
        return new ScoreMapper(this, inputSchema);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The feature column is missing or holds no images.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Scorer.CheckAlive();
        return new ScoredView(input, new ScoreMapper(this, input.Schema));
    }

    /// <summary>Frees the weights and the compiled plans; repeating it is harmless. Threads that are scoring finish what they do.</summary>
    public void Dispose() => Scorer.Dispose();

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        Scorer.CheckAlive();
        ctx.CheckAtModel();
        ctx.SetVersionInfo(new VersionInfo(ModelSignature, FileVersion, FileVersion, FileVersion, loaderAssemblyName: typeof(CnnClassificationTransformer).Assembly.FullName, loaderSignature: LoaderSignature));
        BinaryWriter writer = ctx.Writer;
        CnnModelFile.SaveHeader(writer, Model);
        writer.Write(_columns.Feature);
        writer.Write(_columns.Score);
        writer.Write(_columns.PredictedLabel);
        writer.Write((int)_columns.Format.Layout);
        writer.Write(_columns.Format.Height);
        writer.Write(_columns.Format.Width);
        writer.Write(_columns.Format.Channels);
        Labels.Save(writer);
        ctx.SaveBinaryStream(CnnModelFile.WeightsStream, stream => CnnModelFile.SaveWeights(stream, Model));
    }

    /// <summary>Finds and checks the feature column; floats and bytes are not interchangeable, for the normalization was measured on one of them.</summary>
    internal FeatureColumn BindFeature(DataViewSchema schema)
    {
        FeatureColumn feature = FeatureColumn.Bind(schema, FeatureColumnName, _columns.Format, Model.Image);
        if (feature.HoldsFloats != Model.TakesFloats)
            throw SchemaExceptions.Mismatch("feature", FeatureColumnName,
                Model.TakesFloats ? "known-size vector of Single, as in training" : "Image or vector of Byte, as in training", feature.Column.Type.ToString()!);
        return feature;
    }

    /// <summary>Says that a row has no scores.</summary>
    internal void WarnOfBadImage(long position, string problem)
    {
        using IChannel channel = ((IChannelProvider)_environment).Start("CnnClassification");
        channel.Warning(MessageSensitivity.None, $"Row {position}: the image in column '{FeatureColumnName}' cannot be scored: {problem}. Its scores are NaN.");
    }

    /// <summary>Called by ML.NET when a model is loaded; found by its name and parameters.</summary>
    private static CnnClassificationTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        IHost host = environment.Register("CnnClassification");
        KernelRegistry registry = Backends.Create(CnnBackend.Auto, out string description);
        using (IChannel channel = host.Start("CnnClassification"))
            channel.Trace(MessageSensitivity.None, description);
        CnnScorer? scorer = null; // which frees the model
        try
        {
            BinaryReader reader = context.Reader;
            CnnClassificationModel model = CnnModelFile.LoadHeader(reader);
            scorer = new CnnScorer(model, registry, WorkerPool.Shared);
            string feature = reader.ReadString(), score = reader.ReadString(), label = reader.ReadString();
            var format = new PixelVectorFormat((PixelLayout)reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
            LabelValues labels = LabelValues.Load(reader, model.Classes);
            scorer.CompileAhead();
            if (!context.TryLoadBinaryStream(CnnModelFile.WeightsStream, stream => CnnModelFile.LoadWeights(stream, model)))
                throw CnnModelFile.Damaged(CnnModelFile.WeightsStream, "it is missing");
            return new CnnClassificationTransformer(host, model, labels, new ColumnNames(feature, score, label, format), scorer);
        }
        catch (EndOfStreamException e)
        {
            scorer?.Dispose();
            throw CnnModelFile.Damaged("Model.key", "it is truncated", e);
        }
        catch
        {
            scorer?.Dispose();
            throw;
        }
    }
}
