using Microsoft.ML.CnnZoo.Distributed;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Distributed;

/// <summary>Runs the same on several ranks, each a thread of this process.</summary>
internal static class ThreadRun
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>What each rank gives, in their order; a rank's own failure is thrown rather than what it caused elsewhere.</summary>
    public static T[] On<T>(int ranks, Func<RankGroup, T> work, LinkDelay? delay = null)
    {
        (T[] results, Exception?[] failures) = Try(ranks, work, delay);
        if (failures.OfType<Exception>().OrderBy(e => e is RankFailedException).FirstOrDefault() is { } failure)
            throw new InvalidOperationException($"A rank failed: {failure.Message}", failure);
        return results;
    }

    /// <summary>What each rank gives or fails with.</summary>
    public static (T[] Results, Exception?[] Failures) Try<T>(int ranks, Func<RankGroup, T> work, LinkDelay? delay = null)
    {
        var links = new ThreadRanks(ranks, delay);
        var results = new T[ranks];
        var failures = new Exception?[ranks];
        var threads = new Thread[ranks];
        for (int i = 0; i < ranks; i++)
        {
            int rank = i;
            threads[rank] = new Thread(() =>
            {
                using var group = new RankGroup(links.Links[rank]);
                try
                {
                    results[rank] = group.Together(() => work(group));
                }
                catch (Exception e)
                {
                    failures[rank] = e;
                }
            });
            threads[rank].Start();
        }
        foreach (Thread thread in threads)
            Assert.True(thread.Join(s_limit), "A rank hangs.");
        return (results, failures);
    }
}
