using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// The transformer bound to one input schema: adds PredictedLabel and Score behind the input's columns, as ML.NET's own
/// multiclass trainers do.
/// </summary>
internal sealed class ScoreMapper(CnnClassificationTransformer transformer, DataViewSchema input)
    : NetworkMapper(input, transformer.BindFeature(input))
{
    public override DataViewSchema OutputSchema { get; } = ScoreSchema.Build(input, transformer);
    public override IRowScorer Scorer => transformer.Scorer;
    public override ICanSaveModel Transformer => transformer;

    /// <summary>Index of PredictedLabel in the output.</summary>
    public int PredictedLabelIndex => FirstAdded;

    /// <summary>Index of Score in the output.</summary>
    public int ScoreIndex => FirstAdded + 1;

    public override void ReportBadImage(long position, string problem) => transformer.ReportBadImage(position, problem);

    public override Delegate CreateGetter(int column, RowValues values)
    {
        if (column == ScoreIndex)
            return Vector(values);
        if (column == PredictedLabelIndex)
            return (ValueGetter<uint>)((ref uint target) => target = PredictedKey(values(),
                transformer.Decision.AbstainBelow));
        bool isLabels = OutputSchema[column].Type is VectorDataViewType { ItemType: TextDataViewType };
        return isLabels ? Top(values, (_, c) => transformer.ClassNames[c].AsMemory()) : Top(values, (scores, c) => scores[c]);
    }

    /// <summary>
    /// Something of the most probable classes, the most probable first; of equal ones the first class. Nothing of a row
    /// whose image is bad.
    /// </summary>
    private ValueGetter<VBuffer<TValue>> Top<TValue>(RowValues values, Func<float[], int, TValue> what)
    {
        int count = Math.Min(transformer.TopK, transformer.Labels.Count);
        float[] scores = new float[transformer.Labels.Count];
        int[] classes = new int[scores.Length];
        return (ref VBuffer<TValue> target) =>
        {
            values().CopyTo(scores);
            for (int c = 0; c < classes.Length; c++)
                classes[c] = c;
            Array.Sort(classes, (a, b) => scores[a] != scores[b] ? scores[b].CompareTo(scores[a]) : a.CompareTo(b));
            VBufferEditor<TValue> editor = VBufferEditor.Create(ref target, count);
            bool isBad = float.IsNaN(scores[0]);
            for (int i = 0; i < count; i++)
                editor.Values[i] = isBad ? default! : what(scores, classes[i]);
            target = editor.Commit();
        };
    }

    /// <summary>
    /// The best class's key: 1 more than its number; 0 (missing) when the scores are not numbers, or the best is below a
    /// threshold. Of equal scores the first wins.
    /// </summary>
    public static uint PredictedKey(ReadOnlySpan<float> scores, double abstainBelow)
    {
        int best = 0;
        for (int c = 0; c < scores.Length; c++)
        {
            if (float.IsNaN(scores[c]))
                return 0;
            if (scores[c] > scores[best])
                best = c;
        }
        return scores[best] < abstainBelow ? 0 : (uint)best + 1;
    }
}

/// <summary>Columns and annotations of the output.</summary>
internal static class ScoreSchema
{
    /// <summary>The schema of scored rows.</summary>
    public static DataViewSchema Build(DataViewSchema input, CnnClassificationTransformer transformer)
    {
        LabelValues labels = transformer.Labels;
        uint set = AnnotationUtils.GetMaxAnnotationKind(input, out _, AnnotationUtils.Kinds.ScoreColumnSetId) + 1;
        DataViewSchema.Annotations.Builder label = Common(set, AnnotationUtils.Const.ScoreValueKind.PredictedLabel);
        labels.AddTo(label, AnnotationUtils.Kinds.KeyValues);
        DataViewSchema.Annotations.Builder score = Common(set, AnnotationUtils.Const.ScoreValueKind.Score);
        labels.AddTo(score, AnnotationUtils.Kinds.TrainingLabelValues);
        ReadOnlyMemory<char>[] names = Array.ConvertAll(labels.Texts(), t => t.AsMemory());
        score.AddSlotNames(names.Length, (ref VBuffer<ReadOnlyMemory<char>> target) =>
            new VBuffer<ReadOnlyMemory<char>>(names.Length, names).CopyTo(ref target));

        var builder = new DataViewSchema.Builder();
        builder.AddColumns(input);
        var key = new KeyDataViewType(typeof(uint), labels.Count);
        builder.AddColumn(transformer.PredictedLabelColumnName, key, label.ToAnnotations());
        var vector = new VectorDataViewType(NumberDataViewType.Single, labels.Count);
        builder.AddColumn(transformer.ScoreColumnName, vector, score.ToAnnotations());
        int top = Math.Min(transformer.TopK, labels.Count);
        if (top > 0)
        {
            builder.AddColumn(ScoringColumns.TopLabels, new VectorDataViewType(TextDataViewType.Instance, top));
            builder.AddColumn(ScoringColumns.TopScores, new VectorDataViewType(NumberDataViewType.Single, top));
        }
        return builder.ToSchema();
    }

    /// <summary>What a trainer promises of the two columns before it is fitted.</summary>
    /// <param name="labelType">Type of the values behind the label's keys; null where there are none.</param>
    /// <param name="scoreName">The column of probabilities.</param>
    /// <param name="labelName">The column of predicted keys.</param>
    /// <param name="hasTop">Whether the most probable classes get columns.</param>
    public static IEnumerable<SchemaShape.Column> Promise(DataViewType? labelType, string scoreName, string labelName,
        bool hasTop)
    {
        IEnumerable<SchemaShape.Column> common = AnnotationUtils.GetTrainerOutputAnnotation();
        IEnumerable<SchemaShape.Column> Values(string kind) => labelType is null ? []
            : [new SchemaShape.Column(kind, SchemaShape.Column.VectorKind.Vector, labelType, false)];
        var slotNames = new SchemaShape.Column(
            AnnotationUtils.Kinds.SlotNames, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance, false);
        var labelAnnotations = new SchemaShape([.. common, .. Values(AnnotationUtils.Kinds.KeyValues)]);
        var scoreAnnotations = new SchemaShape(
            [.. common, .. Values(AnnotationUtils.Kinds.TrainingLabelValues), slotNames]);
        return
        [
            new(labelName, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.UInt32, true, labelAnnotations),
            new(scoreName, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, false, scoreAnnotations),
            .. hasTop ? new SchemaShape.Column[]
            {
                new(ScoringColumns.TopLabels, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance, false),
                new(ScoringColumns.TopScores, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, false),
            } : [],
        ];
    }

    private static DataViewSchema.Annotations.Builder Common(uint set, string valueKind)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        void AddText(string kind, string value) =>
            annotations.AddPrimitiveValue(kind, TextDataViewType.Instance, value.AsMemory());
        AddText(AnnotationUtils.Kinds.ScoreColumnKind, AnnotationUtils.Const.ScoreColumnKind.MulticlassClassification);
        annotations.AddPrimitiveValue(
            AnnotationUtils.Kinds.ScoreColumnSetId, AnnotationUtils.ScoreColumnSetIdType, set);
        AddText(AnnotationUtils.Kinds.ScoreValueKind, valueKind);
        return annotations;
    }
}
