namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>The catalogue of networks.</summary>
/// <remarks>LeNet-4 is left out: its published 17,000 parameters do not fit its own description (its 120-unit layer alone needs 48,120).</remarks>
public static class CnnArchitectures
{
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.OrdinalIgnoreCase)
    {
        ["lenet"] = "lenet5_modern_relu", ["lenet5"] = "lenet5_modern_relu", ["lenet5_modern"] = "lenet5_modern_relu",
        ["lenet5_tanh"] = "lenet5_modern_tanh", ["lenet5_original"] = "lenet5_1998",
    };

    /// <summary>LeNet-5 with ReLU, average pooling and softmax; 61,706 parameters.</summary>
    public static CnnArchitecture LeNet5 => Architectures.LeNet5.Relu;

    /// <summary>LeNet-5 with tanh, average pooling and softmax; 61,706 parameters.</summary>
    public static CnnArchitecture LeNet5Tanh => Architectures.LeNet5.Tanh;

    /// <summary>LeNet-5 as published in 1998: connection table, trainable subsampling, scaled tanh, RBF output; 60,000 parameters.</summary>
    public static CnnArchitecture LeNet5Original => Architectures.LeNet5Original.Instance;

    /// <summary>LeNet-1; 2,578 parameters.</summary>
    public static CnnArchitecture LeNet1 => Architectures.LeNet1.Instance;

    /// <summary>All networks, oldest first.</summary>
    public static IReadOnlyList<CnnArchitecture> All { get; } = [LeNet1, LeNet5Original, LeNet5Tanh, LeNet5];

    /// <summary>The network of that name or alias (<c>lenet5</c>), whatever the case.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists the nearest names.</exception>
    public static CnnArchitecture Find(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        string wanted = Aliases.GetValueOrDefault(name, name);
        return All.FirstOrDefault(a => string.Equals(a.Name, wanted, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException($"There is no architecture '{name}'. Did you mean {string.Join(", ", Nearest(name))}?", nameof(name));
    }

    private static IEnumerable<string> Nearest(string name) =>
        All.Select(a => a.Name).Concat(Aliases.Keys).OrderBy(n => Distance(name.ToUpperInvariant(), n.ToUpperInvariant())).ThenBy(n => n, StringComparer.Ordinal).Take(3);

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                row[j] = Math.Min(Math.Min(row[j - 1], previous[j]) + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            previous = row;
        }
        return previous[^1];
    }
}
