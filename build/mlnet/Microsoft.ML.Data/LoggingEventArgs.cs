using System;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>A message of <see cref="MLContext.Log"/>.</summary>
public class LoggingEventArgs : EventArgs
{
    /// <summary>A message without a source.</summary>
    public LoggingEventArgs(string message) => Message = message;

    /// <summary>A message of a source.</summary>
    public LoggingEventArgs(string message, ChannelMessageKind kind, string source)
    {
        RawMessage = message;
        Kind = kind;
        Source = source;
        Message = $"[Source={source}, Kind={kind}] {message}";
    }

    /// <summary>The text with source and kind.</summary>
    public string Message { get; }

    /// <summary>How grave it is.</summary>
    public ChannelMessageKind Kind { get; }

    /// <summary>The hosts' and the channel's names.</summary>
    public string Source { get; }

    /// <summary>The text alone.</summary>
    public string RawMessage { get; }
}
