using Microsoft.ML;
using Microsoft.ML.Data;

namespace CnnZoo.Cli;

/// <summary>A scored image as ML.NET's evaluator reads it.</summary>
internal sealed class ScoredRow
{
    /// <summary>Number of the class, from 0: what ML.NET makes a key of.</summary>
    public uint Label { get; set; }

    /// <summary>Number of the class with the greatest score.</summary>
    public uint PredictedLabel { get; set; }

    /// <summary>Scores of all classes.</summary>
    public float[] Score { get; set; } = [];

    /// <summary>A row for the scores of an image.</summary>
    public static ScoredRow Of(float[] scores, int classNumber) => new()
    {
        Label = (uint)classNumber,
        PredictedLabel = (uint)Array.IndexOf(scores, scores.Max()),
        Score = scores,
    };

    /// <summary>Rows as a view whose scores are named after the classes.</summary>
    public static IDataView ToView(MLContext mlContext, IEnumerable<ScoredRow> rows, string[] classes)
    {
        var schema = SchemaDefinition.Create(typeof(ScoredRow));
        schema[nameof(Label)].ColumnType = schema[nameof(PredictedLabel)].ColumnType =
            new KeyDataViewType(typeof(uint), classes.Length);
        schema[nameof(Score)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, classes.Length);
        ReadOnlyMemory<char>[] names = [.. classes.Select(name => name.AsMemory())];
        schema[nameof(Score)].AddAnnotation(
            "SlotNames", new VBuffer<ReadOnlyMemory<char>>(names.Length, names),
            new VectorDataViewType(TextDataViewType.Instance, names.Length));
        return mlContext.Data.LoadFromEnumerable(rows, schema);
    }
}
