namespace Microsoft.ML.CnnZoo.Distributed;

/// <summary>
/// Carries bytes between the ranks of a distributed training: processes that MPI started, or threads of one process.
/// Everything else (sums, broadcasts) is made of it by <see cref="RankGroup"/>. Safe to call from several threads.
/// </summary>
internal interface IRankLink
{
    /// <summary>This rank, from 0.</summary>
    int Rank { get; }

    /// <summary>Number of ranks, ≥ 1.</summary>
    int Size { get; }

    /// <summary>What carries the bytes, for the log.</summary>
    string Description { get; }

    /// <summary>Begins to send. Messages between two ranks with the same tag arrive in their order.</summary>
    /// <param name="data">Address; the memory must not change or move until the message is sent.</param>
    /// <param name="bytes">Length; the receiver names the same.</param>
    /// <param name="rank">The receiver.</param>
    /// <param name="tag">Tells streams of messages apart, 0…32767.</param>
    /// <returns>For <see cref="IsDone"/>; never 0.</returns>
    nint Send(nint data, int bytes, int rank, int tag);

    /// <summary>Begins to receive; see <see cref="Send"/>.</summary>
    nint Receive(nint data, int bytes, int rank, int tag);

    /// <summary>Whether a message has been sent or received; then sets its request to 0. True for 0.</summary>
    bool IsDone(ref nint request);

    /// <summary>Tells the other ranks that nothing more comes from this one. Once only.</summary>
    /// <param name="reason">What went wrong; null for an orderly end.</param>
    void Leave(string? reason);

    /// <summary>Whether a rank has left, and why: null for an orderly end.</summary>
    bool HasLeft(int rank, out string? reason);
}
