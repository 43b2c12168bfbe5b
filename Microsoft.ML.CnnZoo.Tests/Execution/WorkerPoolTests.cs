using Microsoft.ML.CnnZoo.Execution;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Execution;

public sealed class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_ManyJobs_EveryPartRunsOncePerJob(int threads)
    {
        using var pool = new WorkerPool(threads);
        var work = new Counting(threads);
        for (int job = 0; job < 2000; job++)
            pool.Run(work);
        Assert.All(work.Counts, c => Assert.Equal(2000, c));
    }

    [Fact]
    public void Run_AfterWorkersFellAsleep_StillRunsAllParts()
    {
        using var pool = new WorkerPool(3);
        var work = new Counting(3);
        for (int job = 0; job < 5; job++)
        {
            pool.Run(work);
            Thread.Sleep(20);
        }
        Assert.All(work.Counts, c => Assert.Equal(5, c));
    }

    [Fact]
    public void Run_FromSeveralThreads_JobsDoNotMix()
    {
        using var pool = new WorkerPool(2);
        Parallel.For(0, 4, _ =>
        {
            var work = new Counting(2);
            for (int job = 0; job < 300; job++)
                pool.Run(work);
            Assert.All(work.Counts, c => Assert.Equal(300, c));
        });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Run_PartThrows_CallerGetsTheExceptionAndThePoolGoesOn(int failingPart)
    {
        using var pool = new WorkerPool(2);
        Assert.Throws<InvalidOperationException>(() => pool.Run(new Failing(failingPart)));
        var work = new Counting(2);
        pool.Run(work);
        Assert.All(work.Counts, c => Assert.Equal(1, c));
    }

    [Theory]
    [InlineData(10, 3)]
    [InlineData(2, 5)]
    [InlineData(0, 2)]
    public void Range_AllParts_CoverAllItemsOnce(int items, int parts)
    {
        int next = 0;
        for (int part = 0; part < parts; part++)
        {
            (int start, int end) = WorkerPool.Range(items, part, parts);
            Assert.Equal(next, start);
            Assert.True(end >= start);
            next = end;
        }
        Assert.Equal(items, next);
    }

    private sealed class Counting(int parts) : IParallelWork
    {
        public int[] Counts { get; } = new int[parts];
        public void RunPart(int part, int parts) => Counts[part]++;
    }

    private sealed class Failing(int failingPart) : IParallelWork
    {
        public void RunPart(int part, int parts)
        {
            if (part == failingPart)
                throw new InvalidOperationException("planted");
        }
    }
}
