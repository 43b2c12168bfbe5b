namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>What a chart is drawn into: a title above, round numbers on the left with a grid, the name of the axis below.</summary>
internal sealed class ChartFrame
{
    public const double OuterWidth = 380, OuterHeight = 280;
    private const double Left = 58, Right = 14, Top = 34, Bottom = 52;

    private readonly Svg _svg;
    private readonly double _x0, _least, _most;

    /// <summary>Draws the frame.</summary>
    /// <param name="svg">Where.</param>
    /// <param name="column">How many stand left of it.</param>
    /// <param name="title">What is drawn.</param>
    /// <param name="axis">What it is drawn over.</param>
    /// <param name="values">All values, which the scale holds.</param>
    public ChartFrame(Svg svg, int column, string title, string axis, IReadOnlyCollection<double> values)
    {
        (_svg, _x0) = (svg, (column * OuterWidth) + Left);
        (_least, _most, double step) = RoundScale.Around(values.DefaultIfEmpty(0).Min(), values.DefaultIfEmpty(1).Max());
        svg.Text(_x0, 20, title, kind: "title");
        for (int tick = 0; _least + (tick * step) <= _most + (step / 2); tick++)
        {
            double value = _least + (tick * step);
            svg.Line(_x0, Y(value), X(1), Y(value), "grid");
            svg.Text(_x0 - 6, Y(value) + 4, FormattableString.Invariant($"{Math.Round(value, 12):g4}"), "end");
        }
        svg.Text(X(0.5), Top + Height + 34, axis, "middle");
    }

    private static double Width => OuterWidth - Left - Right;

    private static double Height => OuterHeight - Top - Bottom;

    /// <summary>Where a part of the width ends, 0 to 1.</summary>
    public double X(double part) => _x0 + (part * Width);

    /// <summary>Where a value is.</summary>
    public double Y(double value) => Top + ((_most - value) / (_most - _least) * Height);

    /// <summary>Text under a place of the axis.</summary>
    public void Mark(double part, string text) => _svg.Text(X(part), Top + Height + 16, text, "middle");

    /// <summary>A vertical line at a place of the axis.</summary>
    public void Line(double part, string kind) => _svg.Line(X(part), Top, X(part), Top + Height, kind);
}
