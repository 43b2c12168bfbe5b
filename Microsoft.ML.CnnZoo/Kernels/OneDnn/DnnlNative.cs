using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>
/// oneDNN's C API, version 2. Imports are private and spelled as in dnnl.h; the wrappers beside them check the status and throw
/// <see cref="DnnlException"/>. <see cref="DnnlLibrary"/> must have loaded the library first.
/// </summary>
internal static partial class DnnlNative
{
    private const string Library = DnnlLibrary.ImportName;

    public static DnnlEngineHandle CreateEngine() => DnnlHandle.Created(Engine(out DnnlStatus status), status, "dnnl_engine_create");

    public static DnnlStreamHandle CreateStream(DnnlEngineHandle engine)
    {
        const uint InOrder = 1;
        DnnlStatus status = dnnl_stream_create(out DnnlStreamHandle stream, engine, InOrder);
        return DnnlHandle.Created(stream, status, nameof(dnnl_stream_create));
    }

    public static DnnlMemoryDesc DescribeByStrides(int rank, in DnnlDims dims, int dataType, in DnnlDims strides)
    {
        DnnlException.ThrowIfFailed(dnnl_memory_desc_init_by_strides(out DnnlMemoryDesc desc, rank, dims, dataType, strides), nameof(dnnl_memory_desc_init_by_strides));
        return desc;
    }

    public static DnnlMemoryDesc DescribeByTag(int rank, in DnnlDims dims, int dataType, int tag)
    {
        DnnlException.ThrowIfFailed(dnnl_memory_desc_init_by_tag(out DnnlMemoryDesc desc, rank, dims, dataType, tag), nameof(dnnl_memory_desc_init_by_tag));
        return desc;
    }

    public static bool TrySlice(in DnnlMemoryDesc parent, in DnnlDims dims, in DnnlDims offsets, out DnnlMemoryDesc slice) =>
        dnnl_memory_desc_init_submemory(out slice, parent, dims, offsets) == DnnlStatus.Success;

    public static bool AreEqual(in DnnlMemoryDesc left, in DnnlMemoryDesc right) => dnnl_memory_desc_equal(left, right) != 0;

    public static long ByteLength(in DnnlMemoryDesc desc) => (long)dnnl_memory_desc_get_size(desc);

    /// <summary>A memory object without a buffer; <see cref="SetPointer"/> gives it one.</summary>
    public static DnnlMemoryHandle CreateMemory(in DnnlMemoryDesc desc, DnnlEngineHandle engine)
    {
        DnnlStatus status = dnnl_memory_create(out DnnlMemoryHandle memory, desc, engine, 0);
        return DnnlHandle.Created(memory, status, nameof(dnnl_memory_create));
    }

    public static void SetPointer(DnnlMemoryHandle memory, nint pointer, DnnlStreamHandle stream) =>
        DnnlException.ThrowIfFailed(dnnl_memory_set_data_handle_v2(memory, pointer, stream), nameof(dnnl_memory_set_data_handle_v2));

    public static DnnlPostOpsHandle CreatePostOps()
    {
        DnnlStatus status = dnnl_post_ops_create(out DnnlPostOpsHandle postOps);
        return DnnlHandle.Created(postOps, status, nameof(dnnl_post_ops_create));
    }

    public static void AppendSum(DnnlPostOpsHandle postOps) =>
        DnnlException.ThrowIfFailed(dnnl_post_ops_append_sum(postOps, 1f), nameof(dnnl_post_ops_append_sum));

    public static void AppendEltwise(DnnlPostOpsHandle postOps, DnnlAlgorithm algorithm, float alpha, float beta) =>
        DnnlException.ThrowIfFailed(dnnl_post_ops_append_eltwise(postOps, 1f, algorithm, alpha, beta), nameof(dnnl_post_ops_append_eltwise));

    /// <summary>Attributes with a scratchpad that the caller provides.</summary>
    public static DnnlAttributesHandle CreateAttributes(DnnlPostOpsHandle? postOps = null)
    {
        const int UserScratchpad = 1;
        DnnlStatus status = dnnl_primitive_attr_create(out DnnlAttributesHandle attributes);
        attributes = DnnlHandle.Created(attributes, status, nameof(dnnl_primitive_attr_create));
        DnnlException.ThrowIfFailed(dnnl_primitive_attr_set_scratchpad_mode(attributes, UserScratchpad), nameof(dnnl_primitive_attr_set_scratchpad_mode));
        if (postOps is not null)
            DnnlException.ThrowIfFailed(dnnl_primitive_attr_set_post_ops(attributes, postOps), nameof(dnnl_primitive_attr_set_post_ops));
        return attributes;
    }

    /// <summary>The first implementation of an operation, or null when there is none.</summary>
    public static unsafe DnnlPrimitiveDescHandle? TryCreatePrimitiveDesc<TDesc>(in TDesc operation, DnnlAttributesHandle attributes, DnnlEngineHandle engine,
        DnnlPrimitiveDescHandle? forwardHint) where TDesc : unmanaged
    {
        using var none = new DnnlPrimitiveDescHandle();
        fixed (TDesc* pointer = &operation)
        {
            DnnlStatus status = dnnl_primitive_desc_create(out DnnlPrimitiveDescHandle desc, pointer, attributes, engine, forwardHint ?? none);
            if (status == DnnlStatus.Unimplemented)
            {
                desc.Dispose();
                return null;
            }
            return DnnlHandle.Created(desc, status, nameof(dnnl_primitive_desc_create));
        }
    }

    /// <summary>The first implementation whose name is accepted, or null when there is none.</summary>
    public static unsafe DnnlPrimitiveDescHandle? TryFindPrimitiveDesc<TDesc>(in TDesc operation, DnnlAttributesHandle attributes, DnnlEngineHandle engine,
        Func<string, bool> accepts) where TDesc : unmanaged
    {
        using var none = new DnnlPrimitiveDescHandle();
        fixed (TDesc* pointer = &operation)
        {
            DnnlStatus status = dnnl_primitive_desc_iterator_create(out DnnlIteratorHandle created, pointer, attributes, engine, none);
            if (status == DnnlStatus.Unimplemented)
            {
                created.Dispose();
                return null;
            }
            using DnnlIteratorHandle iterator = DnnlHandle.Created(created, status, nameof(dnnl_primitive_desc_iterator_create));
            do
            {
                DnnlPrimitiveDescHandle desc = dnnl_primitive_desc_iterator_fetch(iterator);
                status = desc.IsInvalid ? DnnlStatus.OutOfMemory : DnnlStatus.Success;
                desc = DnnlHandle.Created(desc, status, nameof(dnnl_primitive_desc_iterator_fetch));
                if (accepts(QueryImplementation(desc)))
                    return desc;
                desc.Dispose();
            }
            while (dnnl_primitive_desc_iterator_next(iterator) == DnnlStatus.Success);
            return null;
        }
    }

    public static DnnlPrimitiveDescHandle CreateReorderDesc(in DnnlMemoryDesc from, in DnnlMemoryDesc to, DnnlAttributesHandle attributes, DnnlEngineHandle engine)
    {
        DnnlStatus status = dnnl_reorder_primitive_desc_create(out DnnlPrimitiveDescHandle desc, from, engine, to, engine, attributes);
        return DnnlHandle.Created(desc, status, nameof(dnnl_reorder_primitive_desc_create));
    }

    /// <summary>The layout that the implementation wants for an argument; empty when it has no such argument.</summary>
    public static unsafe DnnlMemoryDesc QueryMemoryDesc(DnnlPrimitiveDescHandle desc, DnnlQuery what)
    {
        DnnlMemoryDesc* found = dnnl_primitive_desc_query_md(desc, what, 0);
        return found is null ? default : *found;
    }

    public static unsafe string QueryImplementation(DnnlPrimitiveDescHandle desc)
    {
        nint name = 0;
        DnnlException.ThrowIfFailed(dnnl_primitive_desc_query(desc, DnnlQuery.ImplementationName, 0, &name), nameof(dnnl_primitive_desc_query));
        return Marshal.PtrToStringUTF8(name) ?? "";
    }

    public static DnnlPrimitiveHandle CreatePrimitive(DnnlPrimitiveDescHandle desc)
    {
        DnnlStatus status = dnnl_primitive_create(out DnnlPrimitiveHandle primitive, desc);
        return DnnlHandle.Created(primitive, status, nameof(dnnl_primitive_create));
    }

    public static unsafe void Execute(DnnlPrimitiveHandle primitive, DnnlStreamHandle stream, ReadOnlySpan<DnnlExecutionArgument> arguments)
    {
        fixed (DnnlExecutionArgument* pointer = arguments)
            DnnlException.ThrowIfFailed(dnnl_primitive_execute(primitive, stream, arguments.Length, pointer), nameof(dnnl_primitive_execute));
    }

    public static DnnlStatus DestroyEngine(nint engine) => dnnl_engine_destroy(engine);
    public static DnnlStatus DestroyStream(nint stream) => dnnl_stream_destroy(stream);
    public static DnnlStatus DestroyMemory(nint memory) => dnnl_memory_destroy(memory);
    public static DnnlStatus DestroyPrimitiveDesc(nint desc) => dnnl_primitive_desc_destroy(desc);
    public static DnnlStatus DestroyIterator(nint iterator) => dnnl_primitive_desc_iterator_destroy(iterator);
    public static DnnlStatus DestroyPrimitive(nint primitive) => dnnl_primitive_destroy(primitive);
    public static DnnlStatus DestroyAttributes(nint attributes) => dnnl_primitive_attr_destroy(attributes);
    public static DnnlStatus DestroyPostOps(nint postOps) => dnnl_post_ops_destroy(postOps);

    private static DnnlEngineHandle Engine(out DnnlStatus status)
    {
        const int Cpu = 1;
        status = dnnl_engine_create(out DnnlEngineHandle engine, Cpu, 0);
        return engine;
    }

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_engine_create(out DnnlEngineHandle engine, int kind, nuint index);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_engine_destroy(nint engine);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_stream_create(out DnnlStreamHandle stream, DnnlEngineHandle engine, uint flags);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_stream_destroy(nint stream);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_memory_desc_init_by_strides(out DnnlMemoryDesc desc, int rank, in DnnlDims dims, int dataType, in DnnlDims strides);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_memory_desc_init_by_tag(out DnnlMemoryDesc desc, int rank, in DnnlDims dims, int dataType, int tag);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_memory_desc_init_submemory(out DnnlMemoryDesc desc, in DnnlMemoryDesc parent, in DnnlDims dims, in DnnlDims offsets);

    [LibraryImport(Library)]
    private static partial int dnnl_memory_desc_equal(in DnnlMemoryDesc left, in DnnlMemoryDesc right);

    [LibraryImport(Library)]
    private static partial nuint dnnl_memory_desc_get_size(in DnnlMemoryDesc desc);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_memory_create(out DnnlMemoryHandle memory, in DnnlMemoryDesc desc, DnnlEngineHandle engine, nint handle);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_memory_set_data_handle_v2(DnnlMemoryHandle memory, nint handle, DnnlStreamHandle stream);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_memory_destroy(nint memory);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_post_ops_create(out DnnlPostOpsHandle postOps);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_post_ops_append_sum(DnnlPostOpsHandle postOps, float scale);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_post_ops_append_eltwise(DnnlPostOpsHandle postOps, float scale, DnnlAlgorithm algorithm, float alpha, float beta);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_post_ops_destroy(nint postOps);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_primitive_attr_create(out DnnlAttributesHandle attributes);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_primitive_attr_set_scratchpad_mode(DnnlAttributesHandle attributes, int mode);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_primitive_attr_set_post_ops(DnnlAttributesHandle attributes, DnnlPostOpsHandle postOps);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_primitive_attr_destroy(nint attributes);

    [LibraryImport(Library)]
    private static unsafe partial DnnlStatus dnnl_primitive_desc_create(out DnnlPrimitiveDescHandle desc, void* operation, DnnlAttributesHandle attributes,
        DnnlEngineHandle engine, DnnlPrimitiveDescHandle forwardHint);

    [LibraryImport(Library)]
    private static unsafe partial DnnlStatus dnnl_primitive_desc_iterator_create(out DnnlIteratorHandle iterator, void* operation, DnnlAttributesHandle attributes,
        DnnlEngineHandle engine, DnnlPrimitiveDescHandle forwardHint);

    [LibraryImport(Library)]
    private static partial DnnlPrimitiveDescHandle dnnl_primitive_desc_iterator_fetch(DnnlIteratorHandle iterator);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_primitive_desc_iterator_next(DnnlIteratorHandle iterator);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_primitive_desc_iterator_destroy(nint iterator);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_reorder_primitive_desc_create(out DnnlPrimitiveDescHandle desc, in DnnlMemoryDesc from, DnnlEngineHandle fromEngine,
        in DnnlMemoryDesc to, DnnlEngineHandle toEngine, DnnlAttributesHandle attributes);

    [LibraryImport(Library)]
    private static unsafe partial DnnlStatus dnnl_primitive_desc_query(DnnlPrimitiveDescHandle desc, DnnlQuery what, int index, void* result);

    [LibraryImport(Library)]
    private static unsafe partial DnnlMemoryDesc* dnnl_primitive_desc_query_md(DnnlPrimitiveDescHandle desc, DnnlQuery what, int index);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_primitive_desc_destroy(nint desc);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_primitive_create(out DnnlPrimitiveHandle primitive, DnnlPrimitiveDescHandle desc);

    [LibraryImport(Library)]
    private static unsafe partial DnnlStatus dnnl_primitive_execute(DnnlPrimitiveHandle primitive, DnnlStreamHandle stream, int count, DnnlExecutionArgument* arguments);

    [LibraryImport(Library)]
    private static partial DnnlStatus dnnl_primitive_destroy(nint primitive);
}
