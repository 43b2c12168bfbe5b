using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// Scores single images outside a pipeline, from any number of threads. An image is put into a row of its own and read
/// from there like a column's, so that both give the same scores.
/// </summary>
internal sealed class ImageClassifier(CnnClassificationTransformer transformer)
{
    private readonly ConcurrentBag<Seat<VBuffer<byte>>> _encoded = [];
    private readonly ConcurrentBag<Seat<MLImage>> _decoded = [];

    /// <summary>Scores an encoded image.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="top">How many classes to return.</param>
    /// <param name="name">The image's name for messages; null when there is none.</param>
    public IReadOnlyList<ClassProbability> Classify(byte[] file, int top, string? name)
    {
        var image = new VBuffer<byte>(file.Length, file);
        return Classify(_encoded, new VectorDataViewType(NumberDataViewType.Byte), image, top, name);
    }

    /// <summary>Scores a decoded image.</summary>
    public IReadOnlyList<ClassProbability> Classify(MLImage image, int top) =>
        Classify(_decoded, new ImageDataViewType(), image, top, image.Tag);

    private IReadOnlyList<ClassProbability> Classify<T>(
        ConcurrentBag<Seat<T>> seats, DataViewType type, T image, int top, string? name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        transformer.Scorer.CheckAlive();
        if (transformer.Model.TakesFloats)
            throw new InvalidOperationException(
                "This network was trained on vectors of floats, which the pipeline computes from images in its own way: "
                + "score them by the pipeline, or train on Image, encoded or byte columns to use Classify.");
        if (!seats.TryTake(out Seat<T>? seat))
            seat = new Seat<T>(transformer, type);
        try
        {
            float[] scores = seat.Score(image, name);
            return [.. Enumerable.Range(0, scores.Length).OrderByDescending(c => scores[c]).Take(top)
                .Select(c => new ClassProbability(transformer.ClassNames[c], scores[c]))];
        }
        finally
        {
            seats.Add(seat);
        }
    }

    /// <summary>A row for one image, and buffers to read it into. Belongs to one thread at a time.</summary>
    private sealed class Seat<T>
    {
        private readonly CnnClassificationTransformer _transformer;
        private readonly CropReader _reader;
        private readonly float[] _crops, _scores;
        private T _image = default!;

        public Seat(CnnClassificationTransformer transformer, DataViewType type)
        {
            _transformer = transformer;
            var columns = new DataViewSchema.Annotations.Builder();
            columns.Add(transformer.FeatureColumnName, type, (ref T target) => target = _image);
            DataViewRow row = AnnotationUtils.AnnotationsAsRow(columns.ToAnnotations());
            _reader = new CropReader(row, new ScoreMapper(transformer, row.Schema));
            _crops = new float[_reader.ValueCount];
            _scores = new float[transformer.Model.Classes];
        }

        public float[] Score(T image, string? name)
        {
            _image = image;
            if (!_reader.TryRead(_crops))
                throw new InvalidDataException(
                    $"The image{(name is null ? "" : $" '{name}'")} cannot be classified: {_reader.Problem}.");
            _transformer.Scorer.Score(_crops, 1, _scores);
            _image = default!;
            return _scores;
        }
    }
}
