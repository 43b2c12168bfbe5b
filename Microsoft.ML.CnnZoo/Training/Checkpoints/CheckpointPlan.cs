using Microsoft.ML.CnnZoo.Files;

namespace Microsoft.ML.CnnZoo.Training.Checkpoints;

/// <summary>Where, how often and for which training checkpoints are written.</summary>
/// <param name="Folder">The folder; it is made when it is first needed.</param>
internal sealed record CheckpointPlan(string Folder)
{
    /// <summary>
    /// Time after which one is written within an epoch, between two steps, ≥ 0; null for none but those after each
    /// epoch.
    /// </summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>Whether training goes on from the newest one that is there.</summary>
    public bool Resume { get; init; }

    /// <summary>What the training depends on besides network, options and number of images: name and value.</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>();

    /// <summary>What computes: it decides the last bits of the weights.</summary>
    public string Machine { get; init; } = "";

    /// <summary>Writes a file, completely or not at all.</summary>
    public Action<string, Action<Stream>> WriteFile { get; init; } = CompleteFile.Write;
}
