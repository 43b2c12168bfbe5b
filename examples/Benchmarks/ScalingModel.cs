namespace Benchmarks;

/// <summary>A network between nodes: the α–β model.</summary>
/// <param name="Latency">α: seconds from the end of a message's sending to its arrival.</param>
/// <param name="BytesPerSecond">1/β: what a node can send.</param>
internal sealed record NodeLink(double Latency, double BytesPerSecond);

/// <summary>A bucket of gradients.</summary>
/// <param name="ReadyAt">Seconds from the beginning of a step until it is computed.</param>
/// <param name="Bytes">Bytes of all of it.</param>
internal readonly record struct TimedBucket(double ReadyAt, double Bytes);

/// <summary>
/// How long a step of several ranks takes, from the schedule of its buckets: each is sent in two phases (shares to their
/// ranks, sums to all), in both of which a rank sends (n − 1)/n of it; a rank's messages leave one after the other.
/// </summary>
internal static class ScalingModel
{
    /// <summary>Seconds until all ranks have all means, and all are computed.</summary>
    /// <param name="buckets">The buckets, in the order in which they are ready.</param>
    /// <param name="compute">Seconds that a rank computes.</param>
    /// <param name="ranks">Number of ranks.</param>
    /// <param name="link">The network.</param>
    public static double StepSeconds(IEnumerable<TimedBucket> buckets, double compute, int ranks, NodeLink link)
    {
        var posts = new PriorityQueue<(double Bytes, bool IsLast), double>(
            buckets.Select(b => ((b.Bytes, false), b.ReadyAt)));
        double free = 0, end = compute;
        while (ranks > 1 && posts.TryDequeue(out (double Bytes, bool IsLast) phase, out double at))
        {
            free = Math.Max(free, at) + (phase.Bytes * (ranks - 1) / ranks / link.BytesPerSecond);
            if (phase.IsLast)
                end = Math.Max(end, free + link.Latency);
            else
                posts.Enqueue((phase.Bytes, true), free + link.Latency);
        }
        return end;
    }
}
