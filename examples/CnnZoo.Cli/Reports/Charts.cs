using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Runs;

namespace CnnZoo.Cli.Reports;

/// <summary>The charts of a report, as SVG for its page.</summary>
internal static class Charts
{
    private const double Width = 460, Height = 300, Left = 56, Right = 24, Top = 30, Bottom = 46;
    private const double PlotWidth = Width - Left - Right, PlotHeight = Height - Top - Bottom;

    private sealed record Axis(string Name, double Least, double Most, double Step, bool IsShare = false)
    {
        public string Show(double value) => IsShare ? FormattableString.Invariant($"{Math.Round(100 * value):F0} %")
            : FormattableString.Invariant($"{Math.Round(value, 10):g4}");
    }

    /// <summary>Accuracy over confidence: the nearer to the diagonal, the better.</summary>
    public static string Reliability(IReadOnlyList<ReliabilityBin> bins)
    {
        var share = new Axis("confidence", 0, 1, 0.2, IsShare: true);
        Svg svg = Begin("Reliability: accuracy over confidence", share, share with { Name = "accuracy" });
        int most = Math.Max(1, bins.Max(b => b.Count));
        foreach (ReliabilityBin bin in bins.Where(b => b.Count > 0))
        {
            double x = X(share, bin.From) + 1, width = (PlotWidth / bins.Count) - 2, y = Y(share, bin.Accuracy);
            svg.Rectangle(x, y, width, Top + PlotHeight - y, "bar", 0.35 + (0.65 * bin.Count / most), 
                FormattableString.Invariant($"confidence {Figure.Percent(bin.From)} to {Figure.Percent(bin.To)}: ")
                + FormattableString.Invariant($"{bin.Count} images, confident to {Figure.Percent(bin.Confidence)}, ")
                + $"right in {Figure.Percent(bin.Accuracy)}");
        }
        svg.Line(X(share, 0), Y(share, 0), X(share, 1), Y(share, 1), "diagonal");
        return svg.ToString();
    }

    /// <summary>Error rate where only the most confident images are answered.</summary>
    public static string RiskCoverage(IReadOnlyList<RiskCoveragePoint> points, DecisionFacts? decision)
    {
        Axis coverage = new("coverage: share of images that get an answer", 0, 1, 0.2, IsShare: true),
            risk = AxisOf("error rate", points.Select(p => p.Risk).Append(0), isShare: true);
        Svg svg = Begin("Risk over coverage", coverage, risk);
        svg.Curve([.. points.Select(p => (X(coverage, p.Coverage), Y(risk, p.Risk)))], "line0");
        if (decision is { AbstainBelow: > 0, AnsweredAccuracy: >= 0 })
        {
            double x = X(coverage, decision.Coverage), y = Y(risk, Math.Min(risk.Most, 1 - decision.AnsweredAccuracy));
            svg.Line(x, Top, x, Top + PlotHeight, "diagonal");
            svg.Curve([(x, y)], "line1");
        }
        return svg.ToString();
    }

    /// <summary>Loss of training and validation over the epochs.</summary>
    public static string Loss(IReadOnlyList<ReportEpoch> epochs) => Learning("loss", epochs, e => e.Loss, e => e.ValidationLoss);

    /// <summary>Their accuracy.</summary>
    public static string Accuracy(IReadOnlyList<ReportEpoch> epochs) =>
        Learning("accuracy", epochs, e => e.Accuracy, e => e.ValidationAccuracy, isShare: true);

    private static string Learning(string name, IReadOnlyList<ReportEpoch> epochs, Func<ReportEpoch, double?> training,
        Func<ReportEpoch, double?> validation, bool isShare = false)
    {
        (double X, double Y)[] Of(Func<ReportEpoch, double?> value) => [.. epochs
            .Where(e => value(e) is { } v && double.IsFinite(v)).Select(e => ((double)e.Epoch, value(e)!.Value))];
        (double X, double Y)[][] series = [Of(training), Of(validation)];
        int last = Math.Max(2, epochs.Max(e => e.Epoch));
        var time = new Axis("epoch", 1, last, Math.Max(1, Math.Ceiling(last / 8.0)));
        Axis axis = AxisOf(name, series.SelectMany(s => s.Select(p => p.Y)), isShare);
        Svg svg = Begin($"{name} over epochs", time, axis);
        for (int i = series.Length - 1; i >= 0; i--)
            svg.Curve([.. series[i].Select(p => (X(time, p.X), Y(axis, p.Y)))], $"line{i}");
        return svg.ToString();
    }

    private static Axis AxisOf(string name, IEnumerable<double> values, bool isShare)
    {
        double[] all = [.. values.Where(double.IsFinite).DefaultIfEmpty(0)];
        (double least, double most, double step) = RoundScale.Around(all.Min(), all.Max());
        return new(name, least, most, step, isShare);
    }

    private static Svg Begin(string label, Axis x, Axis y)
    {
        var svg = new Svg(Width, Height, label);
        for (double value = y.Least; value <= y.Most + (y.Step / 2); value += y.Step)
        {
            svg.Line(Left, Y(y, value), Left + PlotWidth, Y(y, value), "grid");
            svg.Text(Left - 7, Y(y, value) + 4, y.Show(value), "end");
        }
        for (double value = x.Least; value <= x.Most + (x.Step / 100); value += x.Step)
            svg.Text(X(x, value), Top + PlotHeight + 18, x.Show(value), "middle");
        svg.Text(Left, 16, y.Name, kind: "axis");
        svg.Text(Left + PlotWidth, Height - 6, x.Name, "end", "axis");
        return svg;
    }

    private static double X(Axis axis, double value) => Left + ((value - axis.Least) / (axis.Most - axis.Least) * PlotWidth);

    private static double Y(Axis axis, double value) => Top + ((axis.Most - value) / (axis.Most - axis.Least) * PlotHeight);
}
