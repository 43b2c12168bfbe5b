namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>Axes of drawings.</summary>
internal static class RoundScale
{
    /// <summary>Round numbers around a range, and a round step between them.</summary>
    public static (double Least, double Most, double Step) Around(double least, double most)
    {
        if (!double.IsFinite(least) || !double.IsFinite(most) || most - least < 1e-12 * Math.Max(1, Math.Abs(most)))
            (least, most) = double.IsFinite(least) && least != 0 ? (Math.Min(0, least), Math.Max(0, least)) : (0, 1);
        double rough = (most - least) / 5, power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = power * (rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 };
        return (Math.Floor(least / step) * step, Math.Ceiling(most / step) * step, step);
    }
}
