namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>Loss, accuracy and learning rate over the epochs, as a drawing.</summary>
internal static class LearningCurves
{
    /// <summary>Draws all epochs so far.</summary>
    public static Svg Draw(IReadOnlyList<EpochProgress> history)
    {
        var svg = new Svg(3 * ChartFrame.OuterWidth, ChartFrame.OuterHeight);
        Panel(svg, 0, "Loss", history, ("training", e => e.Loss), ("validation", e => e.ValidationLoss));
        Panel(svg, 1, "Accuracy", history, ("training", e => e.Accuracy), ("validation", e => e.ValidationAccuracy));
        Panel(svg, 2, "Learning rate", history, ("", e => e.LearningRate));
        return svg;
    }

    private static void Panel(Svg svg, int column, string title, IReadOnlyList<EpochProgress> history,
        params (string Name, Func<EpochProgress, double?> Value)[] series)
    {
        var frame = new ChartFrame(svg, column, title, "epoch",
            [.. history.SelectMany(e => series.Select(s => s.Value(e))).OfType<double>()]);
        int epochs = Math.Max(1, history.Count);
        double Part(double epoch) => epochs == 1 ? 0.5 : (epoch - 1) / (epochs - 1);
        int every = (int)RoundScale.Around(0, epochs).Step;
        for (int epoch = 1; epoch <= epochs; epoch++)
            if (epoch == 1 || epoch % Math.Max(1, every) == 0)
                frame.Mark(Part(epoch), FormattableString.Invariant($"{epoch}"));
        double legend = frame.X(1);
        for (int i = series.Length - 1; i >= 0; i--)
        {
            (double X, double Y)[] points = [.. history.Where(e => series[i].Value(e) is { } v && double.IsFinite(v))
                .Select(e => (frame.X(Part(e.Epoch)), frame.Y(series[i].Value(e)!.Value)))];
            svg.Curve(points, $"line{i}");
            if (points.Length == 0 || series[i].Name.Length == 0)
                continue;
            svg.Text(legend, 20, series[i].Name, "end");
            legend -= (7 * series[i].Name.Length) + 20;
            svg.Line(legend, 16, legend + 16, 16, $"curve line{i}");
            legend -= 10;
        }
    }
}
