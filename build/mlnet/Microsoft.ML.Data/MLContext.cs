using System;
using System.Collections.Concurrent;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The starting point: catalogues of operations over one environment. Catalogues may be used by several threads.</summary>
public sealed class MLContext : IHostEnvironmentInternal
{
    private readonly HostEnvironment _environment;
    private readonly ConcurrentDictionary<string, object> _options = new(StringComparer.Ordinal);

    /// <summary>A context; with a seed its operations can be repeated exactly.</summary>
    public MLContext(int? seed = null)
    {
        _environment = new HostEnvironment(seed);
        _environment.Listener = (source, message) => Log?.Invoke(this, new LoggingEventArgs(message.Message, message.Kind, source));
        Data = new DataOperationsCatalog(_environment);
        Model = new ModelOperationsCatalog(_environment);
        Transforms = new TransformsCatalog(_environment);
        MulticlassClassification = new MulticlassClassificationCatalog(_environment);
    }

    /// <summary>Gets all messages, on whatever thread sends them.</summary>
    public event EventHandler<LoggingEventArgs> Log;

    /// <summary>Loading and shaping of data.</summary>
    public DataOperationsCatalog Data { get; }

    /// <summary>Saving, loading and use of models.</summary>
    public ModelOperationsCatalog Model { get; }

    /// <summary>Transformations.</summary>
    public TransformsCatalog Transforms { get; }

    /// <summary>Classification into several classes.</summary>
    public MulticlassClassificationCatalog MulticlassClassification { get; }

    /// <summary>The components that models may name.</summary>
    public ComponentCatalog ComponentCatalog => _environment.ComponentCatalog;

    /// <summary>The folder for temporary files.</summary>
    public string TempFilePath
    {
        get => _environment.TempFilePath;
        set => _environment.TempFilePath = value;
    }

    /// <summary>Whether to go on without a graphics processor.</summary>
    public bool FallbackToCpu
    {
        get => _environment.FallbackToCpu;
        set => _environment.FallbackToCpu = value;
    }

    /// <summary>The graphics processor to use.</summary>
    public int? GpuDeviceId
    {
        get => _environment.GpuDeviceId;
        set => _environment.GpuDeviceId = value;
    }

    int? IHostEnvironmentInternal.Seed => _environment.Seed;

    string IExceptionContext.ContextDescription => _environment.ContextDescription;

    IHost IHostEnvironment.Register(string name, int? seed, bool? verbose) => _environment.Register(name, seed, verbose);

    IChannel IChannelProvider.Start(string name) => _environment.Start(name);

    IPipe<TMessage> IChannelProvider.StartPipe<TMessage>(string name) => _environment.StartPipe<TMessage>(name);

    IProgressChannel IProgressChannelProvider.StartProgressChannel(string name) => _environment.StartProgressChannel(name);

    TException IExceptionContext.Process<TException>(TException ex) => _environment.Process(ex);

    /// <summary>Sets a named option.</summary>
    public void SetOption<T>(string name, T value) => _options[name] = value;

    /// <summary>Sets a named option if it is not set.</summary>
    public bool TryAddOption<T>(string name, T value) => _options.TryAdd(name, value);

    /// <summary>Reads a named option.</summary>
    public bool TryGetOption<T>(string name, out T value)
    {
        bool found = _options.TryGetValue(name, out object stored);
        value = found ? (T)stored : default;
        return found;
    }

    /// <summary>Reads a named option, or the type's default.</summary>
    public T GetOptionOrDefault<T>(string name) => TryGetOption(name, out T value) ? value : default;

    /// <summary>Removes a named option.</summary>
    public bool RemoveOption(string name) => _options.TryRemove(name, out _);
}
