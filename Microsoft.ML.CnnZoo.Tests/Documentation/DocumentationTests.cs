using Microsoft.ML.CnnZoo.Tests.Examples;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Documentation;

/// <summary>
/// What README.md and docs/ tell a reader to type works: programs compile without warnings and run, commands of the tool
/// succeed in the order of the page.
/// </summary>
public sealed class DocumentationTests(ReaderFolder folder) : IClassFixture<ReaderFolder>
{
    private const string Tool = "build/cnnzoo ";

    /// <summary>What else may stand in a block of commands: each is run by .ci/run, by BENCHMARKS.md's author or by everybody.</summary>
    private static readonly string[] OtherCommands =
        ["git clone", "cd ", "build/quickstart.sh", "build/test.sh", "build/bench.sh", "build/try-package.sh", "dotnet ", "curl "];

    /// <summary>Blocks of C#, by document and line.</summary>
    public static TheoryData<string> Programs => [.. DocumentExamples.All
        .Where(e => e.Language.StartsWith("csharp", StringComparison.Ordinal)).Select(e => e.ToString())];

    /// <summary>Documents with commands.</summary>
    public static TheoryData<string> Documents => [.. DocumentExamples.Of("sh").Select(e => e.Document).Distinct()];

    [Theory]
    [MemberData(nameof(Programs))]
    public void Program_AsPrinted_CompilesAndRuns(string example)
    {
        DocumentExample program = DocumentExamples.All.Single(e => e.ToString() == example);
        string assembly = Path.Combine(folder.Root, $"{Guid.NewGuid():N}.dll");
        Assert.Empty(ExampleProgram.Compile(program.Text, assembly));
        if (program.Language == "csharp compile")
            return;
        (int exitCode, string output) = ChildProcess.RunIn(folder.Root, "run", assembly);
        Assert.True(exitCode == 0, output);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Commands_InOrder_Succeed(string document)
    {
        string[] lines = [.. DocumentExamples.Of("sh").Where(e => e.Document == document)
            .SelectMany(e => e.Text.Split('\n')).Select(WithoutComment).Where(l => l.Length > 0)];
        Assert.All(lines, line => Assert.Contains(
            OtherCommands.Prepend(Tool), command => line.StartsWith(command, StringComparison.Ordinal)));
        foreach (string line in lines.Where(l => l.StartsWith(Tool, StringComparison.Ordinal)))
            CnnZooCommand.RunIn(folder.Root, line[Tool.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .AssertSuccess();
    }

    [Fact]
    public void Examples_OfBothKinds_AreFound()
    {
        Assert.NotEmpty(Programs);
        Assert.Contains("README.md", DocumentExamples.Of("sh").Select(e => e.Document));
    }

    private static string WithoutComment(string line)
    {
        int comment = line.IndexOf(" # ", StringComparison.Ordinal);
        return (comment < 0 ? line : line[..comment]).Trim();
    }
}
