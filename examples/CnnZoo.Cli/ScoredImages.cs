using Microsoft.ML;
using Microsoft.ML.Data;

namespace CnnZoo.Cli;

/// <summary>Class names and scores that a model's output columns hold.</summary>
internal static class ScoredImages
{
    /// <summary>Names of the classes, in the order of the scores.</summary>
    public static string[] ClassNames(DataViewSchema schema)
    {
        DataViewSchema.Column? column = schema.GetColumnOrNull("Score");
        if (column is not { } score)
            throw new CommandException("The model has no Score column: it was not made by 'cnnzoo train'.");
        VBuffer<ReadOnlyMemory<char>> names = default;
        score.GetSlotNames(ref names);
        return [.. names.DenseValues().Select(name => name.ToString())];
    }

    /// <summary>The classes of one row, best first.</summary>
    public static IEnumerable<(string Class, float Score)> Ranked(string[] classes, float[] scores) =>
        classes.Zip(scores, (name, score) => (name, score)).OrderByDescending(pair => pair.score);
}
