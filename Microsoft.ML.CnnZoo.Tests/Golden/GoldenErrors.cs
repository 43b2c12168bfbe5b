using System.Globalization;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>
/// How far results were from golden numbers: a line in the log of each test and, for each quantity, the worst
/// of all cases.
/// </summary>
public class GoldenErrors
{
    private readonly Dictionary<string, Worst> _worst = [];

    /// <summary>Notes an error.</summary>
    /// <param name="log">The test's log.</param>
    /// <param name="quantity">What was compared, for example <c>logits</c>.</param>
    /// <param name="name">The case.</param>
    /// <param name="error">Its relative error.</param>
    /// <param name="tolerance">What is allowed.</param>
    public void Add(ITestOutputHelper log, string quantity, string name, double error, double tolerance)
    {
        log.WriteLine(Text($"{quantity}, {name}: relative error {error:0.0e0}, tolerance {tolerance:0.0e0}"));
        lock (_worst)
        {
            Worst worst = _worst.GetValueOrDefault(quantity,
                new Worst(0, name, error, error / tolerance, name));
            worst = worst with { Count = worst.Count + 1 };
            if (error > worst.Error)
                worst = worst with { Error = error, Name = name };
            if (error / tolerance > worst.Share)
                worst = worst with { Share = error / tolerance, TightestName = name };
            _worst[quantity] = worst;
        }
    }

    /// <summary>
    /// Rows of a Markdown table: quantity, comparisons, worst error and its case, largest share of the
    /// tolerance and its case.
    /// </summary>
    public string Rows => string.Concat(_worst.OrderBy(w => w.Key).Select(w =>
        Text($"| {w.Key} | {w.Value.Count} | {w.Value.Error:0.0e0} | {w.Value.Name} | {w.Value.Share:P0} | {w.Value.TightestName} |\n")));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Worst(int Count, string Name, double Error, double Share, string TightestName);
}

/// <summary>
/// Errors of the tests of one class: when they are done, the rows are appended to the file that CNNZOO_GOLDEN_REPORT
/// names, if it is set.
/// </summary>
public sealed class GoldenReport : GoldenErrors, IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable("CNNZOO_GOLDEN_REPORT") is { Length: > 0 } file)
            File.AppendAllText(file, Rows);
    }
}
