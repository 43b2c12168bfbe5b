namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>A learning rate range test as a drawing: the loss over the rate, whose scale is logarithmic.</summary>
internal static class RateChart
{
    /// <summary>Draws a test.</summary>
    public static Svg Draw(LearningRateSearch search)
    {
        var svg = new Svg(ChartFrame.OuterWidth, ChartFrame.OuterHeight);
        var frame = new ChartFrame(svg, 0, FormattableString.Invariant(
            $"Learning rate range test: {search.SuggestedRate:g3}"), "learning rate (the line: the suggestion)",
            [.. search.Losses]);
        double least = Math.Log10(search.Rates[0]), range = Math.Max(1e-6, Math.Log10(search.Rates[^1]) - least);
        double Part(double power) => (power - least) / range;
        for (int power = (int)Math.Ceiling(least - 1e-3); power <= least + range + 1e-3; power++)
            frame.Mark(Part(power), $"1e{power}");
        frame.Line(Math.Clamp(Part(Math.Log10(search.SuggestedRate)), 0, 1), "curve line1");
        svg.Curve([.. search.Rates.Zip(search.Losses, (rate, loss) => (frame.X(Part(Math.Log10(rate))), frame.Y(loss)))],
            "line0");
        return svg;
    }
}
