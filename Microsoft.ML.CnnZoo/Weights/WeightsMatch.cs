namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>How tensors fit a network's variables; names are PyTorch's.</summary>
internal sealed record WeightsMatch
{
    private const int MaxNames = 8;

    /// <summary>What stands before the network's names, for example <c>module.</c>; empty where nothing does.</summary>
    public required string Prefix { get; init; }
    /// <summary>Tensors that fit.</summary>
    public required IReadOnlyList<string> Fitting { get; init; }
    /// <summary>Tensors of the layers that give the classes, which start fresh, with the reason.</summary>
    public required IReadOnlyList<string> Fresh { get; init; }
    /// <summary>Tensors outside the prefix: of other parts of a larger network.</summary>
    public required IReadOnlyList<string> Ignored { get; init; }
    /// <summary>
    /// Tensors that the network needs and that are not there, with the most similar one that is left over.
    /// </summary>
    public required IReadOnlyList<string> Missing { get; init; }
    /// <summary>Tensors that the network does not know, with the most similar name that it does.</summary>
    public required IReadOnlyList<string> Surplus { get; init; }
    /// <summary>Gammas that a file leaves out because they are ones.</summary>
    public IReadOnlyList<string> Lacking { get; init; } = [];
    /// <summary>Tensors of another shape, with both shapes.</summary>
    public required IReadOnlyList<string> Misshapen { get; init; }

    /// <summary>Whether the network can start from them.</summary>
    public bool IsUsable => Fitting.Count > 0 && Missing.Count == 0 && Surplus.Count == 0 && Misshapen.Count == 0;

    /// <summary>What fits, starts fresh and was left out: for the log.</summary>
    public string Report()
    {
        string prefix = Prefix.Length > 0 ? $" after '{Prefix}'" : "";
        return $"{Fitting.Count} tensors fit{prefix}.{Part("start fresh", Fresh)}"
            + Part("are ones, as the file leaves them out", Lacking) + Part("outside the prefix are left out", Ignored);
    }

    /// <summary>Why they do not fit.</summary>
    public string Problem() =>
        Fitting.Count == 0 && Fresh.Count == 0 && Missing.Count == 0 ? "none of the tensors is known."
        : $"{Fitting.Count} tensors fit.{Part("missing", Missing)}{Part("surplus", Surplus)}"
            + Part("misshapen", Misshapen);

    private static string Part(string what, IReadOnlyList<string> names) => names.Count == 0 ? ""
        : $" {names.Count} {what}: {string.Join(", ", names.Take(MaxNames))}{(names.Count > MaxNames ? ", …" : "")}.";
}
