using Google.Protobuf;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Files;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo;

/// <summary>
/// A trained convolutional network in a pipeline: adds PredictedLabel (a key with the label's values) and Score
/// (probabilities, one slot per class, slots named after the classes). <c>Classify</c> scores single images without a
/// pipeline.
/// </summary>
/// <remarks>
/// Lazy. Safe to use from several threads at the same time, also while disposing. It holds native memory: dispose it,
/// or the <see cref="TransformerChain{TLastTransformer}"/> or prediction engine that owns it. Prediction engines that
/// share one model must not own it: see <see cref="PredictionEngineOptions.OwnsTransformer"/>. A row whose image is
/// missing or cannot be decoded is treated as <see cref="CnnClassificationTrainer.Options.BadImagesWhenScoring"/> says.
/// A process that loads a saved model needs the package Microsoft.ML.CnnZoo and no call besides; where the package is
/// missing, the inner exception of ML.NET's is a <see cref="FileNotFoundException"/> for the assembly
/// "Microsoft.ML.CnnZoo".
/// </remarks>
public sealed partial class CnnClassificationTransformer
    : ISingleFeaturePredictionTransformer<CnnClassificationModel>, IDisposable
{
    internal const string LoaderSignature = "CnnZooClassification";
    private const string Name = "CnnClassification";
    private readonly IHost _host;
    private readonly ScoringColumns _columns;
    private readonly ImageClassifier _classifier;
    private readonly Lazy<ImageExplainer> _explainer;

    internal CnnClassificationTransformer(
        IHost host, CnnScorer scorer, LabelValues labels, ScoringColumns columns, TrainingResult? training = null)
    {
        _host = host;
        _columns = columns;
        Labels = labels;
        Training = training;
        Scorer = scorer;
        ClassNames = Array.AsReadOnly(labels.Texts());
        _classifier = new ImageClassifier(this);
        _explainer = new Lazy<ImageExplainer>(() => ImageExplainer.Of(Scorer, ClassNames));
    }

    /// <summary>The network: architecture, preprocessing, weights.</summary>
    public CnnClassificationModel Model => Scorer.Model;

    /// <summary>How training went; null for a transformer that was loaded.</summary>
    public TrainingResult? Training { get; }

    /// <summary>The column that images are read from.</summary>
    public string FeatureColumnName => _columns.Feature;

    /// <summary>
    /// The type that this column had in training. Other forms of images are accepted as well, except that floats and
    /// bytes do not replace each other.
    /// </summary>
    public DataViewType FeatureColumnType => _columns.FeatureType;

    /// <summary>The column of probabilities.</summary>
    public string ScoreColumnName => _columns.Score;

    /// <summary>The column of predicted keys.</summary>
    public string PredictedLabelColumnName => _columns.PredictedLabel;

    /// <summary>
    /// What is done about images that are missing or cannot be decoded; chosen for training, saved with the model.
    /// </summary>
    public BadImageScoring BadImagesWhenScoring => _columns.BadImages;

    /// <summary>How many of the most probable classes have columns of their own; 0 for none.</summary>
    public int TopK => _columns.TopK;

    /// <summary>Class names, in the order of the score's slots.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    bool ITransformer.IsRowToRowMapper => true;

    /// <summary>Called for each row that is scored NaN.</summary>
    internal Action<BadImage>? BadImageFound { get; set; }

    internal LabelValues Labels { get; }
    internal CnnScorer Scorer { get; }

    /// <summary>Finds the network in a pipeline, such as a loaded one, which keeps owning it.</summary>
    /// <param name="model">The fitted pipeline, or the transformer itself.</param>
    /// <exception cref="ArgumentException">There is no network in it, or more than one.</exception>
    public static CnnClassificationTransformer From(ITransformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        CnnClassificationTransformer[] found = [.. Networks(model)];
        return found.Length == 1 ? found[0] : throw new ArgumentException(
            $"The pipeline has {found.Length} networks (CnnClassificationTransformer); expected one.", nameof(model));

        static IEnumerable<CnnClassificationTransformer> Networks(ITransformer part) => part is CnnClassificationTransformer n
            ? [n] : (part as IEnumerable<ITransformer> ?? []).SelectMany(Networks);
    }

    /// <summary>
    /// Classifies an encoded image: the contents of a PNG, JPEG, WebP, BMP, GIF, ICO or WBMP file. Safe to call from many threads
    /// at a time.
    /// </summary>
    /// <param name="encodedImage">The file's bytes.</param>
    /// <param name="top">How many classes to return, ≥ 1; all when there are fewer.</param>
    /// <returns>The most probable classes, the most probable first.</returns>
    /// <exception cref="InvalidDataException">The image cannot be decoded; the message says why.</exception>
    /// <exception cref="InvalidOperationException">The network was trained on vectors of floats.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public IReadOnlyList<ClassProbability> Classify(ReadOnlySpan<byte> encodedImage, int top = 5) =>
        _classifier.Classify(encodedImage.ToArray(), top, name: null);

    /// <summary>Classifies an image file. Safe to call from many threads at a time.</summary>
    /// <param name="path">The file: PNG, JPEG, WebP, BMP, GIF, ICO or WBMP.</param>
    /// <param name="top">How many classes to return, ≥ 1; all when there are fewer.</param>
    /// <exception cref="IOException">The file does not exist or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Reading it is not permitted, or the path is a folder's.</exception>
    /// <exception cref="InvalidDataException">It cannot be decoded; the message names it and says why.</exception>
    /// <inheritdoc cref="Classify(ReadOnlySpan{byte}, int)"/>
    public IReadOnlyList<ClassProbability> Classify(string path, int top = 5) =>
        _classifier.Classify(File.ReadAllBytes(path), top, path);

    /// <summary>
    /// Classifies an encoded image out of a stream, such as an upload, which is read to its end. Safe to call from many
    /// threads at a time.
    /// </summary>
    /// <param name="encodedImage">The contents of a PNG, JPEG, WebP, BMP, GIF, ICO or WBMP file.</param>
    /// <param name="top">How many classes to return, ≥ 1; all when there are fewer.</param>
    /// <inheritdoc cref="Classify(ReadOnlySpan{byte}, int)"/>
    public IReadOnlyList<ClassProbability> Classify(Stream encodedImage, int top = 5)
    {
        ArgumentNullException.ThrowIfNull(encodedImage);
        using var bytes = new MemoryStream();
        encodedImage.CopyTo(bytes);
        return _classifier.Classify(bytes.ToArray(), top, (encodedImage as FileStream)?.Name);
    }

    /// <summary>
    /// Classifies a decoded image, which stays the caller's. Safe to call from many threads at a time.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="top">How many classes to return, ≥ 1; all when there are fewer.</param>
    /// <inheritdoc cref="Classify(ReadOnlySpan{byte}, int)"/>
    public IReadOnlyList<ClassProbability> Classify(MLImage image, int top = 5)
    {
        ArgumentNullException.ThrowIfNull(image);
        return _classifier.Classify(image, top);
    }

    /// <summary>Writes the network as an ONNX file, with weights, normalization and class names.</summary>
    /// <remarks>
    /// Opset 17, IR version 8. Input <c>image</c> [batch, channels, height, width], floats, by default pixels 0…255 in the
    /// order red, green, blue; outputs <c>probabilities</c> [batch, classes] and <c>class</c> [batch], Int64. The file's
    /// metadata hold the class names and how images are brought to the network's size. Of a model that scores ten crops
    /// the file scores one: whoever runs it takes the crops and averages.
    /// </remarks>
    /// <param name="path">The file to make; an existing one is replaced once the new one is complete.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ArgumentException">A value of the options is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The file would exceed 2 GiB, all that the format can hold.</exception>
    /// <exception cref="Graph.GraphException">The network has nodes that ONNX has no form for.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public void SaveOnnx(string path, OnnxExportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ModelProto model = ToOnnx(options);
        CompleteFile.Write(path, model.WriteTo);
    }

    /// <param name="stream">Receives the file's contents; stays open.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <inheritdoc cref="SaveOnnx(string, OnnxExportOptions?)"/>
    public void SaveOnnx(Stream stream, OnnxExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ToOnnx(options).WriteTo(stream);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The feature column is missing or holds no images.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) =>
        new ScoreMapper(this, inputSchema).OutputSchema;

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
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
        CachedImages.CheckKept(input, FeatureColumnName);
        return new ScoredView(input, new ScoreMapper(this, input.Schema));
    }

    /// <summary>Writes the network as a frozen GraphDef (<c>.pb</c>) of TensorFlow, with weights and normalization.</summary>
    /// <remarks>
    /// Input: the node <c>image</c> [batch, height, width, channels], floats, by default pixels 0…255 in the order red,
    /// green, blue. Output: <c>scores/Softmax</c> [batch, classes], probabilities. Between them nodes have the layers'
    /// names, such as <c>conv1/Conv2D</c>, as <see cref="CnnArchitecture.BuildGraph(int, ImageShape?)"/> has them. Any
    /// TensorFlow since 2.3 reads it, so does OpenCV. The file has no class names. Of a model that scores ten crops it
    /// scores one: whoever runs it takes the crops and averages.
    /// </remarks>
    /// <param name="path">The file to make; an existing one is replaced once the new one is complete.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="InvalidOperationException">The file would exceed 2 GiB, all that the format can hold.</exception>
    /// <exception cref="Graph.GraphException">The network has nodes that TensorFlow 2.3 has no form for.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public void SaveTensorFlow(string path, TensorFlowExportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        CompleteFile.Write(path, TensorFlowWriter.ToGraphDef(Freeze(options)).WriteTo);
    }

    /// <param name="stream">Receives the file's contents; stays open.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <inheritdoc cref="SaveTensorFlow(string, TensorFlowExportOptions?)"/>
    public void SaveTensorFlow(Stream stream, TensorFlowExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        TensorFlowWriter.ToGraphDef(Freeze(options)).WriteTo(stream);
    }

    /// <summary>
    /// Writes the network as a SavedModel of TensorFlow, for TensorFlow Serving, ML.NET's LoadTensorFlowModel and others.
    /// </summary>
    /// <remarks>
    /// The graph is that of <see cref="SaveTensorFlow(string, TensorFlowExportOptions?)"/>; weights are constants, there is
    /// no folder <c>variables</c>. Tag <c>serve</c>; signature <c>serving_default</c> with the input <c>image</c> and the
    /// output <c>scores</c>. Class names stand in <c>assets/labels.txt</c>, one a line, in the order of the scores.
    /// </remarks>
    /// <param name="folder">
    /// The folder to make, in one that exists. A SavedModel that is there is replaced once the new one is complete; a
    /// folder that holds anything else is refused.
    /// </param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="InvalidOperationException">The graph would exceed 2 GiB, all that the format can hold.</exception>
    /// <exception cref="Graph.GraphException">The network has nodes that TensorFlow 2.3 has no form for.</exception>
    /// <exception cref="IOException">The folder cannot be written, or holds something else.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public void SaveSavedModel(string folder, TensorFlowExportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        TensorFlowWriter.WriteSavedModel(Freeze(options), ClassNames, folder);
    }

    /// <summary>
    /// Frees the weights and the compiled plans; repeating it is harmless. Threads that are scoring finish first.
    /// </summary>
    public void Dispose() => Scorer.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        Scorer.CheckAlive();
        ctx.CheckAtModel();
        ctx.SetVersionInfo(CnnModelFile.VersionInfo);
        CnnModelFile.SaveHeader(ctx.Writer, Model);
        CnnModelFile.SaveColumns(ctx.Writer, _columns);
        Labels.Save(ctx.Writer);
        ctx.SaveBinaryStream(CnnModelFile.WeightsStream, stream => CnnModelFile.SaveWeights(stream, Model));
    }

    /// <summary>
    /// Finds and checks the feature column; floats and bytes are not interchangeable, for the normalization was
    /// measured on one of them.
    /// </summary>
    internal FeatureColumn BindFeature(DataViewSchema schema) => FeatureMapper.Bind(schema, _columns, Model);

    /// <summary>A model of its own, which lives on when this one is disposed.</summary>
    internal CnnClassificationModel CopyModel(ImageFit? fit = null, PixelNormalization? normalization = null)
    {
        Scorer.CheckAlive();
        return new(Model.Architecture, Model.Image, Model.Classes, normalization ?? Model.Normalization, Model.Weights.Clone())
        {
            TakesFloats = Model.TakesFloats,
            Fit = fit ?? Model.Fit,
            Precision = Model.Precision,
            ResizedImage = Model.ResizedImage,
            TestCrops = Model.TestCrops,
            MaxImagePixels = Model.MaxImagePixels,
            Decision = Model.Decision,
            TrainingShares = Model.TrainingShares,
        };
    }

    private ModelProto ToOnnx(OnnxExportOptions? options)
    {
        Scorer.CheckAlive();
        return OnnxWriter.Write(Model, ClassNames, options ?? new OnnxExportOptions());
    }

    private FrozenGraph Freeze(TensorFlowExportOptions? options)
    {
        Scorer.CheckAlive();
        options ??= new TensorFlowExportOptions();
        return Model.Freeze(options.NormalizesPixels, options.FoldsBatchNorms);
    }

    /// <summary>Throws, or warns that a row has no scores.</summary>
    internal void ReportBadImage(long position, string problem)
    {
        BadImageFound?.Invoke(new BadImage(BadImage.ScoringRows, position, problem));
        string message = $"Row {position}: the image in column '{FeatureColumnName}' cannot be scored: {problem}.";
        if (BadImagesWhenScoring == BadImageScoring.Throw)
            throw new InvalidDataException(message);
        using IChannel channel = _host.Start(Name);
        channel.Warning(MessageSensitivity.None, $"{message} Its scores are NaN.");
    }

    /// <summary>Called by ML.NET when a model is loaded; found by its name and parameters.</summary>
    private static CnnClassificationTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        IHost host = environment.Register(Name);
        using IChannel channel = host.Start(Name);
        CnnScorer? scorer = null; // which frees the model
        try
        {
            (CnnClassificationModel model, ScoringColumns columns, LabelValues labels) =
                CnnModelFile.LoadBlock(context.Reader);
            channel.Trace(MessageSensitivity.None, KernelSet.Describe(WorkerPool.Shared));
            scorer = new CnnScorer(model, WorkerPool.Shared);
            scorer.CompileAhead();
            if (!context.TryLoadBinaryStream(CnnModelFile.WeightsStream,
                stream => CnnModelFile.LoadWeights(stream, model)))
                throw CnnModelFile.Damaged(CnnModelFile.WeightsStream, "it is missing");
            return new CnnClassificationTransformer(host, scorer, labels, columns);
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
