using System.Globalization;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Multiclass metrics and confusion tables; the expected numbers were recorded on ML.NET 5.0.0.</summary>
public sealed class MulticlassEvaluationTests
{
    private readonly MLContext _context = new(1);

    [Fact]
    public void Evaluate_Basic_GivesRecordedMetrics() => AssertMetrics(
        "micro 0.75 macro 0.8333333333333334 ll 0.6750204947360451 llr 0.35076751983059534 top3 1 all [0.75,0.75,1] perclass [0.35667496096863105,0.5108255840295616,0.916290716972994] counts [1,0,0/0,1,0/1,0,1] P [0.5,1,1] R [1,1,0.5]",
        3, Row(0, 0.7f, 0.2f, 0.1f), Row(1, 0.2f, 0.6f, 0.2f), Row(2, 0.5f, 0.3f, 0.2f), Row(2, 0.1f, 0.1f, 0.8f));

    [Fact]
    public void Evaluate_TiedScores_TakesTheFirst() => AssertMetrics(
        "micro 0 macro 0 ll 0.6931471805599453 llr Infinity top2 1 all [0,1] perclass [0,0.6931471805599453,0] counts [0,0,0/1,0,0/0,0,0] P [0,0,0] R [0,0,0]",
        2, Row(1, 0.5f, 0.5f, 0));

    [Fact]
    public void Evaluate_ZeroProbability_IsBoundedByOneInTenToTheFifteen() => AssertMetrics(
        "micro 0.5 macro 0.5 ll 17.269388195641596 llr -23.91446070903854 top0 0 all [null] perclass [34.53877639128319,0,0] counts [0,1,0/0,1,0/0,0,0] P [0,0.5,0] R [0,1,0]",
        0, Row(0, 0, 1, 0), Row(1, 0, 1, 0));

    [Fact]
    public void Evaluate_BadLabelsAndScores_SkipsTheRows() => AssertMetrics(
        "micro 1 macro 1 ll 0 llr NaN top0 0 all [null] perclass [0,0,0] counts [1,0,0/0,0,0/0,0,0] P [1,0,0] R [1,0,0]",
        0, Row(0, 1, 0, 0), Row(float.NaN, 1, 0, 0), Row(0.5f, 1, 0, 0), Row(-1, 1, 0, 0), Row(1, float.NaN, 0, 0), Row(1, float.PositiveInfinity, 0, 0));

    [Theory]
    [InlineData(3, "top3 0.5 all [0.5,0.5,0.5]")]
    [InlineData(4, "top4 1 all [0.5,0.5,0.5,1]")]
    public void Evaluate_LabelBeyondClasses_CountsAsWrong(int k, string top) => AssertMetrics(
        $"micro 0.5 macro 1 ll 17.269388195641596 llr -48.828921418077066 {top} perclass [0,0,0] counts [1,0,0/0,0,0/0,0,0] P [1,0,0] R [1,0,0]",
        k, Row(0, 1, 0, 0), Row(3, 1, 0, 0));

    [Fact]
    public void Evaluate_TopKBeyondClassesPlusOne_Throws() =>
        Assert.Throws<IndexOutOfRangeException>(() => Evaluate(5, Row(0, 1, 0, 0)));

    [Fact]
    public void Evaluate_ScoresAreNotProbabilities_ClampsThem() => AssertMetrics(
        "micro 0.5 macro 0.5 ll 17.269388195641596 llr -23.91446070903854 top0 0 all [null] perclass [0,34.53877639128319,0] counts [1,0,0/1,0,0/0,0,0] P [0.5,0,0] R [1,0,0]",
        0, Row(0, 5, 1, -3), Row(1, 5, -1, -3));

    [Fact]
    public void Evaluate_NoRows_IsZero() => AssertMetrics(
        "micro 0 macro 0 ll 0 llr NaN top0 0 all [null] perclass [0,0,0] counts [0,0,0/0,0,0/0,0,0] P [0,0,0] R [0,0,0]", 0);

    [Fact]
    public void Evaluate_OneClassOnly_HasInfiniteReduction() => AssertMetrics(
        "micro 1 macro 1 ll 0.16425203928091428 llr Infinity top0 0 all [null] perclass [0.16425203928091428,0,0] counts [2,0,0/0,0,0/0,0,0] P [1,0,0] R [1,0,0]",
        0, Row(0, 0.8f, 0.1f, 0.1f), Row(0, 0.9f, 0.05f, 0.05f));

    [Fact]
    public void Evaluate_KeyLabel_CountsFromOneAndSkipsMissing()
    {
        IDataView data = _context.Data.LoadFromEnumerable(new[] { KeyRow(1), KeyRow(2), KeyRow(0) });
        Assert.Equal(
            "micro 0.5 macro 0.5 ll 0.8573991743095342 llr -0.2369655368386569 top0 0 all [null] perclass [0.5108255840295616,1.2039727645895069,0] counts [1,0,0/1,0,0/0,0,0] P [0.5,0,0] R [1,0,0]",
            Describe(_context.MulticlassClassification.Evaluate(data)));
    }

    [Theory]
    [InlineData("Label", "Score", "nope", "nope column 'PredictedLabel' not found (Parameter 'schema')")]
    [InlineData("nope", "Score", "PredictedLabel", "nope column 'Label' not found (Parameter 'schema')")]
    [InlineData("Label", "nope", "PredictedLabel", "nope column 'Score' not found (Parameter 'schema')")]
    [InlineData("Label", "Varying", "PredictedLabel", "Schema mismatch for score column 'Varying': expected vector of two or more items of type Single, got Vector<Single> (Parameter 'schema')")]
    [InlineData("Text", "Score", "PredictedLabel", "Schema mismatch for label column 'Text': expected Single or Key, got String (Parameter 'schema')")]
    public void Evaluate_WrongColumns_Throws(string label, string score, string predicted, string message)
    {
        IDataView data = Data(Row(0, 1, 0, 0));
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => _context.MulticlassClassification.Evaluate(data, label, score, predicted));
        Assert.Equal(message, error.Message);
    }

    [Fact]
    public void GetFormattedConfusionTable_LongNames_NumbersTheColumns()
    {
        string[] names = ["setosa", "versicolor", "virginica"];
        var rows = Enumerable.Range(0, 90).Select(i => new NamedRow { Label = i / 30, setosa = i / 30 == 0 ? 1 : 0, versicolor = i / 30 == 1 ? 1 : 0, virginica = i / 30 == 2 ? 1 : 0 });
        IDataView data = _context.Data.LoadFromEnumerable(rows.ToList());
        data = _context.Transforms.Concatenate("Score", names).Fit(data).Transform(data);
        AssertTable(_context.MulticlassClassification.Evaluate(data), """

            Confusion table
                          ||========================
            PREDICTED     ||     0 |     1 |     2 | Recall
            TRUTH         ||========================
            0.     setosa ||    30 |     0 |     0 | 1.0000
            1. versicolor ||     0 |    30 |     0 | 1.0000
            2.  virginica ||     0 |     0 |    30 | 1.0000
                          ||========================
            Precision     ||1.0000 |1.0000 |1.0000 |

            """);
    }

    [Fact]
    public void GetFormattedConfusionTable_NoNames_NumbersTheClasses()
    {
        MulticlassClassificationMetrics metrics = Evaluate(0, Row(0, 1, 0, 0), Row(1, 0, 1, 0), Row(2, 1, 0, 0));
        AssertTable(metrics, """

            Confusion table
                      ||========================
            PREDICTED ||     0 |     1 |     2 | Recall
            TRUTH     ||========================
                    0 ||     1 |     0 |     0 | 1.0000
                    1 ||     0 |     1 |     0 | 1.0000
                    2 ||     1 |     0 |     0 | 0.0000
                      ||========================
            Precision ||0.5000 |1.0000 |0.0000 |

            """);
        Assert.Equal(1, metrics.ConfusionMatrix.GetCountForClassPair(0, 2));
        Assert.Equal(0, metrics.ConfusionMatrix.GetCountForClassPair(2, 0));
        Assert.Equal(3, metrics.ConfusionMatrix.NumberOfClasses);
        Assert.Throws<ArgumentOutOfRangeException>(() => metrics.ConfusionMatrix.GetCountForClassPair(3, 0));
    }

    [Fact]
    public void GetFormattedConfusionTable_TwoClasses_HasWideColumns()
    {
        IDataView data = _context.Data.LoadFromEnumerable(new[] { new TwoClassRow { Label = 0, Score = [1, 0] }, new TwoClassRow { Label = 1, Score = [1, 0] } });
        AssertTable(_context.MulticlassClassification.Evaluate(data), """

            Confusion table
                      ||======================
            PREDICTED ||        0 |        1 | Recall
            TRUTH     ||======================
                    0 ||        1 |        0 | 1.0000
                    1 ||        1 |        0 | 0.0000
                      ||======================
            Precision ||   0.5000 |   0.0000 |

            """);
    }

    [Fact]
    public void CrossValidate_ThreeFolds_EvaluatesEveryRowOnce()
    {
        IDataView data = Data([.. Enumerable.Range(0, 60).Select(i => Row(i % 3, i % 3 == 0 ? 1 : 0, i % 3 == 1 ? 1 : 0, i % 3 == 2 ? 1 : 0))]);
        IEstimator<ITransformer> estimator = _context.Transforms.Conversion.MapValueToKey("K", "Text");
        IReadOnlyList<TrainCatalogBase.CrossValidationResult<MulticlassClassificationMetrics>> folds = _context.MulticlassClassification.CrossValidate(data, estimator, 3);
        Assert.Equal([0, 1, 2], folds.Select(fold => fold.Fold));
        Assert.All(folds, fold => Assert.Equal(1, fold.Metrics.MicroAccuracy));
        Assert.All(folds, fold => Assert.Equal(["Label", "Score", "PredictedLabel", "Varying", "Text", "K"], fold.ScoredHoldOutSet.Schema.Select(column => column.Name)));
        Assert.Equal(60, folds.Sum(fold => fold.ScoredHoldOutSet.GetColumn<float>("Label").Count()));
        Assert.Equal(3, folds.Select(fold => fold.Model).Distinct().Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.MulticlassClassification.CrossValidate(data, estimator, 1));
    }

    private static ScoredRow Row(float label, params float[] scores) => new() { Label = label, Score = scores };

    private static KeyLabelRow KeyRow(uint label) => new() { Label = label, Score = [0.6f, 0.3f, 0.1f] };

    private static void AssertTable(MulticlassClassificationMetrics metrics, string expected) =>
        Assert.Equal(expected.ReplaceLineEndings(), metrics.ConfusionMatrix.GetFormattedConfusionTable());

    private void AssertMetrics(string expected, int k, params ScoredRow[] rows) => Assert.Equal(expected, Describe(Evaluate(k, rows)));

    private MulticlassClassificationMetrics Evaluate(int k, params ScoredRow[] rows) =>
        _context.MulticlassClassification.Evaluate(Data(rows), topKPredictionCount: k);

    private IDataView Data(params ScoredRow[] rows) => _context.Data.LoadFromEnumerable(rows);

    private static string Describe(MulticlassClassificationMetrics m) => string.Create(CultureInfo.InvariantCulture,
        $"micro {m.MicroAccuracy} macro {m.MacroAccuracy} ll {m.LogLoss} llr {m.LogLossReduction} top{m.TopKPredictionCount} {m.TopKAccuracy} all {(m.TopKAccuracyForAllK == null ? "[null]" : List(m.TopKAccuracyForAllK))} perclass {List(m.PerClassLogLoss)} counts [{string.Join("/", m.ConfusionMatrix.Counts.Select(Join))}] P {List(m.ConfusionMatrix.PerClassPrecision)} R {List(m.ConfusionMatrix.PerClassRecall)}");

    private static string List(IEnumerable<double> values) => $"[{Join(values)}]";

    private static string Join(IEnumerable<double> values) => string.Join(",", values.Select(value => value.ToString(CultureInfo.InvariantCulture)));

    private sealed class ScoredRow
    {
        public float Label { get; set; }

        [VectorType(3)]
        public float[] Score { get; set; } = [];

        public uint PredictedLabel { get; set; }

        public float[] Varying { get; set; } = [];

        public string Text { get; set; } = "t";
    }

    private sealed class KeyLabelRow
    {
        [KeyType(3)]
        public uint Label { get; set; }

        [VectorType(3)]
        public float[] Score { get; set; } = [];

        public uint PredictedLabel { get; set; }
    }

    private sealed class TwoClassRow
    {
        public float Label { get; set; }

        [VectorType(2)]
        public float[] Score { get; set; } = [];

        public uint PredictedLabel { get; set; }
    }

    private sealed class NamedRow
    {
        public float Label { get; set; }

        public float setosa { get; set; }

        public float versicolor { get; set; }

        public float virginica { get; set; }

        public uint PredictedLabel { get; set; }
    }
}
