using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;

namespace CnnZoo.Cli;

/// <summary>An image with the scores of all classes, or with the reason why it has none.</summary>
internal sealed record ScoredImage(LabeledImage Image, float[]? Scores, string? Problem);

/// <summary>A model that <c>cnnzoo train</c> made, or a network of another framework, for scoring image files.</summary>
internal sealed class ImageScorer : IDisposable
{
    private readonly MLContext _mlContext;
    private readonly ITransformer _model;
    private readonly DataViewSchema? _input;
    private readonly Dictionary<long, string> _problems = [];

    private ImageScorer(MLContext mlContext, ITransformer model, DataViewSchema? input = null)
    {
        _input = input;
        _mlContext = mlContext;
        _model = model;
        Network = CnnClassificationTransformer.From(model);
        Classes = [.. Network.ClassNames];
        Network.BadImageFound = bad => _problems[bad.Row] = bad.Reason;
    }

    /// <summary>The network, which the scorer frees.</summary>
    public CnnClassificationTransformer Network { get; }

    /// <summary>Names of the classes, in the order of the scores.</summary>
    public string[] Classes { get; }

    /// <summary>Loads a model.</summary>
    /// <param name="mlContext">Where it is loaded.</param>
    /// <param name="path">The file or folder.</param>
    /// <param name="import">What a network of another framework may leave unsaid.</param>
    /// <exception cref="CommandException">It cannot be loaded, or was made by something else.</exception>
    public static ImageScorer Load(MLContext mlContext, string path, CnnImportOptions import)
    {
        if (NetworkFile.IsForeign(path))
            return new ImageScorer(mlContext, Import(mlContext, path, import));
        ITransformer loaded = ModelFile.Load(mlContext, path, out DataViewSchema? input);
        return loaded is TransformerChain<ITransformer> chain
            && input?.GetColumnOrNull(nameof(LabeledImage.ImagePath)) is not null
            && chain.OfType<CnnClassificationTransformer>().Count() == 1
            ? new ImageScorer(mlContext, chain, input)
            : throw new CommandException(
                $"The model '{path}' was not made by 'cnnzoo train': "
                + "it must read the column ImagePath and score images.");
    }

    private static TransformerChain<CnnClassificationTransformer> Import(MLContext mlContext, string path, CnnImportOptions import) =>
        mlContext.Transforms.LoadRawImageBytes("Image", imageFolder: null, inputColumnName: nameof(LabeledImage.ImagePath))
            .Append(mlContext.Transforms.ApplyCnn(NetworkFile.Import(path, import),
                new ApplyCnnOptions { FeatureColumnName = "Image" }))
            .Fit(mlContext.Data.LoadFromEnumerable<LabeledImage>([]));

    /// <summary>Scores images one after the other, in their order.</summary>
    public IEnumerable<ScoredImage> Score(IReadOnlyList<LabeledImage> images)
    {
        _problems.Clear();
        string?[] unreadable = [.. images.Select(image => BadImages.FileProblem(image.ImagePath))];
        IDataView scored =
            _model.Transform(_mlContext.Data.LoadFromEnumerable(images.Where((_, i) => unreadable[i] is null)));
        DataViewSchema.Column column = scored.Schema["Score"];
        using DataViewRowCursor cursor = scored.GetRowCursor([column]);
        ValueGetter<VBuffer<float>> read = cursor.GetGetter<VBuffer<float>>(column);
        for (int i = 0; i < images.Count; i++)
            yield return unreadable[i] is { } problem ? new ScoredImage(images[i], null, problem)
                : ScoreNext(images[i], cursor, read);
    }

    /// <summary>Writes the model as it is now.</summary>
    /// <exception cref="CommandException">It is a network of another framework.</exception>
    public void Save(string path) => _mlContext.Model.Save(_model, _input ?? throw new CommandException(
        "A network of another framework is not written as a model: train it first."), path);

    /// <inheritdoc/>
    public void Dispose() => (_model as IDisposable)?.Dispose();

    private ScoredImage ScoreNext(LabeledImage image, DataViewRowCursor cursor, ValueGetter<VBuffer<float>> read)
    {
        cursor.MoveNext();
        VBuffer<float> scores = default;
        try
        {
            read(ref scores);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return new ScoredImage(image, null, e.Message);
        }
        float[] values = scores.DenseValues().ToArray();
        return float.IsNaN(values[0])
            ? new ScoredImage(image, null, _problems.GetValueOrDefault(cursor.Position, "it cannot be decoded"))
            : new ScoredImage(image, values, null);
    }
}
