using System.Diagnostics;
using Benchmarks;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Distributed;

/// <summary>The model of many nodes, beside the real exchange of ranks whose messages are delayed.</summary>
public class ScalingModelTests
{
    private const int Floats = 100_000, Buckets = 5;

    [Theory]
    [InlineData(2, 0.010, 8e6, 0.06)] // the network is slower than computing
    [InlineData(4, 0.020, 20e6, 0.04)]
    [InlineData(3, 0.050, 1e9, 0.02)] // latency is what is waited for
    [InlineData(2, 0.001, 1e9, 0.10)] // all but the last bucket's time is hidden
    public void StepSeconds_AnyNetwork_IsThatOfTheRealSchedule(int ranks, double latency, double bytesPerSecond, double perBucket)
    {
        double compute = Buckets * perBucket;
        double expected = ScalingModel.StepSeconds(
            Enumerable.Range(1, Buckets).Select(i => new TimedBucket(i * perBucket, Floats * (double)sizeof(float))), compute, ranks,
            new NodeLink(latency, bytesPerSecond));
        double[] measured = ThreadRun.On(ranks, group =>
        {
            using var memory = new NativeBuffer((long)Buckets * Floats * sizeof(float));
            nint[] addresses = [.. Enumerable.Range(0, Buckets).Select(i => memory.Pointer + (i * Floats * sizeof(float)))];
            using var exchange = new GradientExchange(group,
                [.. addresses.Select(a => new ExchangedTensor(Floats, IsExact: false, a))], bucketBytes: Floats * sizeof(float));
            double best = double.MaxValue;
            for (int step = 0; step < 3; step++)
            {
                group.Sum(new double[1]);
                long start = Stopwatch.GetTimestamp();
                exchange.Begin(new ExchangeSources(addresses, [.. Enumerable.Range(0, Buckets)]), 1);
                for (int i = 0; i < Buckets; i++)
                {
                    Thread.Sleep(TimeSpan.FromSeconds(Math.Max(0,
                        ((i + 1) * perBucket) - Stopwatch.GetElapsedTime(start).TotalSeconds)));
                    exchange.StepDone(i);
                }
                exchange.End();
                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
            return best;
        }, new LinkDelay(TimeSpan.FromSeconds(latency), bytesPerSecond));
        // Weights go out before the buckets, and a thread that sleeps wakes late.
        Assert.InRange(measured.Max(), expected - 0.005, (expected * 1.15) + latency + 0.03);
    }

    [Fact]
    public void StepSeconds_OneRank_IsWhatItComputes() =>
        Assert.Equal(2.5, ScalingModel.StepSeconds([new TimedBucket(1, 1e9)], 2.5, 1, new NodeLink(1, 1)));
}
