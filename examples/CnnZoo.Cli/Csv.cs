namespace CnnZoo.Cli;

/// <summary>Comma-separated values.</summary>
internal static class Csv
{
    /// <summary>A text as a cell.</summary>
    public static string Quote(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
