using Microsoft.ML.CnnZoo.Explain;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Draws explanations of rows: the values of a row are its picture's pixels, red, green, blue and 255.</summary>
/// <param name="scorer">Scores the images.</param>
/// <param name="classNames">The classes.</param>
/// <param name="options">What to explain.</param>
/// <param name="side">Pixels of the pictures' longer side.</param>
internal sealed class ExplanationScorer(CnnScorer scorer, IReadOnlyList<string> classNames, CnnExplanationOptions options,
    int side) : IRowScorer
{
    private readonly ImageExplainer _explainer = ImageExplainer.Of(scorer, classNames);

    /// <summary>Rows and columns of the pictures.</summary>
    public (int Height, int Width) Size { get; } = HeatMapPicture.Size(scorer.Model.Image, side);

    /// <inheritdoc/>
    public CnnClassificationModel Model => scorer.Model;

    /// <inheritdoc/>
    public int ValuesPerRow => Size.Height * Size.Width * 4;

    /// <inheritdoc/>
    public int RowsPerBatch => 1;

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<float> images, int count, Span<float> scores)
    {
        using IDisposable hold = scorer.Hold();
        byte[] pixels = _explainer.Draw(images.ToArray(), new float[Model.Classes], options, side).Pixels;
        for (int i = 0; i < pixels.Length; i++)
            scores[i] = pixels[i];
    }

    /// <inheritdoc/>
    public void CheckAlive() => scorer.CheckAlive();
}

/// <summary>An explaining transformer bound to one input schema: adds its picture behind the input's columns.</summary>
internal sealed class ExplanationMapper(CnnExplainingTransformer transformer, DataViewSchema input)
    : NetworkMapper(input, transformer.BindFeature(input))
{
    private readonly (int Height, int Width) _size = transformer.Scorer.Size;

    public override DataViewSchema OutputSchema { get; } = Build(input, transformer);
    public override IRowScorer Scorer => transformer.Scorer;
    public override ICanSaveModel Transformer => transformer;

    public override void ReportBadImage(long position, string problem) => transformer.ReportBadImage(position, problem);

    public override Delegate CreateGetter(int column, RowValues values)
    {
        var pixels = new byte[_size.Height * _size.Width * 4];
        return (ValueGetter<MLImage>)((ref MLImage target) =>
        {
            ReadOnlySpan<float> source = values();
            target?.Dispose(); // as ML.NET's own image columns do
            target = null!;
            if (float.IsNaN(source[0]))
                return;
            for (int i = 0; i < pixels.Length; i++)
                pixels[i] = (byte)source[i];
            target = MLImage.CreateFromPixels(_size.Width, _size.Height, MLPixelFormat.Rgba32, pixels);
        });
    }

    private static DataViewSchema Build(DataViewSchema input, CnnExplainingTransformer transformer)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        builder.AddColumn(transformer.OutputColumnName, new ImageDataViewType(transformer.Scorer.Size.Height,
            transformer.Scorer.Size.Width));
        return builder.ToSchema();
    }
}
