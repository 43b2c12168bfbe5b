namespace Microsoft.ML.CnnZoo.Tests.Architecture;

/// <summary>The checkout that the tests were built from: some tests read sources.</summary>
internal static class RepositoryFolder
{
    /// <summary>The library's folder.</summary>
    public static string Library { get; } = Path.Combine(Root(), "Microsoft.ML.CnnZoo");

    /// <summary>The library's source files, build outputs left out.</summary>
    public static IEnumerable<string> Sources() => Directory.EnumerateFiles(Library, "*.cs", SearchOption.AllDirectories)
        .Where(f => Path.GetRelativePath(Library, f).Split(Path.DirectorySeparatorChar)[0] is not ("bin" or "obj"))
        .Order(StringComparer.Ordinal);

    private static string Root()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Microsoft.ML.CnnZoo.slnx")))
                return folder.FullName;
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Microsoft.ML.CnnZoo.slnx.");
    }
}
