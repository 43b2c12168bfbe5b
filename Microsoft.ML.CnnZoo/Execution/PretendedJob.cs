namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>A job of a <see cref="WorkerPool"/> that pretends to have many threads.</summary>
/// <param name="Work">Operations of each part or item: multiply-adds of products, elements elsewhere.</param>
/// <param name="AreItems">Items go to whoever is free; parts are a thread's each.</param>
/// <param name="Time">How long all of them take, one after the other.</param>
/// <param name="Counting">How long counting took.</param>
internal sealed record PretendedJob(IReadOnlyList<long> Work, bool AreItems, double Time, double Counting)
{
    /// <summary>The share of the job's operations that the thread does which is done last; 1 / threads at best.</summary>
    /// <param name="threads">Threads.</param>
    public double LongestWay(int threads)
    {
        long all = Work.Sum();
        return all == 0 ? 1.0 / threads : (double)(AreItems ? LastItemDone(threads) : Work.Max()) / all;
    }

    /// <summary>Each thread begins with its own range of items, then takes what is left of the others'.</summary>
    private long LastItemDone(int threads)
    {
        (int Next, int End)[] left = [.. Enumerable.Range(0, threads).Select(t => WorkerPool.Range(Work.Count, t, threads))];
        var free = new PriorityQueue<int, (long Time, int Thread)>(Enumerable.Range(0, threads).Select(t => (t, (0L, t))));
        long last = 0;
        while (free.TryDequeue(out int thread, out (long Time, int Thread) at))
        {
            int owner = Enumerable.Range(thread, threads).Select(t => t % threads)
                .FirstOrDefault(t => left[t].Next < left[t].End, -1);
            if (owner < 0)
                continue;
            long done = at.Time + Work[left[owner].Next++];
            last = Math.Max(last, done);
            free.Enqueue(thread, (done, thread));
        }
        return last;
    }
}
