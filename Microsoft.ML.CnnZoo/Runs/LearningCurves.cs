namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>Loss, accuracy and learning rate over the epochs, as a drawing.</summary>
internal static class LearningCurves
{
    private const double Width = 380, Height = 280, Left = 58, Right = 14, Top = 34, Bottom = 52;

    /// <summary>Draws all epochs so far.</summary>
    public static Svg Draw(IReadOnlyList<EpochProgress> history)
    {
        var svg = new Svg(3 * Width, Height);
        Panel(svg, 0, "Loss", history, ("training", e => e.Loss), ("validation", e => e.ValidationLoss));
        Panel(svg, 1, "Accuracy", history, ("training", e => e.Accuracy), ("validation", e => e.ValidationAccuracy));
        Panel(svg, 2, "Learning rate", history, ("", e => e.LearningRate));
        return svg;
    }

    private static void Panel(Svg svg, int column, string title, IReadOnlyList<EpochProgress> history,
        params (string Name, Func<EpochProgress, double?> Value)[] series)
    {
        double x0 = (column * Width) + Left, width = Width - Left - Right, height = Height - Top - Bottom;
        double[] values = [.. history.SelectMany(e => series.Select(s => s.Value(e))).OfType<double>()];
        (double least, double most, double step) = RoundScale.Around(values.DefaultIfEmpty(0).Min(), values.DefaultIfEmpty(1).Max());
        int epochs = Math.Max(1, history.Count);
        double X(double epoch) => x0 + (epochs == 1 ? width / 2 : (epoch - 1) / (epochs - 1) * width);
        double Y(double value) => Top + ((most - value) / (most - least) * height);

        svg.Text(x0, 20, title, kind: "title");
        for (int tick = 0; least + (tick * step) <= most + (step / 2); tick++)
        {
            double value = least + (tick * step);
            svg.Line(x0, Y(value), x0 + width, Y(value), "grid");
            svg.Text(x0 - 6, Y(value) + 4, FormattableString.Invariant($"{Math.Round(value, 12):g4}"), "end");
        }
        int every = (int)RoundScale.Around(0, epochs).Step;
        for (int epoch = 1; epoch <= epochs; epoch++)
            if (epoch == 1 || epoch % Math.Max(1, every) == 0)
                svg.Text(X(epoch), Top + height + 16, FormattableString.Invariant($"{epoch}"), "middle");
        svg.Text(x0 + (width / 2), Top + height + 34, "epoch", "middle");
        double legend = x0 + width;
        for (int i = series.Length - 1; i >= 0; i--)
        {
            (double X, double Y)[] points = [.. history.Where(e => series[i].Value(e) is { } v && double.IsFinite(v))
                .Select(e => (X(e.Epoch), Y(series[i].Value(e)!.Value)))];
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
