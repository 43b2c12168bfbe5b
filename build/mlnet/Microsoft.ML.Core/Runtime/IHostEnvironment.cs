using System;

namespace Microsoft.ML.Runtime;

/// <summary>Where components run: gives channels, random numbers and the catalogue of loadable components.</summary>
public interface IHostEnvironment : IChannelProvider, IProgressChannelProvider
{
    /// <summary>The components that models may name.</summary>
    ComponentCatalog ComponentCatalog { get; }

    /// <summary>A host for a component.</summary>
    IHost Register(string name, int? seed = null, bool? verbose = null);
}

/// <summary>The environment of one component.</summary>
public interface IHost : IHostEnvironment
{
    /// <summary>The component's random numbers.</summary>
    Random Rand { get; }
}

/// <summary>Internal: what our environments have besides.</summary>
internal interface IHostEnvironmentInternal : IHostEnvironment
{
    /// <summary>The seed that the MLContext was made with.</summary>
    int? Seed { get; }

    /// <summary>The folder for temporary files.</summary>
    string TempFilePath { get; set; }

    /// <summary>The graphics processor to use.</summary>
    int? GpuDeviceId { get; set; }

    /// <summary>Whether to go on without a graphics processor.</summary>
    bool FallbackToCpu { get; set; }
}
