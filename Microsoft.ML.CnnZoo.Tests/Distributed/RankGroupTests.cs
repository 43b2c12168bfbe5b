using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Distributed;

/// <summary>Sums, broadcasts and exchanges of ranks.</summary>
public class RankGroupTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Calls_AnyNumberOfRanks_GiveAllTheSame(int ranks)
    {
        string[] answers = ThreadRun.On(ranks, group =>
        {
            // 1e16 + 1 + 1 … depends on the order: the ranks' own.
            var sums = (double[])[group.Rank == 0 ? 1e16 : 1, group.Rank + 1];
            group.Sum(sums);
            byte[][] all = group.GatherBytes(new byte[group.Rank]);
            int decided = group.Decide(() => 7 + group.Rank);
            bool every = group.All(group.Rank >= 0), some = group.Any(group.Rank == ranks - 1), none = group.Any(false);
            return FormattableString.Invariant(
                $"{sums[0]:r} {sums[1]} {string.Join(',', all.Select(b => b.Length))} {decided} {every} {some} {none}");
        });
        double large = 1e16;
        for (int i = 1; i < ranks; i++)
            large += 1;
        string expected = FormattableString.Invariant(
            $"{large:r} {ranks * (ranks + 1) / 2} {string.Join(',', Enumerable.Range(0, ranks))} 7 True True False");
        Assert.All(answers, answer => Assert.Equal(expected, answer));
    }

    [Theory]
    [InlineData(2, 64, 1)]
    [InlineData(3, 100, 3)]
    [InlineData(4, 5, 4)]
    public void BatchPlan_AnyShares_EveryImageOnceAndBatchesWhole(int ranks, int images, int size)
    {
        int[] counts = [.. Enumerable.Range(0, ranks).Select(r => (images - r + ranks - 1) / ranks)];
        var seen = new List<int>();
        BatchPlan[] plans = [.. Enumerable.Range(0, ranks).Select(r => new BatchPlan(counts, r, size))];
        for (int batch = 0; batch < plans[0].Batches; batch++)
        {
            int first = seen.Count;
            for (int rank = 0; rank < ranks; rank++)
            {
                (int start, int count) = plans[rank].ShareOf(batch);
                seen.AddRange(Enumerable.Range(start, count).Select(i => rank + (i * ranks)));
                Assert.InRange(count, 0, plans[rank].LargestShare);
            }
            Assert.Equal(Enumerable.Range(first, seen.Count - first), seen.Skip(first).Order());
            Assert.Equal(Math.Min(size, images - first), plans[0].CountOf(batch));
        }
        Assert.Equal(images, seen.Distinct().Count());
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void Exchange_SeveralBuckets_WeightedMeansTheSameEverywhere(int ranks, bool bfloat16)
    {
        int[] lengths = [3, 1000, 17, 260, 1];
        double[] weights = [.. Enumerable.Range(0, ranks).Select(r => r == 1 ? 0.0 : r + 1)]; // rank 1 has no images
        float Value(int rank, int step, int i) => MathF.Sin((rank * 31) + (step * 7) + i);
        float[][] means = ThreadRun.On(ranks, group =>
        {
            using var source = new NativeBuffer(lengths.Sum() * sizeof(float));
            using var target = new NativeBuffer(lengths.Sum() * sizeof(float));
            nint[] At(NativeBuffer buffer) => [.. lengths.Select((_, t) => buffer.Pointer + (lengths.Take(t).Sum() * sizeof(float)))];
            nint[] targets = At(target);
            using var exchange = new GradientExchange(group,
                [.. lengths.Select((n, t) => new ExchangedTensor(n, IsExact: t == 0, targets[t]))], bfloat16, bucketBytes: 1200);
            var sum = new float[lengths.Sum()];
            for (int step = 0; step < 200; step++)
            {
                for (int i = 0; i < sum.Length; i++)
                    source.Span<float>()[i] = Value(group.Rank, 0, i);
                bool takesPart = weights[group.Rank] > 0;
                exchange.Begin(takesPart ? new ExchangeSources(At(source), [.. lengths.Select((_, t) => t)]) : null,
                    weights[group.Rank]);
                for (int t = 0; takesPart && t < lengths.Length; t++)
                    exchange.StepDone(t);
                exchange.End();
                for (int i = 0; i < sum.Length; i++)
                    sum[i] += target.Span<float>()[i] / 200;
            }
            Assert.True(exchange.Cost.BytesSent > 0 || ranks == 1);
            return sum;
        });
        Assert.All(means, m => Assert.Equal(MemoryMarshal.AsBytes<float>(means[0]), MemoryMarshal.AsBytes<float>(m)));
        double total = weights.Sum();
        for (int i = 0; i < means[0].Length; i++)
            // One step in bfloat16 is off by up to 0.004; with error feedback the mean over 200 steps is not.
            Assert.Equal(Enumerable.Range(0, ranks).Sum(r => weights[r] / total * Value(r, 0, i)), means[0][i], 1e-4);
    }

    /// <summary>The least of five rounds: thread ranks allocate a message when timing puts more in flight than before.</summary>
    [Fact]
    public void Exchange_ManySteps_AllocatesNothing()
    {
        long[] allocated = ThreadRun.On(2, group =>
        {
            using var buffer = new NativeBuffer(4096 * sizeof(float));
            using var exchange = new GradientExchange(group, [new ExchangedTensor(4096, IsExact: false, buffer.Pointer)],
                isBFloat16: true, bucketBytes: 4096);
            var sources = new ExchangeSources([buffer.Pointer], [0]);
            var numbers = new double[3];
            long least = long.MaxValue;
            for (int round = 0; round < 5; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int step = 0; step < 100; step++)
                {
                    exchange.Begin(sources, 1);
                    exchange.StepDone(0);
                    exchange.End();
                    group.Sum(numbers);
                }
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }
            return least;
        });
        Assert.All(allocated, bytes => Assert.Equal(0, bytes));
    }

    [Fact]
    public void Together_OneRankFails_AllEndSoonAndNameIt()
    {
        (int[] _, Exception?[] failures) = ThreadRun.Try<int>(3, group =>
        {
            if (group.Rank == 1)
                throw new IOException("the disk is full");
            group.Sum(new double[2]);
            return 0;
        });
        Assert.IsType<IOException>(failures[1]);
        foreach (int rank in (int[])[0, 2])
            Assert.Equal("Rank 1 of 3 failed: the disk is full", Assert.IsType<RankFailedException>(failures[rank]).Message);
    }

    [Fact]
    public void Exchange_OneRankLeavesInMidStep_OthersDoNotWait()
    {
        (bool[] _, Exception?[] failures) = ThreadRun.Try<bool>(2, group =>
        {
            using var buffer = new NativeBuffer(64 * sizeof(float));
            using var exchange = new GradientExchange(group, [new ExchangedTensor(64, IsExact: false, buffer.Pointer)]);
            for (int step = 0; ; step++)
            {
                exchange.Begin(new ExchangeSources([buffer.Pointer], [0]), 1);
                if (group.Rank == 1 && step == 3)
                {
                    exchange.Abandon();
                    throw new InvalidDataException("image 7 is bad");
                }
                exchange.StepDone(0);
                exchange.End();
            }
        });
        Assert.IsType<InvalidDataException>(failures[1]);
        Assert.Contains("image 7 is bad", Assert.IsType<RankFailedException>(failures[0]).Message, StringComparison.Ordinal);
    }
}
