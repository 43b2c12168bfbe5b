using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// Measures what batch norms normalize by when they score, with the weights as they are: precise batch normalization.
/// Wu, Johnson 2021, arXiv:2105.07576, §3. Running averages hold what the layers gave under earlier weights, and a
/// share of their first values.
/// </summary>
/// <param name="session">Compiles the plan, when it is first needed.</param>
/// <param name="graph">The network as it trains; fetches are mean and biased variance of each batch norm in
/// turn.</param>
/// <param name="variables">Weights, and the statistics that are replaced.</param>
/// <param name="compile">How the plan is compiled.</param>
/// <param name="ranks">The ranks, each with images of its own; null for one process.</param>
internal sealed class BatchNormStatistics(Session session, ClassificationGraph graph, VariableStore variables,
    CompileOptions compile, RankGroup? ranks = null) : IDisposable
{
    private readonly PlanCache _plans = new(session, graph, variables, compile);

    /// <summary>
    /// Replaces the statistics by those over some batches: mean E[μ] and variance E[σ² + μ²] − E[μ]², with μ and σ² of
    /// each batch, which layers before are normalized by, too.
    /// </summary>
    /// <param name="batches">Images as they are trained on.</param>
    /// <param name="cancellation">Canceled, nothing is replaced.</param>
    /// <returns>False when canceled.</returns>
    public bool Refresh(IEnumerable<Batch> batches, CancellationToken cancellation)
    {
        if (graph.Fetches.Count == 0)
            return true;
        double[][] sums = [.. graph.Fetches.Select(f => new double[f.Channels])];
        int images = 0, step = 0;
        foreach (Batch batch in batches)
        {
            if (cancellation.IsCancellationRequested)
                return false;
            Add(_plans.Run(batch.Images, batch.Count, ++step), batch.Count, sums);
            images += batch.Count;
        }
        var count = (double[])[images];
        foreach (double[] own in sums.Append(count))
            ranks?.Sum(own);
        for (int i = 0; i < sums.Length; i += 2)
            Replace(graph.Fetches[i].Node, sums[i], sums[i + 1], count[0]);
        return true;
    }

    public void Dispose() => _plans.Dispose();

    /// <summary>Adds μ and σ² + μ² for each image.</summary>
    private static void Add(Executable plan, int count, double[][] sums)
    {
        for (int i = 0; i < sums.Length; i += 2)
        {
            ReadOnlySpan<float> mean = plan.Fetch<float>(i), variance = plan.Fetch<float>(i + 1);
            for (int c = 0; c < mean.Length; c++)
            {
                sums[i][c] += count * (double)mean[c];
                sums[i + 1][c] += count * (variance[c] + ((double)mean[c] * mean[c]));
            }
        }
    }

    private void Replace(NodeDef norm, double[] means, double[] squares, double images)
    {
        Variable meanVariable = variables[VariableName(norm.Inputs[3])],
            varianceVariable = variables[VariableName(norm.Inputs[4])];
        Span<float> mean = meanVariable.Values<float>(), variance = varianceVariable.Values<float>();
        for (int c = 0; c < means.Length; c++)
        {
            double center = means[c] / images;
            mean[c] = (float)center;
            variance[c] = (float)Math.Max(0, (squares[c] / images) - (center * center));
        }
        meanVariable.Touch();
        varianceVariable.Touch();
    }

    private static string VariableName(NodeOutput read) => read.Node.Inputs[0].Node.Name;
}
