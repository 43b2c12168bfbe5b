using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Training;

namespace Benchmarks;

/// <summary>What our network is made of: to be compared with the peer's, and to turn images into operations.</summary>
/// <param name="Parameters">Trainable parameters of the network that scores.</param>
/// <param name="TrainingParameters">Likewise in training: with auxiliary classifiers.</param>
/// <param name="MultiplyAdds">Multiply-adds for one image.</param>
/// <param name="TrainingMultiplyAdds">Multiply-adds for one image of a training step.</param>
internal sealed record NetworkCost(
    long Parameters, long TrainingParameters, long MultiplyAdds, long TrainingMultiplyAdds)
{
    private const double OperationsPerMultiplyAdd = 2, Giga = 1e9;

    /// <summary>Counts a network's graphs.</summary>
    public static NetworkCost Of(BenchmarkNetwork network)
    {
        NetworkSummary summary = NetworkSummary.Of(network.Architecture, network.Classes);
        ClassificationGraph training = new ClassificationGraphs(
            network.Architecture, network.Architecture.DefaultInput, network.Classes).Training(new TrainingOptions());
        return new(
            summary.Parameters, training.Graph.Variables.Where(v => v.IsTrainable).Sum(v => v.ParameterCount),
            summary.MultiplyAdds, GraphCost.MultiplyAdds(training.Graph));
    }

    /// <summary>10⁹ operations a second.</summary>
    public double Gigaflops(WorkKind kind, double imagesPerSecond) =>
        (kind == WorkKind.Training ? TrainingMultiplyAdds
        : MultiplyAdds) * OperationsPerMultiplyAdd * imagesPerSecond / Giga;

    /// <summary>What differs in the peer's network, or why it could not be told; null if it is ours.</summary>
    public string? DifferenceFrom(WorkAnswer peer)
    {
        if (peer.Error is not null)
            return peer.Error;
        (string Name, long Ours, long Peer)[] figures =
        [
            ("parameters", Parameters, peer.Parameters),
            ("parameters in training", TrainingParameters, peer.TrainingParameters),
            ("multiply-adds", MultiplyAdds, peer.MultiplyAdds),
        ];
        string[] differences =
            [.. figures.Where(f => f.Ours != f.Peer).Select(f => $"{f.Name}: {f.Ours:N0} ours, {f.Peer:N0} peer's")];
        return differences.Length == 0 ? null : $"The two sides' networks differ: {string.Join("; ", differences)}.";
    }
}
