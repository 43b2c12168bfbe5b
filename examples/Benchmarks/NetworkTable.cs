using Microsoft.ML.CnnZoo;

namespace Benchmarks;

/// <summary>One network of the comparison.</summary>
/// <param name="Name">Name on the command line, in <see cref="CnnArchitectures"/> and in peer_networks.py.</param>
/// <param name="Classes">Number of classes.</param>
/// <param name="Batch">Images per step.</param>
/// <param name="Size">How large it is, which decides how it is measured.</param>
internal sealed record BenchmarkNetwork(string Name, int Classes, int Batch, NetworkSize Size)
{
    private const int DistinctSmall = 8, DistinctLarge = 2;

    /// <summary>Our side.</summary>
    public CnnArchitecture Architecture => CnnArchitectures.Find(Name);

    /// <summary>
    /// Different inputs that take turns, so that no side profits from one batch that stays in the cache; few where they
    /// are large.
    /// </summary>
    public int DistinctBatches => Size == NetworkSize.Small ? DistinctSmall : DistinctLarge;

    /// <summary>Whether rows through the whole pipeline are timed too.</summary>
    public bool HasPipeline { get; init; }

    /// <summary>What is timed in a precision.</summary>
    public IEnumerable<WorkMode> Modes(WorkPrecision precision)
    {
        yield return new(WorkKind.Inference, 1, precision);
        yield return new(WorkKind.Inference, Batch, precision);
        yield return new(WorkKind.Training, Batch, precision);
        if (HasPipeline && precision == WorkPrecision.F32)
            yield return new(WorkKind.Pipeline, Batch, precision);
    }
}

/// <summary>Whether a network's time goes into calls or into arithmetic.</summary>
internal enum NetworkSize
{
    /// <summary>Images of 32x32.</summary>
    Small,
    /// <summary>Images of ImageNet's size.</summary>
    Large,
}

/// <summary>The networks of the comparison: one line for each network of peer_networks.py.</summary>
internal static class NetworkTable
{
    private static string[] Large =>
    [
        "alexnet_torchvision", "vgg16", "googlenet_torchvision", "resnet18", "resnet50_torchvision", "densenet121",
        "inception_v3", "xception",
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<BenchmarkNetwork> All { get; } =
    [
        new("lenet5_relu", Classes: 10, Batch: 64, NetworkSize.Small) { HasPipeline = true },
        new("resnet20_cifar", Classes: 10, Batch: 128, NetworkSize.Small),
        .. Large.Select(name => new BenchmarkNetwork(name, Classes: 1000, Batch: 16, NetworkSize.Large)),
    ];

    /// <summary>The network of that name, whatever the case.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists the names.</exception>
    public static BenchmarkNetwork Find(string name) =>
        All.FirstOrDefault(network => string.Equals(network.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException(
            $"There is no network '{name}' in the benchmark. It has {string.Join(", ", All.Select(n => n.Name))}.");
}
