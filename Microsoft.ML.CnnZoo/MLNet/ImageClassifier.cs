using System.Collections.Concurrent;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Scores single images outside a pipeline, from any number of threads, as rows are scored.</summary>
internal sealed class ImageClassifier(CnnClassificationTransformer transformer)
{
    private readonly ConcurrentBag<ScoringSeat> _seats = [];

    /// <summary>Scores an encoded image.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="top">How many classes to return.</param>
    /// <param name="name">The image's name for messages; null when there is none.</param>
    public IReadOnlyList<ClassProbability> Classify(byte[] file, int top, string? name) =>
        Classify(seat => seat.Reader.TryRead(file, seat.Crops, name), top);

    /// <summary>Scores a decoded image.</summary>
    public IReadOnlyList<ClassProbability> Classify(MLImage image, int top) =>
        Classify(seat => seat.Reader.TryRead(image, seat.Crops), top);

    private ClassProbability[] Classify(Func<ScoringSeat, bool> read, int top)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        transformer.Scorer.CheckAlive();
        if (!_seats.TryTake(out ScoringSeat? seat))
            seat = new ScoringSeat(transformer.Model);
        try
        {
            if (!read(seat))
                throw new InvalidDataException($"The image cannot be classified: {seat.Reader.Problem}.");
            float[] scores = seat.Scores;
            transformer.Scorer.Score(seat.Crops, 1, scores);
            return [.. Enumerable.Range(0, scores.Length).OrderByDescending(c => scores[c]).Take(top)
                .Select(c => new ClassProbability(transformer.ClassNames[c], scores[c]))];
        }
        finally
        {
            _seats.Add(seat);
        }
    }
}
