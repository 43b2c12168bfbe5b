namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary><c>dnnl_status_t</c>.</summary>
internal enum DnnlStatus
{
    Success = 0,
    OutOfMemory = 1,
    InvalidArguments = 2,
    Unimplemented = 3,
    IteratorEnds = 4,
    RuntimeError = 5,
    NotRequired = 6,
}

/// <summary>A call into oneDNN that failed: the call's name and the status that it returned.</summary>
internal sealed class DnnlException : Exception
{
    internal DnnlException(string call, DnnlStatus status)
        : base($"{call} failed with status {(int)status} ({status}).") => (Call, Status) = (call, status.ToString());

    /// <summary>Creates it with a message for people.</summary>
    public DnnlException(string message) : base(message) { }

    /// <summary>Creates it with a message and a cause.</summary>
    public DnnlException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Creates it without a message.</summary>
    public DnnlException() { }

    /// <summary>The C function.</summary>
    public string Call { get; } = "";

    /// <summary>The status by name, for example <c>InvalidArguments</c>.</summary>
    public string Status { get; } = "";

    internal static void ThrowIfFailed(DnnlStatus status, string call)
    {
        if (status != DnnlStatus.Success)
            throw new DnnlException(call, status);
    }
}
