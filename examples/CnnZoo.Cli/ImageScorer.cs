using Microsoft.ML;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.Data;

namespace CnnZoo.Cli;

/// <summary>An image with the scores of all classes, or with the reason why it has none.</summary>
internal sealed record ScoredImage(LabeledImage Image, float[]? Scores, string? Problem);

/// <summary>A model that <c>cnnzoo train</c> made, for scoring image files.</summary>
internal sealed class ImageScorer : IDisposable
{
    private readonly MLContext _mlContext;
    private readonly TransformerChain<ITransformer> _model;
    private readonly Dictionary<long, string> _problems = [];

    private ImageScorer(MLContext mlContext, TransformerChain<ITransformer> model, string[] classes)
    {
        _mlContext = mlContext;
        _model = model;
        Classes = classes;
    }

    /// <summary>Names of the classes, in the order of the scores.</summary>
    public string[] Classes { get; }

    /// <summary>Loads a model.</summary>
    /// <exception cref="CommandException">It cannot be loaded, or was made by something else.</exception>
    public static ImageScorer Load(MLContext mlContext, string path)
    {
        ITransformer loaded = ModelFile.Load(mlContext, path, out DataViewSchema? input);
        if (loaded is not TransformerChain<ITransformer> chain
            || input?.GetColumnOrNull(nameof(LabeledImage.ImagePath)) is null
            || chain.OfType<CnnClassificationTransformer>().SingleOrDefault() is not { } network)
            throw new CommandException(
                $"The model '{path}' was not made by 'cnnzoo train': "
                + "it must read the column ImagePath and score images.");
        var scorer = new ImageScorer(mlContext, chain, [.. network.ClassNames]);
        network.BadImageFound = bad => scorer._problems[bad.Row] = bad.Reason;
        return scorer;
    }

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

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

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
