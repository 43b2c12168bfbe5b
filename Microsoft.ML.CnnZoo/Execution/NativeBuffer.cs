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
    private void* _pointer;

    /// <summary>Allocates.</summary>
    /// <param name="byteLength">Bytes, ≥ 0.</param>
    public NativeBuffer(long byteLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteLength);
        ByteLength = byteLength;
        nuint size = (nuint)Math.Max(Alignment, (byteLength + Alignment - 1) / Alignment * Alignment);
        _pointer = NativeMemory.AlignedAlloc(size, Alignment);
        NativeMemory.Clear(_pointer, size);
        GC.AddMemoryPressure((long)size);
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
            ObjectDisposedException.ThrowIf(_pointer is null, this);
            return (nint)_pointer;
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

    private void Free()
    {
        if (_pointer is null)
            return;
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
        GC.RemoveMemoryPressure(Math.Max(Alignment, (ByteLength + Alignment - 1) / Alignment * Alignment));
        Interlocked.Decrement(ref s_liveCount);
        Interlocked.Add(ref s_liveBytes, -ByteLength);
    }
}
