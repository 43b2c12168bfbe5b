using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Judging;

public class DecisionRuleTests
{
    [Theory]
    [MemberData(nameof(ClassificationReportTests.Names), MemberType = typeof(ClassificationReportTests))]
    public void Apply_FittedTemperature_GivesTheLossThatWasPromised(string name)
    {
        (float[][] scores, int[] labels) = Golden(name);
        var before = ClassificationReport.Compute(scores, labels);
        var rule = DecisionRule.FitTemperature(scores, labels);
        var after = ClassificationReport.Compute(Changed(scores, rule), labels);
        Assert.Equal(before.LogLossAtTemperature, after.LogLoss, 1e-5);
        Assert.Equal(before.Accuracy, after.Accuracy);
        Assert.True(after.ExpectedCalibrationError < before.ExpectedCalibrationError + 0.02);
        Assert.Equal(1, after.Temperature, 1e-3);
    }

    [Fact]
    public void Apply_ClassShares_IsBayes()
    {
        DecisionRule rule = DecisionRule.None.ForClassShares([0.5, 0.5], [9, 1]);
        float[] row = [0.3f, 0.7f];
        rule.Apply(row);
        // 0.3·1.8 against 0.7·0.2
        Assert.Equal([0.54 / 0.68, 0.14 / 0.68], row.Select(p => (double)p), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Apply_Default_ChangesNoBit()
    {
        float[] row = [0.3f, 0.2f, 0.4999f];
        DecisionRule.None.Apply(row);
        Assert.Equal([0.3f, 0.2f, 0.4999f], row);
    }

    [Theory]
    [InlineData("ten_sharp", 0.6)]
    [InlineData("three", 0.8)]
    [InlineData("imbalanced", 0.7)]
    public void WithAbstention_WishedPrecision_IsReachedAndNoLowerThresholdWouldDo(string name, double wished)
    {
        (float[][] scores, int[] labels) = Golden(name);
        DecisionRule rule = DecisionRule.FitTemperature(scores, labels).WithAbstention(wished, scores, labels);
        JudgedRow[] rows = [.. ClassificationReport.Compute(Changed(scores, rule), labels).Rows];
        double Precision(double threshold) =>
            rows.Where(r => r.Confidence >= threshold).Average(r => r.IsCorrect ? 1.0 : 0);
        Assert.InRange(rule.AbstainBelow, 0.01, 0.999);
        Assert.True(Precision(rule.AbstainBelow) >= wished);
        Assert.All(rows.Select(r => r.Confidence).Where(c => c < rule.AbstainBelow), c => Assert.True(Precision(c) < wished));
    }

    [Fact]
    public void WithAbstention_AllRight_AlwaysAnswers() =>
        Assert.Equal(0, DecisionRule.None.WithAbstention(1, [[0.9f, 0.1f], [0.4f, 0.6f]], [0, 1]).AbstainBelow);

    [Fact]
    public void WithAbstention_MostConfidentIsWrong_Throws() => Assert.Contains("of 2 rows",
        Assert.Throws<InvalidOperationException>(
            () => DecisionRule.None.WithAbstention(1, [[0.9f, 0.1f], [0.4f, 0.6f]], [1, 1])).Message,
        StringComparison.Ordinal);

    private static (float[][] Scores, int[] Labels) Golden(string name)
    {
        GoldenScores golden = GoldenScores.All().First(g => g.Name == name);
        return (Array.ConvertAll(golden.Probabilities, row => Array.ConvertAll(row, p => (float)p)), golden.Labels);
    }

    private static float[][] Changed(float[][] scores, DecisionRule rule) => Array.ConvertAll(scores, row =>
    {
        float[] copy = [.. row];
        rule.Apply(copy);
        return copy;
    });
}
