using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>The transformer bound to one input schema: adds PredictedLabel and Score behind the input's columns, as ML.NET's own multiclass trainers do.</summary>
internal sealed class ScoreMapper : IRowToRowMapper
{
    private readonly CnnClassificationTransformer _transformer;

    public ScoreMapper(CnnClassificationTransformer transformer, DataViewSchema input)
    {
        _transformer = transformer;
        InputSchema = input;
        Feature = transformer.BindFeature(input);
        OutputSchema = ScoreSchema.Build(input, transformer);
    }

    public DataViewSchema InputSchema { get; }
    public DataViewSchema OutputSchema { get; }
    public FeatureColumn Feature { get; }
    public CnnScorer Scorer => _transformer.Scorer;
    public CnnClassificationModel Model => _transformer.Model;
    public CnnClassificationTransformer Transformer => _transformer;

    /// <summary>Index of PredictedLabel in the output.</summary>
    public int PredictedLabelIndex => InputSchema.Count;

    /// <summary>Index of Score in the output.</summary>
    public int ScoreIndex => InputSchema.Count + 1;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        HashSet<int> wanted = [.. dependingColumns.Select(c => c.Index)];
        bool scores = wanted.Any(i => i >= PredictedLabelIndex);
        return [.. InputSchema.Where(c => wanted.Contains(c.Index) || (scores && c.Index == Feature.Column.Index))];
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoredRow(input, this, activeColumns);
    }

    /// <summary>The best class's key: 1 more than its number; 0 (missing) when the scores are not numbers. Of equal scores the first wins.</summary>
    public static uint PredictedKey(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int c = 0; c < scores.Length; c++)
        {
            if (float.IsNaN(scores[c]))
                return 0;
            if (scores[c] > scores[best])
                best = c;
        }
        return (uint)best + 1;
    }
}

/// <summary>Columns and annotations of the output.</summary>
internal static class ScoreSchema
{
    public static DataViewSchema Build(DataViewSchema input, CnnClassificationTransformer transformer)
    {
        uint set = NextScoreColumnSet(input);
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        builder.AddColumn(transformer.PredictedLabelColumnName, new KeyDataViewType(typeof(uint), transformer.Labels.Count), LabelAnnotations(transformer.Labels, set));
        builder.AddColumn(transformer.ScoreColumnName, new VectorDataViewType(NumberDataViewType.Single, transformer.Labels.Count), ScoreAnnotations(transformer.Labels, set));
        return builder.ToSchema();
    }

    private static DataViewSchema.Annotations LabelAnnotations(LabelValues labels, uint set)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        AddText(annotations, AnnotationKinds.ScoreColumnKind, AnnotationKinds.MulticlassClassification);
        AddText(annotations, AnnotationKinds.ScoreValueKind, "PredictedLabel");
        labels.AddTo(annotations, AnnotationKinds.KeyValues);
        annotations.AddPrimitiveValue(AnnotationKinds.ScoreColumnSetId, AnnotationKinds.ScoreColumnSetIdType, set);
        return annotations.ToAnnotations();
    }

    private static DataViewSchema.Annotations ScoreAnnotations(LabelValues labels, uint set)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        AddText(annotations, AnnotationKinds.ScoreColumnKind, AnnotationKinds.MulticlassClassification);
        annotations.AddPrimitiveValue(AnnotationKinds.ScoreColumnSetId, AnnotationKinds.ScoreColumnSetIdType, set);
        AddText(annotations, AnnotationKinds.ScoreValueKind, "Score");
        labels.AddTo(annotations, AnnotationKinds.TrainingLabelValues);
        ReadOnlyMemory<char>[] names = Array.ConvertAll(labels.Texts(), t => t.AsMemory());
        annotations.Add(AnnotationKinds.SlotNames, new VectorDataViewType(TextDataViewType.Instance, names.Length),
            (ref VBuffer<ReadOnlyMemory<char>> target) => AnnotationKinds.Fill(ref target, names));
        return annotations.ToAnnotations();
    }

    private static void AddText(DataViewSchema.Annotations.Builder annotations, string kind, string value) =>
        annotations.AddPrimitiveValue(kind, TextDataViewType.Instance, value.AsMemory());

    /// <summary>One more than the greatest id that the input's scores have.</summary>
    private static uint NextScoreColumnSet(DataViewSchema input)
    {
        uint greatest = 0;
        foreach (DataViewSchema.Column column in input)
        {
            if (column.Annotations.Schema.GetColumnOrNull(AnnotationKinds.ScoreColumnSetId) is not { Type: KeyDataViewType key } || key.RawType != typeof(uint))
                continue;
            uint id = 0;
            column.Annotations.GetValue(AnnotationKinds.ScoreColumnSetId, ref id);
            greatest = Math.Max(greatest, id);
        }
        return greatest + 1;
    }
}
