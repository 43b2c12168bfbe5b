using System.IO.MemoryMappedFiles;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// A temporary file that is written once from front to back and then read through a memory map. It is gone when it is
/// disposed or when the process ends, however that ends: the system deletes it on the last close; where names and files
/// are apart, the name is removed at once.
/// </summary>
internal sealed unsafe class SpillFile : IDisposable
{
    private const long CheckEvery = 64L << 20, LeaveFree = 1L << 30;
    private readonly FileStream _stream;
    private readonly string _folder;
    private readonly Lock _gate = new();
    private MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _view;
    private byte* _start;
    private long _mapped, _checkedUntil;

    private SpillFile(string folder)
    {
        _folder = folder;
        string path = Path.Combine(folder, $"cnnzoo-{Guid.NewGuid():N}.pixels");
        bool unlink = !OperatingSystem.IsWindows();
        _stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.None,
            Options = unlink ? FileOptions.None : FileOptions.DeleteOnClose,
            BufferSize = 0,
        });
        if (unlink)
            File.Delete(path);
    }

    /// <summary>Bytes written.</summary>
    public long Length { get; private set; }

    /// <summary>Creates a file in a folder.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="problem">Why it could not be created.</param>
    /// <returns>Null when that is impossible.</returns>
    public static SpillFile? TryCreate(string folder, out string problem)
    {
        problem = "";
        try
        {
            return new SpillFile(folder);
        }
        catch (Exception e) when (IsFileProblem(e))
        {
            problem = e.Message;
            return null;
        }
    }

    /// <summary>Appends bytes.</summary>
    /// <param name="bytes">What to keep.</param>
    /// <param name="offset">Where they begin.</param>
    /// <param name="problem">Why it could not be written.</param>
    /// <returns>False when the disk is full, or nearly so.</returns>
    public bool TryAppend(ReadOnlySpan<byte> bytes, out long offset, out string problem)
    {
        offset = Length;
        problem = "";
        try
        {
            if (Length >= _checkedUntil)
            {
                _checkedUntil = Length + CheckEvery;
                long free = new DriveInfo(_folder).AvailableFreeSpace;
                if (free < LeaveFree)
                {
                    problem = $"only {free >> 20} MiB are free";
                    return false;
                }
            }
            RandomAccess.Write(_stream.SafeFileHandle, bytes, Length);
            Length += bytes.Length;
            return true;
        }
        catch (Exception e) when (IsFileProblem(e))
        {
            problem = e.Message;
            return false;
        }
    }

    /// <summary>
    /// Bytes that were appended; valid until disposed. Safe from several threads, though not while appending.
    /// </summary>
    public ReadOnlySpan<byte> Read(long offset, int length)
    {
        if (Volatile.Read(ref _mapped) < offset + length)
            Map();
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Unmap();
        _stream.Dispose();
    }

    private static bool IsFileProblem(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException
        or System.Security.SecurityException;

    private void Map()
    {
        lock (_gate)
        {
            if (_mapped == Length)
                return;
            Unmap();
            _map = MemoryMappedFile.CreateFromFile(
                _stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            _view = _map.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            byte* start = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            _start = start + _view.PointerOffset;
            Volatile.Write(ref _mapped, Length);
        }
    }

    private void Unmap()
    {
        if (_view is null)
            return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map!.Dispose();
        _start = null;
        (_view, _map, _mapped) = (null, null, 0);
    }
}
