using System.Text.Json.Nodes;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Ranks must train the same network on the same data with the same options: whatever differs is named.</summary>
internal static class RankAgreement
{
    /// <summary>Options of one machine, or of the first rank alone.</summary>
    private static readonly string[] s_ownOptions =
    [
        nameof(CnnClassificationTrainer.Options.Distributed), nameof(CnnClassificationTrainer.Options.RunFolder),
        nameof(CnnClassificationTrainer.Options.CheckpointFolder), nameof(CnnClassificationTrainer.Options.CheckpointInterval),
        nameof(CnnClassificationTrainer.Options.CacheFolder), nameof(CnnClassificationTrainer.Options.CacheBudget),
        nameof(CnnClassificationTrainer.Options.CacheFileBudget), nameof(CnnClassificationTrainer.Options.DecodingThreads),
        nameof(CnnClassificationTrainer.Options.OnCancel),
    ];

    /// <summary>Compares what can be compared before images are read.</summary>
    /// <param name="distributed">The ranks.</param>
    /// <param name="options">The trainer's options.</param>
    /// <param name="kernels">What computes.</param>
    /// <param name="columns">Columns and classes of the data.</param>
    public static void CheckOptions(DistributedTraining distributed, CnnClassificationTrainer.Options options, string kernels,
        string columns)
    {
        JsonObject json = OptionsJson.Of(options);
        Dictionary<string, string> values = json.Where(p => !s_ownOptions.Contains(p.Key))
            .ToDictionary(p => $"Options.{p.Key}", p => p.Value?.ToJsonString() ?? "null");
        values["Options.Distributed"] = distributed.ToString();
        values["version of the library"] = typeof(RankAgreement).Assembly.ManifestModule.ModuleVersionId.ToString();
        values["kernels"] = kernels;
        values["columns and classes"] = columns;
        Check(distributed.Group, values);
    }

    /// <summary>Compares values with those of rank 0.</summary>
    /// <exception cref="InvalidOperationException">Those of this rank differ.</exception>
    public static void Check(RankGroup ranks, IReadOnlyDictionary<string, string> own)
    {
        Dictionary<string, string> first = ranks.Decide(() => new Dictionary<string, string>(own));
        string? key = own.Keys.Union(first.Keys).Order(StringComparer.Ordinal)
            .FirstOrDefault(k => own.GetValueOrDefault(k) != first.GetValueOrDefault(k));
        if (key is not null)
            throw new InvalidOperationException($"Rank {ranks.Rank} of {ranks.Size} differs from rank 0 in {key}: "
                + $"{own.GetValueOrDefault(key) ?? "nothing"} here, {first.GetValueOrDefault(key) ?? "nothing"} there. All ranks need the "
                + "same program, data and options.");
        ranks.All(true); // nobody goes on before all have compared
    }
}
