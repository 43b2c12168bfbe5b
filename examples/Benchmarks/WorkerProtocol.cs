namespace Benchmarks;

/// <summary>What a worker process of a side is asked: one line of JSON.</summary>
/// <param name="Command">"measure" or "version"; peer.py also knows "describe".</param>
/// <param name="Network">Name in <see cref="NetworkTable"/>.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Batch">Images at a time.</param>
/// <param name="Precision">Numeric precision.</param>
/// <param name="Threads">Threads to run on.</param>
/// <param name="Seconds">The clock runs at least so long, and for one run.</param>
/// <param name="WarmUpSeconds">Likewise before the first measurement.</param>
/// <param name="DistinctBatches">Inputs that take turns.</param>
/// <param name="ChannelsLast">PyTorch's memory format.</param>
/// <param name="Model">The ONNX file that ONNX Runtime loads.</param>
internal sealed record WorkRequest(
    string Command, string Network, WorkKind Kind, int Batch, WorkPrecision Precision, int Threads, double Seconds,
    double WarmUpSeconds, int DistinctBatches, bool ChannelsLast = true, string? Model = null)
{
    /// <summary>Asks for the version.</summary>
    public static WorkRequest Version { get; } =
        new("version", "", WorkKind.Inference, 1, WorkPrecision.F32, Threads: 1, Seconds: 0, WarmUpSeconds: 0, 1);
}

/// <summary>A worker's answer: one line of JSON.</summary>
internal sealed record WorkAnswer
{
    /// <summary>Speed of a measurement.</summary>
    public double ImagesPerSecond { get; init; }

    /// <summary>Peak of the process's resident memory.</summary>
    public long PeakBytes { get; init; }

    /// <summary>What our plan needs besides the weights.</summary>
    public long PlanBytes { get; init; }

    /// <summary>How it ran: our vector width, the peer's memory format.</summary>
    public string? Form { get; init; }

    /// <summary>The side's version.</summary>
    public string? Version { get; init; }

    /// <summary>Trainable parameters of the network that scores.</summary>
    public long Parameters { get; init; }

    /// <summary>Trainable parameters of the network in training: with its auxiliary classifiers.</summary>
    public long TrainingParameters { get; init; }

    /// <summary>Multiply-adds of convolutions and dense layers for one image.</summary>
    public long MultiplyAdds { get; init; }

    /// <summary>What went wrong; null if nothing did.</summary>
    public string? Error { get; init; }
}
