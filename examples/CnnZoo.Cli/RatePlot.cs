using Microsoft.ML.CnnZoo;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace CnnZoo.Cli;

/// <summary>A learning rate range test: loss over rate, on a logarithmic axis.</summary>
internal static class RatePlot
{
    private const int Width = 800, Height = 480;

    /// <summary>The plot as an SVG document.</summary>
    public static string ToSvg(LearningRateSearch search)
    {
        var model = new PlotModel
        {
            Title = FormattableString.Invariant($"Learning rate: {search.SuggestedRate:g3}"), TitleFontSize = 16,
            DefaultFont = "Arial", Background = OxyColors.White, Padding = new OxyThickness(12),
            PlotAreaBorderThickness = new OxyThickness(1, 0, 0, 1),
        };
        model.Axes.Add(new LogarithmicAxis
        {
            Position = AxisPosition.Bottom, Title = "learning rate", AxisTitleDistance = 8,
            Minimum = search.Rates[0], Maximum = Math.Max(search.Rates[^1], 2 * search.Rates[0]),
        });
        model.Axes.Add(new LinearAxis
        {
            Position = AxisPosition.Left, Title = "loss (smoothed)", AxisTitleDistance = 10,
            MajorGridlineStyle = LineStyle.Solid, MajorGridlineColor = OxyColor.FromRgb(225, 225, 225),
        });
        var line = new LineSeries { Color = OxyColor.Parse("#0072B2"), StrokeThickness = 2.2, LineJoin = LineJoin.Round };
        line.Points.AddRange(search.Rates.Zip(search.Losses, (rate, loss) => new DataPoint(rate, loss)));
        model.Series.Add(line);
        model.Annotations.Add(new LineAnnotation
        {
            Type = LineAnnotationType.Vertical, X = search.SuggestedRate, Color = OxyColor.Parse("#D55E00"),
            Text = "the loss falls fastest",
        });
        // The workaround: not every viewer knows SVG's vertical alignment of text.
        return new SvgExporter { Width = Width, Height = Height, UseVerticalTextAlignmentWorkaround = true }
            .ExportToString(model);
    }
}
