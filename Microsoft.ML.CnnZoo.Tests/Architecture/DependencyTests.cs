using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Execution;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Architecture;

/// <summary>Who may use whom: read from the sources, so that a wrong using fails here and not in a review.</summary>
public partial class DependencyTests
{
    private static readonly string[] Everything =
    [
        "Graph", "Layers", "Architectures", "Execution", "Kernels", "Training", "Analysis", "Imaging", "Data",
        "Weights", "Formats", "Files", "Runs", "Judging", "Explain", "Distributed",
    ];

    /// <summary>
    /// Folder → the folders that it may use. Only MLNet and the public face (the root) may name ML.NET.
    /// </summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Graph"] = [],
        ["Layers"] = ["Graph"],
        ["Architectures"] = ["Graph", "Layers", "Imaging", "Analysis"],
        ["Analysis"] = ["Graph", "Layers", "Architectures"],
        ["Execution"] = ["Graph"],
        ["Kernels"] = ["Graph", "Execution"],
        ["Imaging"] = [],
        ["Files"] = [],
        ["Data"] = ["Imaging", "Execution", "Files"], // of Execution the random numbers, which kernels draw too
        ["Distributed"] = ["Execution"], // native memory, and being told how far a plan is
        ["Training"] =
        [
            "Graph", "Execution", "Layers", "Architectures", "Imaging", "Data", "Distributed", "Weights", "Files",
        ],
        ["Weights"] = ["Graph", "Execution", "Architectures", "Files"],
        ["Formats"] =
        [
            "Graph", "Layers", "Architectures", "Execution", "Kernels", "Imaging", "Training", "Weights", "Files",
        ],
        ["Judging"] = [],
        ["Explain"] = ["Graph", "Execution", "Architectures", "Training", "Data"],
        ["Runs"] = ["Training", "Files"],
        ["MLNet"] = Everything,
        [PublicFace] = [.. Everything, "MLNet"],
    };

    private const string PublicFace = "(root)";

    [Fact]
    public void Sources_UseOnlyWhatTheirFolderMay()
    {
        string[] breaches = [.. RepositoryFolder.Sources().SelectMany(f =>
            Breaches(FolderOf(f), File.ReadAllText(f)).Select(b => $"{Path.GetFileName(f)}: {b}"))];
        Assert.True(breaches.Length == 0, string.Join(Environment.NewLine, breaches));
        Assert.True(RepositoryFolder.Sources().Count() > 80, "The scan must see the library.");
    }

    [Theory]
    [InlineData("Graph", "using Microsoft.ML.CnnZoo.Execution;")]
    [InlineData("Layers", "var t = new Execution.Tensor(spec);")]
    [InlineData("Architectures", "using Microsoft.ML.Data;")]
    [InlineData("Execution", "using Microsoft.ML.CnnZoo.Kernels;")]
    [InlineData("Execution", "using Microsoft.ML.CnnZoo.Kernels.Product;")]
    [InlineData("Kernels", "using Microsoft.ML.CnnZoo.Training;")]
    [InlineData("Training", "using Microsoft.ML;")]
    [InlineData("Imaging", "using Microsoft.ML.CnnZoo.Graph;")]
    [InlineData("Kernels", "[LibraryImport(\"native\")]")]
    [InlineData(PublicFace, "[DllImport(\"native\")]")]
    [InlineData("Kernels", "NativeLibrary.Load(\"native\");")]
    [InlineData("Execution", "delegate* unmanaged<int> f;")]
    [InlineData("Distributed", "using Microsoft.ML.CnnZoo.Training;")]
    [InlineData("Unheard", "using System;")]
    public void Breaches_PlantedDefect_IsFound(string folder, string source) =>
        Assert.NotEmpty(Breaches(folder, source));

    [Theory]
    [InlineData("Layers", "using Microsoft.ML.CnnZoo.Graph.Ops; // never Execution.Tensor")]
    [InlineData("Kernels", "using Microsoft.ML.CnnZoo.Kernels.Product; // no DllImport")]
    [InlineData("MLNet", "using Microsoft.ML.Data;")]
    [InlineData("Distributed", "delegate* unmanaged[Cdecl]<int> f = NativeLibrary.GetExport(mpi, \"MPI_Finalize\");")]
    [InlineData("Execution", "plan.Training.Run();")]
    public void Breaches_LegalSource_FindsNothing(string folder, string source) =>
        Assert.Empty(Breaches(folder, source));

    private static IEnumerable<string> Breaches(string folder, string source)
    {
        if (!Allowed.TryGetValue(folder, out string[]? allowed))
        {
            yield return $"the folder {folder} has no rule";
            yield break;
        }
        string code = Comments().Replace(source, "");
        foreach (Match match in Imports().Matches(code).Where(_ => folder != "Distributed"))
            yield return $"{match.Value}: the library is C# alone, but for what calls MPI";
        code = Strings().Replace(code, "\"\"");
        foreach (Match match in FullNames().Matches(code))
        {
            string name = match.Groups[1].Value;
            bool ours = name.StartsWith("CnnZoo", StringComparison.Ordinal) && name.Length > 6;
            if (ours ? !IsAllowed(folder, name[7..], allowed)
                : folder is not ("MLNet" or PublicFace) && name != "CnnZoo")
                yield return $"{folder} names {match.Value}";
        }
        foreach (Match match in Relative().Matches(FullNames().Replace(code, "")))
            if (!IsAllowed(folder, match.Value.TrimEnd('.'), allowed))
                yield return $"{folder} names {match.Value}";
    }

    private static bool IsAllowed(string folder, string used, string[] allowed) =>
        allowed.Append(folder).Contains(used.Split('.')[0]);

    private static string FolderOf(string file)
    {
        string[] parts = Path.GetRelativePath(RepositoryFolder.Library, file).Split(Path.DirectorySeparatorChar);
        return parts.Length == 1 ? PublicFace : parts[0];
    }

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"""(\\.|[^""\\\n])*""")]
    private static partial Regex Strings();

    [GeneratedRegex(@"\b(LibraryImport|DllImport|NativeLibrary)\b|\bdelegate\* unmanaged\b")]
    private static partial Regex Imports();

    [GeneratedRegex(@"\bMicrosoft\.ML\b\.?([A-Za-z.]*)")]
    private static partial Regex FullNames();

    [GeneratedRegex(@"(?<![\w.@])(Graph|Layers|Architectures|Execution|Kernels|Training|Analysis|Imaging|Data|Weights"
        + @"|Files|Runs|Judging|Explain|Distributed|MLNet)\.(?=[A-Z])")]
    private static partial Regex Relative();
}
