using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>Spreads what rank 0 has read from a checkpoint, or its first weights.</summary>
internal static class SharedCheckpoint
{
    /// <summary>What the others must know before they receive variables.</summary>
    private sealed record Header(TrainingState? State, bool HasBest, bool HasGood);

    /// <summary>Gives all ranks the state and the values of the variables.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="state">Of rank 0, what it has read; null for nothing.</param>
    /// <param name="parts">Where the variables are.</param>
    /// <returns>The state; null for none.</returns>
    public static TrainingState? Spread(RankGroup ranks, TrainingState? state, TrainingParts parts)
    {
        Header header = ranks.Decide(() => new Header(state, parts.Best.IsTaken, parts.Good.IsTaken));
        Spread(ranks, parts.Variables);
        if (header.State is null)
            return null;
        if (header.HasBest)
            Spread(ranks, parts.Best.Values);
        if (header.HasGood)
            Spread(ranks, parts.Good.Values);
        return header.State;
    }

    /// <summary>Gives all ranks rank 0's values.</summary>
    public static void Spread(RankGroup ranks, VariableStore variables)
    {
        foreach (Variable variable in variables.Variables)
        {
            ranks.Broadcast(variable.Pointer, variable.Bytes.Length);
            variable.Touch();
        }
    }
}
