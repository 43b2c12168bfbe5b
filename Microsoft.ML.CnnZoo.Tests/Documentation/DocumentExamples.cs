using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Tests.Architecture;

namespace Microsoft.ML.CnnZoo.Tests.Documentation;

/// <summary>A fenced block of a document.</summary>
/// <param name="Document">Path of the document from the repository's root.</param>
/// <param name="Line">Line of the fence that opens it, from 1.</param>
/// <param name="Language">
/// The fence's info string: "csharp" for a program that is run, "csharp compile" for one that does not end or lacks its
/// data, "sh" for commands, or nothing.
/// </param>
/// <param name="Text">Its lines.</param>
internal sealed record DocumentExample(string Document, int Line, string Language, string Text)
{
    public override string ToString() => $"{Document}:{Line}";
}

/// <summary>The fenced blocks of README.md and docs/.</summary>
internal static partial class DocumentExamples
{
    public static string Root => Path.GetDirectoryName(RepositoryFolder.Library)!;

    public static IReadOnlyList<DocumentExample> All { get; } =
        [.. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md").Order(StringComparer.Ordinal)
            .Prepend(Path.Combine(Root, "README.md")).SelectMany(Read)];

    public static IEnumerable<DocumentExample> Of(string language) => All.Where(e => e.Language == language);

    private static IEnumerable<DocumentExample> Read(string path)
    {
        string text = File.ReadAllText(path);
        foreach (Match match in Fences().Matches(text))
            yield return new(Path.GetRelativePath(Root, path), text.AsSpan(0, match.Index).Count('\n') + 1,
                match.Groups["language"].Value, match.Groups["text"].Value);
    }

    [GeneratedRegex(@"^```(?<language>[\w ]*)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fences();
}
