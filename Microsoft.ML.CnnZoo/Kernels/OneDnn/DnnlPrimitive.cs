using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>One oneDNN primitive with its memory objects, ready to run: only addresses change between runs.</summary>
internal sealed class DnnlPrimitive : IDisposable
{
    private readonly DnnlPrimitiveHandle _primitive;
    private readonly DnnlStreamHandle _stream;
    private readonly DnnlMemoryHandle[] _memories;
    private readonly DnnlExecutionArgument[] _arguments;
    private readonly nint[] _bound;
    private readonly bool _hasScratch;

    /// <summary>Generates the code.</summary>
    /// <param name="desc">The implementation; stays the caller's.</param>
    /// <param name="arguments">What the primitive reads and writes, in the order of <see cref="Bind"/>.</param>
    public DnnlPrimitive(DnnlPrimitiveDescHandle desc, params ReadOnlySpan<(DnnlArgument Argument, DnnlMemoryDesc Desc)> arguments)
    {
        DnnlEngineHandle engine = DnnlLibrary.Engine;
        DnnlMemoryDesc scratch = DnnlNative.QueryMemoryDesc(desc, DnnlQuery.Scratchpad);
        ScratchBytes = scratch.IsEmpty ? 0 : Aligned(scratch.ByteLength);
        _hasScratch = ScratchBytes > 0;
        int count = arguments.Length + (_hasScratch ? 1 : 0);
        _memories = new DnnlMemoryHandle[count];
        _arguments = new DnnlExecutionArgument[count];
        _bound = new nint[count];
        _primitive = DnnlNative.CreatePrimitive(desc);
        _stream = DnnlNative.CreateStream(engine);
        for (int i = 0; i < arguments.Length; i++)
            Add(i, arguments[i].Argument, arguments[i].Desc, engine);
        if (_hasScratch)
            Add(count - 1, DnnlArgument.Scratchpad, scratch, engine);
    }

    /// <summary>Bytes of scratch memory, a multiple of <see cref="NativeBuffer.Alignment"/>.</summary>
    public long ScratchBytes { get; }

    /// <summary>A copy from one layout to another; binds source and target.</summary>
    public static DnnlPrimitive Reorder(in DnnlMemoryDesc from, in DnnlMemoryDesc to, DnnlAttributesHandle attributes)
    {
        using DnnlPrimitiveDescHandle desc = DnnlNative.CreateReorderDesc(from, to, attributes, DnnlLibrary.Engine);
        return new DnnlPrimitive(desc, (DnnlArgument.Source, from), (DnnlArgument.Destination, to));
    }

    /// <summary>Rounds up to whole cache lines.</summary>
    public static long Aligned(long bytes) => (bytes + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment;

    /// <summary>Says where an argument lies.</summary>
    public void Bind(int argument, nint pointer)
    {
        if (_bound[argument] == pointer)
            return;
        DnnlNative.SetPointer(_memories[argument], pointer, _stream);
        _bound[argument] = pointer;
    }

    /// <summary>Runs.</summary>
    /// <param name="scratch">Memory of <see cref="ScratchBytes"/> bytes.</param>
    public void Execute(nint scratch)
    {
        if (_hasScratch)
            Bind(_memories.Length - 1, scratch);
        DnnlNative.Execute(_primitive, _stream, _arguments);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (DnnlMemoryHandle memory in _memories)
            memory?.Dispose();
        _stream?.Dispose();
        _primitive?.Dispose();
    }

    private void Add(int index, DnnlArgument argument, in DnnlMemoryDesc desc, DnnlEngineHandle engine)
    {
        _memories[index] = DnnlNative.CreateMemory(desc, engine);
        _arguments[index] = new DnnlExecutionArgument { Argument = argument, Memory = _memories[index].Pointer };
    }
}
