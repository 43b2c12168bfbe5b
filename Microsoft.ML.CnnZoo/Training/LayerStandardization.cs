using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// Rescales random first weights so that over some images each channel of each convolution and dense layer has variance
/// 1 and the mean that its bias is: data-dependent initialization. Salimans, Kingma 2016, arXiv:1602.07868, §3. What a
/// deep network without batch norms makes of different images is nearly the same before, which it needs long to leave.
/// Scores get a tenth of that deviation: where dropout comes before them, larger ones are mostly its noise.
/// </summary>
/// <param name="session">Compiles the plan.</param>
/// <param name="network">The network as it trains; fetches are what its kernels give, before biases.</param>
/// <param name="variables">The first weights.</param>
/// <param name="compile">How the plan is compiled.</param>
/// <param name="message">Is told what begins: a large network takes minutes, for it runs once for every layer.</param>
/// <param name="ranks">The ranks, each with images of its own; null for one process.</param>
internal sealed class LayerStandardization(Session session, ClassificationGraph network, VariableStore variables,
    CompileOptions compile, Action<string>? message = null, RankGroup? ranks = null)
{
    private const int LeastImages = 128;

    private const float ScoreDeviation = 0.1f;

    /// <summary>A deviation below this share of the values' size is rounding: such a channel is left as it is.</summary>
    private const double LeastDeviation = 1e-3;

    /// <summary>Rescales, layers that come before others first.</summary>
    /// <param name="reader">Gives the images, as they are trained on.</param>
    /// <param name="order">Their order.</param>
    /// <param name="cancellation">Canceled, it leaves the layers that are not done.</param>
    public void Run(BatchReader reader, int[] order, CancellationToken cancellation)
    {
        int least = (LeastImages + reader.Plan.Size - 1) / reader.Plan.Size;
        List<float[]> batches = [.. reader.Read(order, epoch: 1, endBatch: Math.Min(least, reader.BatchCount))
            .Select(b => b.Images.ToArray()).Where(b => b.Length > 0)];
        message?.Invoke($"First weights of {network.Fetches.Count} layers are rescaled by what they make of some images.");
        HashSet<NodeDef> scores = ScoreLayers();
        foreach (NodeOutput[] level in Levels())
        {
            using var plans = new PlanCache(session, new() { Graph = network.Graph, Image = network.Image, Fetches = level },
                variables, compile);
            double[][] moments = [.. level.Select(layer => new double[(2 * layer.Channels) + 1])];
            foreach (float[] batch in batches)
            {
                if (cancellation.IsCancellationRequested)
                    return;
                Executable plan = plans.Run(batch, batch.Length / network.Image.ValueCount, step: 1);
                for (int i = 0; i < level.Length; i++)
                    Add(plan.Fetch<float>(i), moments[i]);
            }
            for (int i = 0; i < level.Length; i++)
            {
                ranks?.Sum(moments[i]);
                Rescale(level[i].Node, moments[i], scores.Contains(level[i].Node) ? ScoreDeviation : 1);
            }
        }
    }

    /// <summary>Name of the variable that a node convolves or multiplies with; null for other nodes.</summary>
    public static string? KernelOf(NodeDef node) =>
        node.Op is "Conv2D" or "DepthwiseConv2dNative" or "MatMul" && node.Inputs[1].Node is { Op: "ReadVariableOp" } read
            ? VariableOf(read) : null;

    private static string VariableOf(NodeDef read) => read.Inputs[0].Node.Name;

    /// <summary>The layers by how many come before them, on the longest way from the images.</summary>
    private IEnumerable<NodeOutput[]> Levels()
    {
        HashSet<NodeDef> layers = [.. network.Fetches.Select(f => f.Node)];
        var depths = new Dictionary<NodeDef, int>();
        foreach (NodeDef node in network.Graph.Nodes)
            depths.Add(node, node.Inputs.Select(i => depths[i.Node] + (layers.Contains(i.Node) ? 1 : 0)).DefaultIfEmpty(0).Max());
        return network.Fetches.GroupBy(f => depths[f.Node]).OrderBy(level => level.Key).Select(level => level.ToArray());
    }

    /// <summary>The layers that no other comes after: those of scores, auxiliary ones too.</summary>
    private HashSet<NodeDef> ScoreLayers()
    {
        HashSet<NodeDef> scores = [.. network.Fetches.Select(f => f.Node)], before = [];
        foreach (NodeDef node in network.Graph.Nodes.Reverse().Where(n => scores.Contains(n) || before.Contains(n)))
            before.UnionWith(node.Inputs.Select(i => i.Node));
        scores.ExceptWith(before);
        return scores;
    }

    /// <summary>Adds each channel's values, their squares, and how many they are.</summary>
    private static void Add(ReadOnlySpan<float> values, double[] moments)
    {
        int channels = moments.Length / 2;
        for (int i = 0, c = 0; i < values.Length; i++, c = c + 1 == channels ? 0 : c + 1)
        {
            moments[c] += values[i];
            moments[channels + c] += (double)values[i] * values[i];
        }
        moments[^1] += values.Length / channels;
    }

    private void Rescale(NodeDef layer, double[] moments, float deviation)
    {
        Variable kernel = variables[KernelOf(layer)!];
        Variable? bias = network.Graph.Nodes.FirstOrDefault(n => n.Op == "BiasAdd" && n.Inputs[0].Node == layer
            && n.Inputs[1].Node.Op == "ReadVariableOp") is { } add ? variables[VariableOf(add.Inputs[1].Node)] : null;
        int channels = moments.Length / 2;
        var factors = new float[channels];
        for (int c = 0; c < channels; c++)
        {
            double mean = moments[c] / moments[^1], square = moments[channels + c] / moments[^1],
                variance = square - (mean * mean);
            bool isConstant = !(variance > LeastDeviation * LeastDeviation * square);
            factors[c] = isConstant ? 1 : (float)(deviation / Math.Sqrt(variance));
            if (bias is not null && !isConstant)
                bias.Values<float>()[c] -= (float)(mean * deviation / Math.Sqrt(variance));
        }
        Span<float> weights = kernel.Values<float>();
        for (int i = 0; i < weights.Length; i++)
            weights[i] *= factors[i % channels]; // HWIO, [in,out], depthwise [kh,kw,C,m]: channels come last
        kernel.Touch();
        bias?.Touch();
    }
}
