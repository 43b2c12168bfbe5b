using System;
using System.Collections.Generic;

namespace Microsoft.ML.Runtime;

/// <summary>How grave a message is.</summary>
public enum ChannelMessageKind
{
    /// <summary>Detail.</summary>
    Trace = 0,

    /// <summary>Information.</summary>
    Info = 1,

    /// <summary>Something may be wrong.</summary>
    Warning = 2,

    /// <summary>Something is wrong.</summary>
    Error = 3,
}

/// <summary>What a message may reveal.</summary>
[Flags]
public enum MessageSensitivity
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Users' data.</summary>
    UserData = 1,

    /// <summary>Column names and the like.</summary>
    Schema = 2,

    /// <summary>Not known.</summary>
    Unknown = ~None,

    /// <summary>Everything.</summary>
    All = ~None,
}

/// <summary>A message sent over a channel.</summary>
public readonly struct ChannelMessage
{
    /// <summary>How grave it is.</summary>
    public readonly ChannelMessageKind Kind;

    /// <summary>What it may reveal.</summary>
    public readonly MessageSensitivity Sensitivity;

    internal ChannelMessage(ChannelMessageKind kind, MessageSensitivity sensitivity, string message)
    {
        Kind = kind;
        Sensitivity = sensitivity;
        Message = message;
    }

    /// <summary>The text.</summary>
    public string Message { get; }
}

/// <summary>Tells where an exception comes from.</summary>
public interface IExceptionContext
{
    /// <summary>The context in words.</summary>
    string ContextDescription { get; }

    /// <summary>Marks an exception before it is thrown.</summary>
    TException Process<TException>(TException ex)
        where TException : Exception;
}

/// <summary>Takes messages of one type.</summary>
public interface IPipe<TMessage> : IExceptionContext, IDisposable
{
    /// <summary>Sends a message.</summary>
    void Send(TMessage msg);
}

/// <summary>Takes text messages.</summary>
public interface IChannel : IPipe<ChannelMessage>
{
    /// <summary>Sends detail.</summary>
    void Trace(MessageSensitivity sensitivity, string fmt);

    /// <summary>Sends detail.</summary>
    void Trace(MessageSensitivity sensitivity, string fmt, params object[] args);

    /// <summary>Sends an error.</summary>
    void Error(MessageSensitivity sensitivity, string fmt);

    /// <summary>Sends an error.</summary>
    void Error(MessageSensitivity sensitivity, string fmt, params object[] args);

    /// <summary>Sends a warning.</summary>
    void Warning(MessageSensitivity sensitivity, string fmt);

    /// <summary>Sends a warning.</summary>
    void Warning(MessageSensitivity sensitivity, string fmt, params object[] args);

    /// <summary>Sends information.</summary>
    void Info(MessageSensitivity sensitivity, string fmt);

    /// <summary>Sends information.</summary>
    void Info(MessageSensitivity sensitivity, string fmt, params object[] args);
}

/// <summary>Opens channels.</summary>
public interface IChannelProvider : IExceptionContext
{
    /// <summary>Opens a channel.</summary>
    IChannel Start(string name);

    /// <summary>Opens a pipe.</summary>
    IPipe<TMessage> StartPipe<TMessage>(string name);
}

/// <summary>Opens progress channels.</summary>
public interface IProgressChannelProvider
{
    /// <summary>Opens a progress channel.</summary>
    IProgressChannel StartProgressChannel(string name);
}

/// <summary>Reports progress.</summary>
public interface IProgressChannel : IProgressChannelProvider, IDisposable
{
    /// <summary>Says what is reported, and how to ask for it.</summary>
    void SetHeader(ProgressHeader header, Action<IProgressEntry> fillAction);

    /// <summary>Reports values now.</summary>
    void Checkpoint(params double?[] values);
}

/// <summary>A report of progress that is being filled in.</summary>
public interface IProgressEntry
{
    /// <summary>Sets how far a unit has come.</summary>
    void SetProgress(int index, double value);

    /// <summary>Sets how far a unit has come, and how far it goes.</summary>
    void SetProgress(int index, double value, double lim);

    /// <summary>Sets a metric.</summary>
    void SetMetric(int index, double value);
}

/// <summary>The names of what a progress channel reports.</summary>
public sealed class ProgressHeader
{
    /// <summary>The metrics.</summary>
    public readonly IReadOnlyList<string> MetricNames;

    /// <summary>The units, the slowest first.</summary>
    public readonly IReadOnlyList<string> UnitNames;

    /// <summary>Metrics and units.</summary>
    public ProgressHeader(string[] metricNames, string[] unitNames)
    {
        MetricNames = metricNames ?? [];
        UnitNames = unitNames ?? [];
    }

    /// <summary>Units only.</summary>
    public ProgressHeader(params string[] unitNames)
        : this(null, unitNames)
    {
    }
}
