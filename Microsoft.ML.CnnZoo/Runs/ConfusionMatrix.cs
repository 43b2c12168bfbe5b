namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>How often images of each class were taken for each other class, as a drawing.</summary>
internal static class ConfusionMatrix
{
    private const int MostNumbers = 30, MostNames = 100, NameLength = 24;
    private const double Side = 620, LeastWidth = 520;

    /// <summary>Draws it: a row for each true class, a column for each predicted one.</summary>
    /// <param name="labels">True class of each image.</param>
    /// <param name="predicted">Predicted class of each image.</param>
    /// <param name="names">Names of the classes.</param>
    public static Svg Draw(IReadOnlyList<int> labels, IReadOnlyList<int> predicted, IReadOnlyList<string> names)
    {
        int classes = names.Count;
        double cell = Math.Clamp(Side / classes, 2, 56);
        double margin = classes <= MostNames ? 30 + (7 * Math.Min(NameLength, names.Max(n => n.Length))) : 30;
        var counts = labels.Zip(predicted).CountBy(pair => pair).ToDictionary();
        int[] rows = new int[classes];
        foreach (int label in labels)
            rows[label]++;
        var svg = new Svg(Math.Max(LeastWidth, margin + (cell * classes) + 20), margin + (cell * classes) + 40);
        svg.Text(10, 20, FormattableString.Invariant(
            $"{labels.Count} validation images: true class (rows), predicted class (columns)"), kind: "title");
        double left = margin, top = margin + 10;
        svg.Rectangle(left, top, cell * classes, cell * classes, "cell", 0.05);
        for (int c = 0; c < classes && classes <= MostNames; c++)
        {
            svg.Text(left - 6, top + (cell * (c + 0.5)) + 4, Short(names[c]), "end");
            svg.Text(left + (cell * (c + 0.5)) + 4, top - 6, Short(names[c]), "start", turn: -90);
        }
        foreach (((int label, int guess), int count) in counts.OrderBy(c => c.Key))
        {
            double share = (double)count / rows[label], x = left + (cell * guess), y = top + (cell * label);
            svg.Rectangle(x, y, cell, cell, "cell", 0.08 + (0.92 * share),
                FormattableString.Invariant($"{names[label]} taken for {names[guess]}: {count} of {rows[label]}"));
            if (classes <= MostNumbers)
                svg.Text(x + (cell / 2), y + (cell / 2) + 4, FormattableString.Invariant($"{count}"), "middle",
                    share > 0.5 ? "onDark" : "");
        }
        return svg;
    }

    private static string Short(string name) => name.Length <= NameLength ? name : $"{name[..(NameLength - 1)]}…";
}
