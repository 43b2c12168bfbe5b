// Internal: the environment behind MLContext, and the hosts that it gives to components. Messages of all channels go to one
// listener. A host's name is its parents' and its own, joined by "; ", as ML.NET prints sources.
using System;
using System.Diagnostics;
using System.IO;

namespace Microsoft.ML.Runtime;

internal sealed class HostEnvironment : IHost, IHostEnvironmentInternal
{
    private readonly HostEnvironment _root;
    private readonly object _randomLock = new();
    private string _tempFilePath;
    private int? _gpuDeviceId;
    private bool _fallbackToCpu = true;

    /// <summary>A root environment.</summary>
    public HostEnvironment(int? seed)
    {
        _root = this;
        Seed = seed;
        Rand = seed.HasValue ? new Random(seed.Value) : new Random();
        ComponentCatalog = new ComponentCatalog();
    }

    private HostEnvironment(HostEnvironment parent, string name, int? seed)
    {
        _root = parent._root;
        Seed = seed ?? parent.Seed;
        ComponentCatalog = parent.ComponentCatalog;
        ContextDescription = parent.Join(name);
        Rand = new Random(seed ?? parent.NextSeed());
    }

    /// <summary>Called with the source and the message, on whatever thread sends it.</summary>
    public Action<string, ChannelMessage> Listener { get; set; }

    public Random Rand { get; }

    public int? Seed { get; }

    public ComponentCatalog ComponentCatalog { get; }

    public string ContextDescription { get; } = "";

    public string TempFilePath
    {
        get => _root._tempFilePath ?? Path.GetTempPath();
        set => _root._tempFilePath = value;
    }

    public int? GpuDeviceId
    {
        get => _root._gpuDeviceId;
        set => _root._gpuDeviceId = value;
    }

    public bool FallbackToCpu
    {
        get => _root._fallbackToCpu;
        set => _root._fallbackToCpu = value;
    }

    public IHost Register(string name, int? seed = null, bool? verbose = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new HostEnvironment(this, name, seed);
    }

    public IChannel Start(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new Channel(_root, Join(name));
    }

    public IPipe<TMessage> StartPipe<TMessage>(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (typeof(TMessage) == typeof(ChannelMessage))
            return (IPipe<TMessage>)Start(name);
        return new SilentPipe<TMessage>(Join(name));
    }

    public IProgressChannel StartProgressChannel(string name) => new SilentProgress();

    public TException Process<TException>(TException ex)
        where TException : Exception
    {
        if (ex != null)
            ex.Data["Throwing component"] = ContextDescription;
        return ex;
    }

    private string Join(string name) => ContextDescription.Length == 0 ? name : ContextDescription + "; " + name;

    private int NextSeed()
    {
        lock (_randomLock)
            return Rand.Next();
    }

    private sealed class Channel : IChannel
    {
        private readonly HostEnvironment _root;
        private readonly long _start = Stopwatch.GetTimestamp();
        private bool _disposed;

        public Channel(HostEnvironment root, string source)
        {
            _root = root;
            ContextDescription = source;
            Trace(MessageSensitivity.None, "Channel started");
        }

        public string ContextDescription { get; }

        public void Send(ChannelMessage msg) => _root.Listener?.Invoke(ContextDescription, msg);

        public void Trace(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Trace, sensitivity, fmt);

        public void Trace(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(ChannelMessageKind.Trace, sensitivity, string.Format(fmt, args));

        public void Error(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Error, sensitivity, fmt);

        public void Error(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(ChannelMessageKind.Error, sensitivity, string.Format(fmt, args));

        public void Warning(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Warning, sensitivity, fmt);

        public void Warning(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(ChannelMessageKind.Warning, sensitivity, string.Format(fmt, args));

        public void Info(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Info, sensitivity, fmt);

        public void Info(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(ChannelMessageKind.Info, sensitivity, string.Format(fmt, args));

        public TException Process<TException>(TException ex)
            where TException : Exception => _root.Process(ex);

        public void Dispose()
        {
            if (_disposed)
                return;
            _disposed = true;
            Trace(MessageSensitivity.None, $"Channel finished. Elapsed {Stopwatch.GetElapsedTime(_start):c}.");
            Trace(MessageSensitivity.None, "Channel disposed");
        }

        private void Send(ChannelMessageKind kind, MessageSensitivity sensitivity, string text) => Send(new ChannelMessage(kind, sensitivity, text));
    }

    private sealed class SilentPipe<TMessage>(string source) : IPipe<TMessage>
    {
        public string ContextDescription { get; } = source;

        public void Send(TMessage msg)
        {
        }

        public TException Process<TException>(TException ex)
            where TException : Exception => ex;

        public void Dispose()
        {
        }
    }

    private sealed class SilentProgress : IProgressChannel
    {
        public void SetHeader(ProgressHeader header, Action<IProgressEntry> fillAction)
        {
        }

        public void Checkpoint(params double?[] values)
        {
        }

        public IProgressChannel StartProgressChannel(string name) => new SilentProgress();

        public void Dispose()
        {
        }
    }
}
