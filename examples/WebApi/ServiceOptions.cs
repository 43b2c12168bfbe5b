namespace WebApi;

/// <summary>Limits of the service; section <c>Service</c> of the configuration.</summary>
internal sealed record ServiceOptions
{
    /// <summary>Largest upload, bytes. Default: 10 MiB.</summary>
    public int MaxUploadBytes { get; init; } = 10 << 20;

    /// <summary>Most pixels of an image, width times height, whatever its file's size. Default: 40,000,000.</summary>
    public long MaxPixels { get; init; } = 40_000_000;

    /// <summary>Images that are worked on at a time. Default: one per processor.</summary>
    public int MaxConcurrent { get; init; } = Environment.ProcessorCount;

    /// <summary>Requests that wait for their turn; the next ones get 503. Default: 100.</summary>
    public int MaxWaiting { get; init; } = 100;
}
