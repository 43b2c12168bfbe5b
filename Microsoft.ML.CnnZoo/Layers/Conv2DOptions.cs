namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>The less common options of convolutions.</summary>
internal sealed record Conv2DOptions
{
    /// <summary>The defaults.</summary>
    public static Conv2DOptions Default { get; } = new();

    /// <summary>The defaults without a bias: before batch normalization.</summary>
    public static Conv2DOptions NoBias { get; } = new() { UseBias = false };

    /// <summary>Whether a bias per filter is added.</summary>
    public bool UseBias { get; init; } = true;

    /// <summary>Pixels between the filter's taps, ≥ 1.</summary>
    public int DilationRate { get; init; } = 1;

    /// <summary>Groups of a grouped convolution; divides channels and filters.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>The kernel's initializer.</summary>
    public Initializer KernelInitializer { get; init; } = Initializer.GlorotUniform;

    /// <summary>The bias's initializer.</summary>
    public Initializer BiasInitializer { get; init; } = Initializer.Zeros;
}
