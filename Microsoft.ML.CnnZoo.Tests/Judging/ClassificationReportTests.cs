using System.Text.Json;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Judging;

public class ClassificationReportTests
{
    private const double Tolerance = 1e-6;

    /// <summary>What a golden figure is called here.</summary>
    private static readonly Dictionary<string, Func<ClassificationReport, double[]>> Figures = new()
    {
        ["accuracy"] = r => [r.Accuracy],
        ["macroAccuracy"] = r => [r.MacroAccuracy],
        ["balancedAccuracy"] = r => [r.MacroAccuracy],
        ["logLoss"] = r => [r.LogLoss],
        ["precision"] = r => [.. r.Classes.Select(c => c.Precision)],
        ["recall"] = r => [.. r.Classes.Select(c => c.Recall)],
        ["f1"] = r => [.. r.Classes.Select(c => c.F1)],
        ["support"] = r => [.. r.Classes.Select(c => c.Support)],
        ["macroF1"] = r => [r.MacroF1],
        ["weightedF1"] = r => [r.WeightedF1],
        ["kappa"] = r => [r.Kappa],
        ["mcc"] = r => [r.MatthewsCorrelation],
        ["confusion"] = r => [.. r.Confusion.SelectMany(row => row.Select(n => (double)n))],
        ["ece15"] = r => [r.ExpectedCalibrationError],
        ["mce15"] = r => [r.MaximumCalibrationError],
        ["brierMulticlass"] = r => [r.BrierScore],
        ["temperature"] = r => [r.Temperature],
        ["logLossAtTemperature"] = r => [r.LogLossAtTemperature],
        ["rocAucOvrMacro"] = r => [r.MacroAuc],
        ["areaUnderRiskCoverage"] = r => [r.AreaUnderRiskCoverage],
        ["worst5"] = r => [.. r.Worst(5).Select(w => (double)w.Row)],
    };

    private static readonly string[] Formula = ["name", "n", "classes", "sharp", "bonus", "labels", "topK"];

    public static TheoryData<string> Names => [.. GoldenScores.All().Select(g => g.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Compute_GoldenScores_AgreesWithOtherLibraries(string name)
    {
        GoldenScores golden = GoldenScores.All().First(g => g.Name == name);
        var report = ClassificationReport.Compute(golden.Probabilities, golden.Labels);
        foreach (JsonProperty figure in golden.Case.EnumerateObject().Where(f => !Formula.Contains(f.Name)))
        {
            if (figure.Value.ValueKind == JsonValueKind.Null)
                continue;
            double[] expected = Numbers(figure.Value), found = Figures[figure.Name](report);
            Assert.Equal(expected.Length, found.Length);
            Assert.All(expected.Zip(found), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= Tolerance,
                $"{figure.Name}: {pair.Second:r} instead of {pair.First:r}"));
        }
        foreach (JsonProperty top in golden.Case.GetProperty("topK").EnumerateObject())
            Assert.Equal(top.Value.GetDouble(), report.TopKAccuracy(int.Parse(top.Name)), Tolerance);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Compute_FloatScores_AgreesWithEvaluateToTheLastDigit(string name)
    {
        GoldenScores golden = GoldenScores.All().First(g => g.Name == name);
        float[][] scores = Array.ConvertAll(golden.Probabilities, row => Array.ConvertAll(row, p => (float)p));
        scores[0] = [.. scores[0].Select((_, c) => c == golden.Labels[0] ? 0f : c == (golden.Labels[0] + 1) % scores[0].Length ? 1f : 0f)];
        MulticlassClassificationMetrics expected = Evaluate(scores, golden.Labels, topK: 2);
        var report = ClassificationReport.Compute(scores, golden.Labels);

        Assert.Equal(expected.MicroAccuracy, report.Accuracy);
        Assert.Equal(expected.MacroAccuracy, report.MacroAccuracy);
        Assert.Equal(expected.LogLoss, report.LogLoss);
        Assert.Equal(expected.LogLossReduction, report.LogLossReduction);
        Assert.Equal(expected.PerClassLogLoss, report.Classes.Select(c => c.LogLoss));
        Assert.Equal(expected.TopKAccuracy, report.TopKAccuracy(2));
        Assert.Equal(expected.ConfusionMatrix.PerClassPrecision, report.Classes.Select(c => c.Precision));
        Assert.Equal(expected.ConfusionMatrix.PerClassRecall, report.Classes.Select(c => c.Recall));
        Assert.Equal(expected.ConfusionMatrix.Counts, report.Confusion.Select(row => row.Select(n => (double)n).ToArray()));
    }

    [Fact]
    public void Compute_TiesAndAClassWithoutRows_AreAsDocumented()
    {
        var report = ClassificationReport.Compute(
            [[0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.0, 1.0, 0.0]], [0, 1, 1], ["a", "b", "c"]);
        Assert.Equal([0, 0, 1], report.Rows.Select(r => r.Predicted));
        Assert.Equal(2.0 / 3, report.Accuracy);
        Assert.Equal(1, report.TopKAccuracy(2));
        Assert.Equal(0.75, report.MacroAccuracy);
        Assert.Equal(0.5, report.MacroRecall);
        Assert.Equal([0, 0, 0], ((double[])[report.Classes[2].Precision, report.Classes[2].Recall, report.Classes[2].F1]));
        Assert.Equal(double.NaN, report.Classes[2].Auc);
        Assert.Equal(0.75, report.MacroAuc);
        Assert.Equal(3, report.ReliabilityBins.Sum(b => b.Count));
        Assert.Equal(1, report.ReliabilityBins[^1].Count);
        Assert.Equal([new ConfusedPair(1, 0, 1, 0.5)], report.MostConfused(5));
        Assert.Equal([1], report.Worst(5, mistakesOnly: true).Select(r => r.Row));
        Assert.Equal([0, 0.0, 1.0 / 3], report.RiskCoverage.Select(p => p.Risk));
    }

    [Fact]
    public void Temperature_NoRowWrong_IsOne() =>
        Assert.Equal(1, ClassificationReport.Compute([[0.9, 0.1], [0.2, 0.8]], [0, 1]).Temperature);

    [Fact]
    public void Bootstrap_SameSeed_SameIntervals()
    {
        GoldenScores golden = GoldenScores.All().First();
        var report = ClassificationReport.Compute(golden.Probabilities, golden.Labels);
        ReportIntervals first = report.Bootstrap(500), other = report.Bootstrap(500, seed: 2);
        Assert.Equal(first, report.Bootstrap(500));
        Assert.NotEqual(first, other);
        // the binomial's own interval, for a share
        double half = 1.96 * Math.Sqrt(report.Accuracy * (1 - report.Accuracy) / report.Count);
        Assert.Equal(report.Accuracy - half, first.Accuracy.Low, 0.012);
        Assert.Equal(report.Accuracy + half, first.Accuracy.High, 0.012);
        foreach ((ConfidenceInterval range, double figure) in ((ConfidenceInterval, double)[])
            [(first.MacroAccuracy, report.MacroAccuracy), (first.MacroF1, report.MacroF1), (first.LogLoss, report.LogLoss),
                (first.BrierScore, report.BrierScore)])
            Assert.True(range.Low < figure && figure < range.High && range.High - range.Low < 0.6);
    }

    [Theory]
    [InlineData(new[] { 0.5, 0.6 }, 0, "sum 1.1")]
    [InlineData(new[] { 1.5, -0.5 }, 0, "-0.5")]
    [InlineData(new[] { double.NaN, 1 }, 0, "NaN")]
    [InlineData(new[] { 0.5, 0.5 }, 2, "label 2; expected 0 to 1")]
    [InlineData(new[] { 0.5, 0.25, 0.25 }, 0, "3 probabilities; expected 2")]
    public void Compute_WrongRow_IsNamed(double[] row, int label, string expected)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => ClassificationReport.Compute([[0.5, 0.5], row], [1, label]));
        Assert.Contains("Row 1", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    private static double[] Numbers(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().SelectMany(Numbers)] : [value.GetDouble()];

    private static MulticlassClassificationMetrics Evaluate(float[][] scores, int[] labels, int topK)
    {
        int classes = scores[0].Length;
        var schema = SchemaDefinition.Create(typeof(Row));
        schema["Label"].ColumnType = schema["PredictedLabel"].ColumnType = new KeyDataViewType(typeof(uint), classes);
        schema["Score"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, classes);
        var mlContext = new MLContext();
        return mlContext.MulticlassClassification.Evaluate(mlContext.Data.LoadFromEnumerable(
            scores.Select((s, i) => new Row { Label = (uint)labels[i], Score = s }), schema),
            topKPredictionCount: topK);
    }

    private sealed class Row
    {
        public uint Label { get; set; }
        public uint PredictedLabel { get; set; }
        public float[] Score { get; set; } = [];
    }
}
