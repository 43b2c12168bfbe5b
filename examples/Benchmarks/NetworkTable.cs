using Microsoft.ML.CnnZoo.Architectures;

namespace Benchmarks;

/// <summary>One network of the comparison.</summary>
/// <param name="Name">Name on the command line and in peer.py.</param>
/// <param name="Architecture">Our side.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="Batch">Images per step.</param>
/// <param name="Goals">What is timed, and the ratio to the peer that is to be reached.</param>
internal sealed record BenchmarkNetwork(string Name, CnnArchitecture Architecture, int Classes, int Batch, IReadOnlyList<(string Mode, double Goal)> Goals);

/// <summary>The networks of the comparison: one line for each network of peer.py.</summary>
internal static class NetworkTable
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<BenchmarkNetwork> All { get; } =
    [
        new("lenet5", CnnArchitectures.LeNet5, Classes: 10, Batch: 64, [(WorkMode.Train, 1), (WorkMode.Score, 1), (WorkMode.Pipeline, 1)]),
    ];

    /// <summary>The network of that name, or null.</summary>
    public static BenchmarkNetwork? Find(string name) => All.FirstOrDefault(network => network.Name == name);
}
