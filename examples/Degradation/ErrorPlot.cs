using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Degradation;

/// <summary>A network's training error after each epoch, 0 to 1.</summary>
internal sealed record ErrorCurve(string Name, int Depth, bool IsResidual, IReadOnlyList<double> Errors);

/// <summary>Training error by epoch: a color per depth, dashed for plain networks.</summary>
internal static class ErrorPlot
{
    private const int Width = 900, Height = 540;

    // The palette of Okabe and Ito, which color-blind readers can tell apart; without its yellow, too pale for lines.
    private static readonly OxyColor[] Colors =
        Array.ConvertAll(["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"], OxyColor.Parse);

    /// <summary>The plot as an SVG document.</summary>
    public static string ToSvg(string title, IReadOnlyList<ErrorCurve> curves)
    {
        var model = new PlotModel
        {
            Title = title, TitleFontSize = 17, DefaultFont = "Arial", DefaultFontSize = 13,
            Background = OxyColors.White, PlotAreaBorderThickness = new OxyThickness(1, 0, 0, 1),
            Padding = new OxyThickness(12),
        };
        model.Axes.Add(new LinearAxis
        {
            Position = AxisPosition.Bottom, Title = "epoch", Minimum = 1,
            Maximum = Math.Max(2, curves.Max(c => c.Errors.Count)),
            MinimumMajorStep = 1, MinimumMinorStep = 1, MinorTickSize = 0, AxisTitleDistance = 8,
        });
        model.Axes.Add(new LinearAxis
        {
            Position = AxisPosition.Left, Title = "training error", Minimum = 0, MaximumPadding = 0.05,
            MinorTickSize = 0, AxisTitleDistance = 10, LabelFormatter = error => $"{100 * error:0} %",
            MajorGridlineStyle = LineStyle.Solid, MajorGridlineColor = OxyColor.FromRgb(225, 225, 225),
        });
        model.Legends.Add(
            new Legend { LegendPlacement = LegendPlacement.Outside, LegendSymbolLength = 36, LegendItemSpacing = 10 });
        List<int> depths = [.. curves.Select(c => c.Depth).Distinct().Order()];
        foreach (ErrorCurve curve in curves)
            model.Series.Add(Series(curve, Colors[depths.IndexOf(curve.Depth) % Colors.Length]));
        // The workaround: not every viewer knows SVG's vertical alignment of text.
        var exporter = new SvgExporter
        {
            Width = Width, Height = Height, TextMeasurer = new RoomyText(), UseVerticalTextAlignmentWorkaround = true,
        };
        return exporter.ExportToString(model);
    }

    private static LineSeries Series(ErrorCurve curve, OxyColor color)
    {
        var series = new LineSeries
        {
            Title = curve.Name, Color = color, StrokeThickness = 2.2, LineJoin = LineJoin.Round,
            LineStyle = curve.IsResidual ? LineStyle.Solid : LineStyle.Dash,
        };
        series.Points.AddRange(curve.Errors.Select((error, epoch) => new DataPoint(epoch + 1, error)));
        return series;
    }

    /// <summary>
    /// OxyPlot measures in points what SVG draws in pixels; and viewers without Arial choose wider fonts.
    /// </summary>
    private sealed class RoomyText() : PdfRenderContext(Width, Height, OxyColors.White)
    {
        private const double Wider = 1.6, Higher = 1.4;

        public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
        {
            OxySize size = base.MeasureText(text, fontFamily, fontSize, fontWeight);
            return new OxySize(size.Width * Wider, size.Height * Higher);
        }
    }
}
