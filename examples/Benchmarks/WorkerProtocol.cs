using System.Text.Json;

namespace Benchmarks;

/// <summary>What is to be timed: one line of JSON to a worker process of either side.</summary>
internal sealed record WorkRequest(string Network, string Mode, int Batch, int Threads, double Seconds);

/// <summary>A worker's answer: one line of JSON.</summary>
internal sealed record WorkAnswer(double ImagesPerSecond, long PeakBytes, string? Error)
{
    /// <summary>Property names as peer.py writes them.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web);
}
