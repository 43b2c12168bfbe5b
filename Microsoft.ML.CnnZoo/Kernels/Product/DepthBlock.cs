using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>A part of a product's depth for which a tile's piece of a panel stays in the first-level cache.</summary>
/// <param name="FirstRun">Its first run.</param>
/// <param name="RunCount">Number of runs.</param>
/// <param name="Start">Where it begins within its runs.</param>
/// <param name="Length">Steps of each run.</param>
internal readonly record struct DepthBlock(int FirstRun, int RunCount, int Start, int Length)
{
    /// <summary>Blocks of similar length that cover the depth: whole runs, or pieces of one.</summary>
    public static DepthBlock[] Divide(int runs, int length)
    {
        var blocks = new List<DepthBlock>();
        int most = Panels.MaxDepth;
        int atOnce = Math.Clamp(most / Math.Max(1, length), 1, Math.Max(1, runs)), groups = (runs + atOnce - 1) / atOnce;
        int pieces = (length + most - 1) / most;
        groups = Math.Clamp(groups, 1, runs);
        for (int i = 0; i < groups; i++)
        {
            (int first, int last) = WorkerPool.Range(runs, i, groups);
            for (int j = 0; j < pieces; j++)
            {
                (int start, int end) = WorkerPool.Range(length, j, pieces);
                blocks.Add(new DepthBlock(first, last - first, start, end - start));
            }
        }
        return [.. blocks];
    }
}
