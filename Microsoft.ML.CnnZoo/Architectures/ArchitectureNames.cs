namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>Finds networks by what people type.</summary>
internal static class ArchitectureNames
{
    private const int MaxSuggestions = 3;

    /// <summary>
    /// A name without what makes no difference: <c>ResNet-18</c>, <c>resnet 18</c> → <c>resnet18</c>.
    /// </summary>
    public static string Normalize(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    /// <summary>Names, display names and aliases of networks, normalized.</summary>
    public static Dictionary<string, CnnArchitecture> Index(IEnumerable<CnnArchitecture> architectures)
    {
        var index = new Dictionary<string, CnnArchitecture>(StringComparer.Ordinal);
        foreach (CnnArchitecture architecture in architectures)
            foreach (string name in (string[])[architecture.Name, architecture.DisplayName, .. architecture.Aliases])
                if (!index.TryAdd(Normalize(name), architecture) && index[Normalize(name)] != architecture)
                    throw new InvalidOperationException($"Two architectures are called '{name}'.");
        return index;
    }

    /// <summary>
    /// Up to three names that are like a mistyped one: they begin with it, or differ from it in about a third of its
    /// letters.
    /// </summary>
    public static IReadOnlyList<string> Near(string name, IEnumerable<string> names)
    {
        string wanted = Normalize(name);
        int farthest = Math.Max(1, (wanted.Length + 1) / 3);
        return [.. names.Select(n => (Name: n, Distance: DistanceTo(wanted, Normalize(n))))
            .Where(n => n.Distance <= farthest)
            .OrderBy(n => n.Distance).ThenBy(n => n.Name, StringComparer.Ordinal).Take(MaxSuggestions)
                .Select(n => n.Name)];
    }

    private static int DistanceTo(string wanted, string name) =>
        wanted.Length > 1 && name.StartsWith(wanted, StringComparison.Ordinal) ? 1 : Distance(wanted, name);

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                row[j] = Math.Min(Math.Min(row[j - 1], previous[j]) + 1, previous[j - 1]
                    + (a[i - 1] == b[j - 1] ? 0 : 1));
            previous = row;
        }
        return previous[^1];
    }
}
