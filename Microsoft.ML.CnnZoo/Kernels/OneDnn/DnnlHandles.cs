using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>An object of oneDNN that this process owns. <see cref="LiveCount"/> lets tests see that all are closed.</summary>
internal abstract class DnnlHandle() : SafeHandle(0, ownsHandle: true)
{
    private static long s_liveCount;
    private bool _counted;

    /// <summary>Objects created and not yet destroyed.</summary>
    public static long LiveCount => Interlocked.Read(ref s_liveCount);

    public override bool IsInvalid => handle == 0;

    /// <summary>Checks the status of the call that made this handle; an invalid one is disposed before the exception leaves.</summary>
    public static T Created<T>(T handle, DnnlStatus status, string call) where T : DnnlHandle
    {
        if (status != DnnlStatus.Success)
        {
            handle.Dispose();
            throw new DnnlException(call, status);
        }
        handle._counted = true;
        Interlocked.Increment(ref s_liveCount);
        return handle;
    }

    protected sealed override bool ReleaseHandle()
    {
        if (_counted)
            Interlocked.Decrement(ref s_liveCount);
        return Destroy(handle) == DnnlStatus.Success;
    }

    protected abstract DnnlStatus Destroy(nint pointer);
}

/// <summary><c>dnnl_engine_t</c>: the processor.</summary>
internal sealed class DnnlEngineHandle : DnnlHandle
{
    protected override DnnlStatus Destroy(nint pointer) => DnnlNative.DestroyEngine(pointer);
}

/// <summary><c>dnnl_stream_t</c>: an order of execution.</summary>
internal sealed class DnnlStreamHandle : DnnlHandle
{
    protected override DnnlStatus Destroy(nint pointer) => DnnlNative.DestroyStream(pointer);
}

/// <summary><c>dnnl_memory_t</c>: a described buffer that somebody else owns.</summary>
internal sealed class DnnlMemoryHandle : DnnlHandle
{
    /// <summary>The pointer that an argument list of <c>dnnl_primitive_execute</c> holds; this object must outlive the list.</summary>
    public nint Pointer => handle;

    protected override DnnlStatus Destroy(nint pointer) => DnnlNative.DestroyMemory(pointer);
}

/// <summary><c>dnnl_primitive_desc_t</c>: an implementation chosen for an operation.</summary>
internal sealed class DnnlPrimitiveDescHandle : DnnlHandle
{
    protected override DnnlStatus Destroy(nint pointer) => DnnlNative.DestroyPrimitiveDesc(pointer);
}

/// <summary><c>dnnl_primitive_desc_iterator_t</c>: the implementations of an operation, best first by oneDNN's own order.</summary>
internal sealed class DnnlIteratorHandle : DnnlHandle
{
    protected override DnnlStatus Destroy(nint pointer) => DnnlNative.DestroyIterator(pointer);
}

/// <summary><c>dnnl_primitive_t</c>: generated code.</summary>
internal sealed class DnnlPrimitiveHandle : DnnlHandle
{
    protected override DnnlStatus Destroy(nint pointer) => DnnlNative.DestroyPrimitive(pointer);
}

/// <summary><c>dnnl_primitive_attr_t</c>: scratchpad mode and post-ops.</summary>
internal sealed class DnnlAttributesHandle : DnnlHandle
{
    protected override DnnlStatus Destroy(nint pointer) => DnnlNative.DestroyAttributes(pointer);
}

/// <summary><c>dnnl_post_ops_t</c>: operations fused behind the main one.</summary>
internal sealed class DnnlPostOpsHandle : DnnlHandle
{
    protected override DnnlStatus Destroy(nint pointer) => DnnlNative.DestroyPostOps(pointer);
}
