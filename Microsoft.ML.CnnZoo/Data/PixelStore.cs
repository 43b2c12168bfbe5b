namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// Budget and file of the decoded images of one training, shared by all of its sets: memory first, then a memory-mapped
/// temporary file, then nothing, and images are decoded again whenever they are wanted. Nothing that goes wrong with
/// the file ends the training.
/// </summary>
/// <param name="memoryBudget">Bytes of pixels in memory, ≥ 0.</param>
/// <param name="fileBudget">Bytes of pixels in the file, ≥ 0.</param>
/// <param name="folder">Folder of the file, created if need be; null for the system's folder for temporary
/// files.</param>
/// <param name="warn">Is called, once, with the reason why the file cannot be used; null for none.</param>
internal sealed class PixelStore(long memoryBudget, long fileBudget, string? folder = null, Action<string>? warn = null)
    : IDisposable
{
    private const long LeastMemory = 256L << 20;
    private SpillFile? _file;
    private bool _fileClosed;

    /// <summary>Holds everything in memory.</summary>
    public static PixelStore Unlimited() => new(long.MaxValue, 0);

    /// <summary>Bytes in memory.</summary>
    public long InMemory { get; private set; }

    /// <summary>Bytes in the file.</summary>
    public long InFile => _file?.Length ?? 0;

    /// <summary>A quarter of the memory that this process may use, 256 MiB at least.</summary>
    public static long DefaultMemoryBudget => Math.Max(LeastMemory, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);

    /// <summary>Bytes that memory and file still have room for.</summary>
    public long Room => Math.Min(memoryBudget - InMemory, long.MaxValue / 2)
        + (_fileClosed ? 0 : Math.Min(fileBudget - InFile, long.MaxValue / 2));

    /// <summary>Reserves memory of the budget, if there is enough.</summary>
    public bool TryTakeMemory(long bytes)
    {
        if (bytes > memoryBudget - InMemory)
            return false;
        InMemory += bytes;
        return true;
    }

    /// <summary>Appends to the file.</summary>
    /// <returns>False when the file's budget or the disk is used up, or there can be no file.</returns>
    public bool TryWrite(ReadOnlySpan<byte> bytes, out long offset)
    {
        offset = -1;
        if (_fileClosed || bytes.Length > fileBudget - InFile)
            return false;
        string problem = "";
        _file ??= Create(out problem);
        if (_file is not null && _file.TryAppend(bytes, out offset, out problem))
            return true;
        _fileClosed = true;
        string what = _file is null ? "cannot be created" : "cannot grow";
        warn?.Invoke($"The file for decoded images in '{Folder}' {what}: {problem}. "
            + "Images that fit neither there nor into the memory budget are decoded again in every epoch.");
        return false;
    }

    /// <summary>Bytes of the file.</summary>
    public ReadOnlySpan<byte> Read(long offset, int length) => _file!.Read(offset, length);

    /// <inheritdoc/>
    public void Dispose()
    {
        _fileClosed = true;
        _file?.Dispose();
    }

    private string Folder => folder ?? Path.GetTempPath();

    private SpillFile? Create(out string problem)
    {
        try
        {
            Directory.CreateDirectory(Folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException
            or NotSupportedException)
        {
            problem = e.Message;
            return null;
        }
        return SpillFile.TryCreate(Folder, out problem);
    }
}
