using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>In which buffer of a run an operand lies.</summary>
internal enum OperandPlace
{
    Input,
    Output,
    Scratch,
}

/// <summary>Where a primitive's argument lies.</summary>
/// <param name="Place">Kind of buffer.</param>
/// <param name="Index">Which input or output; unused for scratch memory.</param>
/// <param name="Offset">Bytes from its start.</param>
internal readonly record struct Operand(OperandPlace Place, int Index, long Offset)
{
    public static Operand Input(int index, long offset = 0) => new(OperandPlace.Input, index, offset);
    public static Operand Output(int index, long offset = 0) => new(OperandPlace.Output, index, offset);
    public static Operand Scratch(long offset) => new(OperandPlace.Scratch, 0, offset);
}

/// <summary>One primitive of a share's sequence with the places of its arguments, in the order in which it binds them.</summary>
internal sealed record Stage(DnnlPrimitive Primitive, long ScratchOffset, Operand[] Operands);

/// <summary>Hands out scratch memory and collects the sequences of primitives, one sequence per thread.</summary>
internal sealed class StagedKernelBuilder
{
    private readonly List<List<Stage>> _shares = [];

    public long ScratchBytes { get; private set; }

    public long Reserve(long bytes)
    {
        long offset = ScratchBytes;
        ScratchBytes += DnnlPrimitive.Aligned(bytes);
        return offset;
    }

    /// <summary>Begins the next thread's sequence.</summary>
    public void BeginShare() => _shares.Add([]);

    public void Add(DnnlPrimitive primitive, params Operand[] operands) => _shares[^1].Add(new Stage(primitive, Reserve(primitive.ScratchBytes), operands));

    public StagedKernel Build(WorkerPool workers) => new(workers, [.. _shares.Select(s => s.ToArray())], ScratchBytes);

    /// <summary>Disposes what was collected, when it turns out that there is no kernel.</summary>
    public StagedKernel? Abandon()
    {
        foreach (Stage stage in _shares.SelectMany(s => s))
            stage.Primitive.Dispose();
        return null;
    }
}

/// <summary>Sequences of primitives that threads run at the same time, one each, with oneDNN held to one thread.</summary>
internal sealed class StagedKernel(WorkerPool workers, Stage[][] shares, long scratchBytes) : IKernel, IParallelWork
{
    private nint[] _inputs = [];
    private nint[] _outputs = [];
    private nint _scratch;

    public long ScratchBytes => scratchBytes;

    public void Run(in KernelBuffers buffers)
    {
        Remember(buffers);
        if (shares.Length > 1)
            workers.Run(this);
        else
            RunPart(0, 1);
    }

    public void RunPart(int part, int parts)
    {
        if (part >= shares.Length)
            return;
        DnnlLibrary.UseOneThread();
        foreach (Stage stage in shares[part])
        {
            for (int i = 0; i < stage.Operands.Length; i++)
                stage.Primitive.Bind(i, Address(stage.Operands[i]));
            stage.Primitive.Execute(_scratch + (nint)stage.ScratchOffset);
        }
    }

    public void Dispose()
    {
        foreach (Stage[] share in shares)
            foreach (Stage stage in share)
                stage.Primitive.Dispose();
    }

    private nint Address(in Operand operand) => (nint)operand.Offset + operand.Place switch
    {
        OperandPlace.Input => _inputs[operand.Index],
        OperandPlace.Output => _outputs[operand.Index],
        _ => _scratch,
    };

    /// <summary>Copies the addresses that the stages use: the buffers themselves cannot cross to other threads.</summary>
    private void Remember(in KernelBuffers buffers)
    {
        if (_inputs.Length == 0)
        {
            IEnumerable<Operand> all = shares.SelectMany(s => s).SelectMany(s => s.Operands);
            _inputs = new nint[1 + all.Where(o => o.Place == OperandPlace.Input).Max(o => o.Index)];
            _outputs = new nint[1 + all.Where(o => o.Place == OperandPlace.Output).Max(o => o.Index)];
        }
        for (int i = 0; i < _inputs.Length; i++)
            _inputs[i] = buffers.Input(i);
        for (int i = 0; i < _outputs.Length; i++)
            _outputs[i] = buffers.Output(i);
        _scratch = buffers.Scratch;
    }
}
