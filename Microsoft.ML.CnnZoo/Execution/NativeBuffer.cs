using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>
/// Zeroed memory outside the garbage-collected heap, aligned to 64 bytes (a cache line, a 512-bit vector).
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    /// <summary>Alignment of every buffer, bytes.</summary>
    public const int Alignment = 64;

    private static long s_liveCount;
    private static long s_liveBytes;
    private void* _allocation;

    /// <summary>Allocates.</summary>
    /// <param name="byteLength">Bytes, ≥ 0.</param>
    public NativeBuffer(long byteLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteLength);
        ByteLength = byteLength;
        // Zeroed by the system page by page, when a thread first touches one: memory that is never used costs nothing,
        // and on machines of several nodes it lies near the thread that computes it.
        _allocation = NativeMemory.AllocZeroed((nuint)AllocatedBytes);
        GC.AddMemoryPressure(AllocatedBytes);
        Interlocked.Increment(ref s_liveCount);
        Interlocked.Add(ref s_liveBytes, byteLength);
    }

    /// <summary>Frees a buffer that was not disposed.</summary>
    ~NativeBuffer() => Free();

    /// <summary>Buffers allocated and not yet freed, in this process; leak tests watch it.</summary>
    public static long LiveCount => Interlocked.Read(ref s_liveCount);

    /// <summary>Bytes of those buffers.</summary>
    public static long LiveBytes => Interlocked.Read(ref s_liveBytes);

    /// <summary>Size in bytes.</summary>
    public long ByteLength { get; }

    /// <summary>Address of the first byte.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was freed.</exception>
    public nint Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_allocation is null, this);
            return ((nint)_allocation + Alignment - 1) / Alignment * Alignment;
        }
    }

    /// <summary>The content as elements of <typeparamref name="T"/>.</summary>
    public Span<T> Span<T>() where T : unmanaged => new((void*)Pointer, checked((int)(ByteLength / sizeof(T))));

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    // A cache line more than asked for: the start is rounded up, and vectors may end behind the last element.
    private long AllocatedBytes => ((ByteLength + Alignment - 1) / Alignment * Alignment) + Alignment;

    private void Free()
    {
        if (_allocation is null)
            return;
        NativeMemory.Free(_allocation);
        _allocation = null;
        GC.RemoveMemoryPressure(AllocatedBytes);
        Interlocked.Decrement(ref s_liveCount);
        Interlocked.Add(ref s_liveBytes, -ByteLength);
    }
}
