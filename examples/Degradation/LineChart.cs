using System.Globalization;
using System.Security;
using System.Text;

namespace Degradation;

/// <summary>A curve of a chart.</summary>
/// <param name="Name">Its text in the legend.</param>
/// <param name="Color">An SVG color.</param>
/// <param name="Dashed">Whether the line is dashed.</param>
/// <param name="Values">One value per x = 1, 2, ….</param>
internal sealed record Curve(string Name, string Color, bool Dashed, IReadOnlyList<double> Values);

/// <summary>A line chart as SVG: title, axes with ticks and grid lines, curves, legend.</summary>
internal sealed class LineChart(string title, string xTitle, string yTitle, IReadOnlyList<Curve> curves)
{
    private const int Width = 860, Height = 520, Left = 70, Top = 56, PlotWidth = 600, PlotHeight = 396;

    private readonly double _yMaximum = Ceiling(curves.SelectMany(c => c.Values).DefaultIfEmpty(1).Max());
    private readonly int _xMaximum = Math.Max(2, curves.Max(c => c.Values.Count));
    private readonly StringBuilder _svg = new();

    /// <summary>The picture.</summary>
    public string ToSvg()
    {
        _svg.Clear();
        Line($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" width="{Width}" height="{Height}" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#222">""");
        Line($"""<rect width="{Width}" height="{Height}" fill="#fff"/>""");
        Text(Left, 30, title, "start", "font-size=\"16\" font-weight=\"bold\"");
        AddAxes();
        foreach (Curve curve in curves)
            AddCurve(curve);
        AddLegend();
        Line("</svg>");
        return _svg.ToString();
    }

    private void AddAxes()
    {
        for (int i = 0; i <= 5; i++)
        {
            double value = _yMaximum * i / 5;
            Line($"""<line x1="{Left}" y1="{Y(value):F1}" x2="{Left + PlotWidth}" y2="{Y(value):F1}" stroke="#ddd"/>""");
            Text(Left - 8, Y(value) + 4, value.ToString("0.##", CultureInfo.InvariantCulture), "end");
        }
        int step = Math.Max(1, (int)Math.Ceiling(_xMaximum / 10.0));
        for (int x = 1; x <= _xMaximum; x += step)
        {
            Line($"""<line x1="{X(x):F1}" y1="{Top + PlotHeight}" x2="{X(x):F1}" y2="{Top + PlotHeight + 5}" stroke="#444"/>""");
            Text(X(x), Top + PlotHeight + 20, $"{x}", "middle");
        }
        Line($"""<path d="M{Left} {Top}V{Top + PlotHeight}H{Left + PlotWidth}" fill="none" stroke="#444"/>""");
        Text(Left + (PlotWidth / 2), Height - 20, xTitle, "middle");
        Text(0, 0, yTitle, "middle", $"transform=\"translate(22 {Top + (PlotHeight / 2)}) rotate(-90)\"");
    }

    private void AddCurve(Curve curve)
    {
        string points = string.Join(' ', curve.Values.Select((v, i) => string.Create(CultureInfo.InvariantCulture, $"{X(i + 1):F1},{Y(v):F1}")));
        Line($"""<polyline points="{points}" fill="none" {Stroke(curve)}/>""");
    }

    private void AddLegend()
    {
        int y = Top + 10;
        foreach (Curve curve in curves)
        {
            Line($"""<line x1="{Left + PlotWidth + 20}" y1="{y}" x2="{Left + PlotWidth + 56}" y2="{y}" {Stroke(curve)}/>""");
            Text(Left + PlotWidth + 64, y + 4, curve.Name, "start");
            y += 22;
        }
    }

    private static string Stroke(Curve curve) => $"stroke=\"{curve.Color}\" stroke-width=\"2.2\" stroke-linejoin=\"round\"{(curve.Dashed ? " stroke-dasharray=\"7 4\"" : "")}";

    private double X(int x) => Left + ((x - 1) * (double)PlotWidth / (_xMaximum - 1));

    private double Y(double value) => Top + PlotHeight - (value / _yMaximum * PlotHeight);

    private void Text(double x, double y, string text, string anchor, string more = "") =>
        Line($"""<text x="{x:F1}" y="{y:F1}" text-anchor="{anchor}" {more}>{SecurityElement.Escape(text)}</text>""");

    private void Line(FormattableString line) => _svg.AppendLine(line.ToString(CultureInfo.InvariantCulture));

    private void Line(string line) => _svg.AppendLine(line);

    /// <summary>The next of 1, 2, 5 times a power of ten, in fifths easily read.</summary>
    private static double Ceiling(double value)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1e-3))));
        return power * new[] { 1, 2, 2.5, 5, 10 }.First(f => f * power >= value * 0.9999);
    }
}
