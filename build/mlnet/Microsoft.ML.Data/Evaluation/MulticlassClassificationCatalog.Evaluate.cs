using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public sealed partial class MulticlassClassificationCatalog
{
    /// <summary>Measures scored data. The prediction is the largest score; the predicted label must exist but is not read.</summary>
    public MulticlassClassificationMetrics Evaluate(IDataView data, string labelColumnName = "Label", string scoreColumnName = "Score",
        string predictedLabelColumnName = "PredictedLabel", int topKPredictionCount = 0)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(labelColumnName);
        ArgumentException.ThrowIfNullOrEmpty(scoreColumnName);
        ArgumentException.ThrowIfNullOrEmpty(predictedLabelColumnName);
        DataViewSchema.Column label = Require(data.Schema, labelColumnName, "Label");
        DataViewSchema.Column score = Require(data.Schema, scoreColumnName, "Score");
        Require(data.Schema, predictedLabelColumnName, "PredictedLabel");
        int classes = CheckTypes(label, score);

        var rows = new MulticlassMetricsAggregator(classes);
        using (DataViewRowCursor cursor = data.GetRowCursor([label, score]))
            AddRows(cursor, label, score, rows);
        return new MulticlassClassificationMetrics(rows, topKPredictionCount, ClassNames(score, classes));
    }

    /// <summary>Trains and measures once a fold, each time on the rows outside and inside of the fold.</summary>
    public IReadOnlyList<CrossValidationResult<MulticlassClassificationMetrics>> CrossValidate(IDataView data, IEstimator<ITransformer> estimator,
        int numberOfFolds = 5, string labelColumnName = "Label", string samplingKeyColumnName = null, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(estimator);
        ArgumentException.ThrowIfNullOrEmpty(labelColumnName);
        IReadOnlyList<DataOperationsCatalog.TrainTestData> folds = DataOperationsCatalog.Split(Environment, data, numberOfFolds, samplingKeyColumnName, seed);
        var results = new CrossValidationResult<MulticlassClassificationMetrics>[folds.Count];
        for (int fold = 0; fold < results.Length; fold++)
        {
            ITransformer model = estimator.Fit(folds[fold].TrainSet);
            IDataView scored = model.Transform(folds[fold].TestSet);
            results[fold] = new CrossValidationResult<MulticlassClassificationMetrics>(model, Evaluate(scored, labelColumnName), scored, fold);
        }
        return results;
    }

    // The words are ML.NET's, which names the column first and its role second.
    private static DataViewSchema.Column Require(DataViewSchema schema, string name, string role) =>
        schema.GetColumnOrNull(name) ?? throw new ArgumentOutOfRangeException(nameof(schema), $"{name} column '{role}' not found");

    private static int CheckTypes(DataViewSchema.Column label, DataViewSchema.Column score)
    {
        if (score.Type is not VectorDataViewType { Size: >= 2 } type || type.ItemType != NumberDataViewType.Single)
            throw SchemaErrors.Mismatch("schema", "score", score.Name, "vector of two or more items of type Single", score.Type.ToString());
        if (label.Type != NumberDataViewType.Single && label.Type is not KeyDataViewType)
            throw SchemaErrors.Mismatch("schema", "label", label.Name, "Single or Key", label.Type.ToString());
        return type.Size;
    }

    private static void AddRows(DataViewRowCursor cursor, DataViewSchema.Column label, DataViewSchema.Column score, MulticlassMetricsAggregator rows)
    {
        Func<float> labelOf = ClassIndexGetter.Create(cursor, label);
        ValueGetter<VBuffer<float>> scoresOf = cursor.GetGetter<VBuffer<float>>(score);
        VBuffer<float> scores = default, dense = default;
        while (cursor.MoveNext())
        {
            scoresOf(ref scores);
            scores.CopyToDense(ref dense);
            rows.Add(labelOf(), dense.GetValues());
        }
    }

    private static string[] ClassNames(DataViewSchema.Column score, int classes) =>
        ColumnAnnotations.TextsOrNull(score, AnnotationUtils.Kinds.SlotNames, classes)
        ?? [.. Enumerable.Range(0, classes).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))];
}
