using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli.Reports;

/// <summary>Makes a report's data of judged rows.</summary>
internal static class ReportSource
{
    private const int MostPairs = 8, MostMistakes = 24, MostPoints = 200;

    /// <summary>What scores alone say.</summary>
    /// <param name="title">Heading.</param>
    /// <param name="report">The judged rows.</param>
    /// <param name="nameOf">Name of a row.</param>
    /// <param name="rule">When the model answers; null where that is not known.</param>
    public static ReportData Of(string title, ClassificationReport report, Func<int, string> nameOf, DecisionRule? rule = null)
    {
        ReportIntervals intervals = report.Bootstrap();
        IReadOnlyList<Figure> figures = Figure.All(report.ClassNames.Count);
        DecisionFacts? decision = rule is null ? null : Decide(report, rule);
        return new ReportData(title, DateTimeOffset.Now, report.Count)
        {
            Metrics = figures.ToDictionary(f => f.Key, f => f.Read(report)),
            Intervals = figures.Where(f => f.Interval is not null).ToDictionary(f => f.Key, f => f.Interval!(intervals)),
            Findings = Findings.Of(report, intervals, decision),
            Classes = report.Classes,
            Confusion = report.Confusion,
            MostConfused = [.. report.MostConfused(MostPairs).Select(p => new ConfusedClasses(report.ClassNames[p.Label],
                report.ClassNames[p.Predicted], p.Count, p.Share))],
            ReliabilityBins = report.ReliabilityBins,
            RiskCoverage = Thin(report.RiskCoverage),
            WorstMistakes = [.. report.Worst(MostMistakes, mistakesOnly: true).Select(row => Describe(report, row, nameOf))],
            Decision = decision,
        };
    }

    /// <summary>A row in words.</summary>
    public static JudgedImage Describe(ClassificationReport report, JudgedRow row, Func<int, string> nameOf) =>
        new(nameOf(row.Row), report.ClassNames[row.Label], report.ClassNames[row.Predicted], row.Confidence, row.LabelProbability);

    private static DecisionFacts Decide(ClassificationReport report, DecisionRule rule)
    {
        JudgedRow[] answered = [.. report.Rows.Where(r => r.Confidence >= rule.AbstainBelow)];
        return new(rule.Temperature, rule.AbstainBelow, (double)answered.Length / report.Count,
            answered.Length == 0 ? double.NaN : answered.Average(r => r.IsCorrect ? 1.0 : 0));
    }

    /// <summary>Points evenly spread over the coverage, the last among them.</summary>
    private static RiskCoveragePoint[] Thin(IReadOnlyList<RiskCoveragePoint> points)
    {
        int count = Math.Min(MostPoints, points.Count);
        return [.. Enumerable.Range(1, count).Select(i => points[(int)((long)i * points.Count / count) - 1])];
    }
}
