using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// The transformer bound to one input schema: adds PredictedLabel and Score behind the input's columns, as ML.NET's own
/// multiclass trainers do.
/// </summary>
internal sealed class ScoreMapper : IRowToRowMapper
{
    public ScoreMapper(CnnClassificationTransformer transformer, DataViewSchema input)
    {
        Transformer = transformer;
        InputSchema = input;
        Feature = transformer.BindFeature(input);
        OutputSchema = ScoreSchema.Build(input, transformer);
    }

    public DataViewSchema InputSchema { get; }
    public DataViewSchema OutputSchema { get; }
    public FeatureColumn Feature { get; }
    public CnnClassificationTransformer Transformer { get; }
    public CnnScorer Scorer => Transformer.Scorer;
    public CnnClassificationModel Model => Transformer.Model;

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

    /// <summary>
    /// A getter of an output column as one of the type that was asked for, checked as ML.NET's rows do.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is not active.</exception>
    /// <exception cref="InvalidOperationException">The getter is of another type.</exception>
    public static ValueGetter<TValue> Getter<TValue>(DataViewSchema.Column column, bool isActive, Func<Delegate> getter)
    {
        Contracts.CheckParam(isActive, nameof(column), "requested column not active");
        return getter() as ValueGetter<TValue> ?? throw Contracts.Except(
            $"Invalid TValue in GetGetter for column #{column.Index}: {column.Name}: {column.Type}: "
            + $"'{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
    }

    /// <summary>
    /// The best class's key: 1 more than its number; 0 (missing) when the scores are not numbers. Of equal scores the
    /// first wins.
    /// </summary>
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
        return builder.ToSchema();
    }

    /// <summary>What a trainer promises of the two columns before it is fitted.</summary>
    /// <param name="labelType">Type of the values behind the label's keys; null where there are none.</param>
    /// <param name="scoreName">The column of probabilities.</param>
    /// <param name="labelName">The column of predicted keys.</param>
    public static IEnumerable<SchemaShape.Column> Promise(DataViewType? labelType, string scoreName, string labelName)
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
