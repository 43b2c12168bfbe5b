namespace Microsoft.ML.CnnZoo;

/// <summary>Another rank of a distributed training failed or went away, and so this one ended, too.</summary>
public sealed class RankFailedException : InvalidOperationException
{
    /// <summary>Creates it for a rank.</summary>
    /// <param name="rank">The rank, from 0; negative where it is not known.</param>
    /// <param name="ranks">Number of ranks.</param>
    /// <param name="reason">What went wrong there.</param>
    public RankFailedException(int rank, int ranks, string reason)
        : base(rank < 0 ? $"The distributed training ends: {reason}." : $"Rank {rank} of {ranks} failed: {reason}") =>
        Rank = rank;

    /// <summary>Creates it with a message.</summary>
    public RankFailedException(string message) : base(message) { }
    /// <summary>Creates it with a message and a cause.</summary>
    public RankFailedException(string message, Exception inner) : base(message, inner) { }
    /// <summary>Creates it without a message.</summary>
    public RankFailedException() { }

    /// <summary>The rank that failed, from 0; negative where it is not known.</summary>
    public int Rank { get; } = -1;
}
