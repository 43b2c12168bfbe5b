using System.Globalization;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli.Reports;

/// <summary>Probabilities and labels from files, whatever made them.</summary>
internal static class ScoresFile
{
    /// <summary>Judges them.</summary>
    /// <param name="scores">
    /// CSV: a row of probabilities for each image, separated by commas, semicolons or tabs; the first row may name the
    /// classes.
    /// </param>
    /// <param name="labels">A true class on each line: its name, or its number from 0.</param>
    /// <param name="areLogits">Whether the scores become probabilities by softmax.</param>
    /// <exception cref="CommandException">A file cannot be read or understood.</exception>
    public static ClassificationReport Judge(string scores, string labels, bool areLogits)
    {
        string[][] rows = [.. Lines(scores).Select(line => line.Split([',', ';', '\t'], StringSplitOptions.TrimEntries))];
        if (rows.Length == 0)
            throw new CommandException($"'{scores}' has no rows.");
        bool hasNames = !rows[0].All(cell => TryNumber(cell, out _));
        string[] names = hasNames ? [.. rows[0].Select(n => n.Trim('"'))]
            : [.. Enumerable.Range(0, rows[0].Length).Select(c => c.ToString(CultureInfo.InvariantCulture))];
        double[][] values = [.. rows.Skip(hasNames ? 1 : 0).Select((cells, i) => Numbers(scores, i + (hasNames ? 2 : 1), cells))];
        if (areLogits)
            values = Array.ConvertAll(values, Softmax);
        int[] classes = [.. Lines(labels).Select((line, i) => Number(labels, i + 1, line.Trim('"'), names))];
        try
        {
            return ClassificationReport.Compute(values, classes, names);
        }
        catch (ArgumentException e)
        {
            throw new CommandException($"'{scores}' and '{labels}': {CommandOptions.WithoutParameter(e.Message)}"
                + (areLogits ? "" : " Logits need --logits."));
        }
    }

    private static string[] Lines(string path)
    {
        try
        {
            return [.. File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"'{path}' cannot be read: {e.Message}");
        }
    }

    private static double[] Numbers(string file, int line, string[] cells) => Array.ConvertAll(cells, cell =>
        TryNumber(cell, out double number) ? number
            : throw new CommandException($"'{file}', row {line}: '{cell}' is not a number."));

    private static int Number(string file, int line, string label, string[] names)
    {
        int number = Array.IndexOf(names, label);
        return number >= 0 || (int.TryParse(label, CultureInfo.InvariantCulture, out number) && number >= 0 && number < names.Length)
            ? number : throw new CommandException($"'{file}', line {line}: '{label}' is no class; expected one of "
                + $"{string.Join(", ", names)}, or a number from 0 to {names.Length - 1}.");
    }

    private static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);

    private static double[] Softmax(double[] logits)
    {
        double most = logits.Max(), sum = logits.Sum(z => Math.Exp(z - most));
        return Array.ConvertAll(logits, z => Math.Exp(z - most) / sum);
    }
}
