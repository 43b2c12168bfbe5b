using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels;

/// <summary>
/// Base of all kernels: the addresses of one run, and the division of work into parts. Running allocates
/// nothing.
/// </summary>
/// <param name="request">The node.</param>
internal abstract unsafe class Kernel(KernelRequest request) : IKernel, IParallelWork
{
    /// <summary>Elements below which waking another thread costs more than it saves.</summary>
    private const long ParallelThreshold = 16 * 1024;

    private readonly nint[] _inputs = new nint[request.Inputs.Count];
    private readonly nint[] _outputs = new nint[request.Outputs.Count];

    public virtual long ScratchBytes => 0;

    public virtual int InPlaceInput => -1;

    public virtual bool Keeps(int input) => false;

    /// <summary>
    /// Multiply-adds of each item or part that a product is divided into, in their order; null for other kernels. A test
    /// tells from it how long threads would idle.
    /// </summary>
    public virtual IReadOnlyList<long>? ItemWork => null;

    protected WorkerPool Workers { get; } = request.Workers;

    protected nint Scratch { get; private set; }

    public void Run(in KernelBuffers buffers)
    {
        for (int i = 0; i < _inputs.Length; i++)
            _inputs[i] = buffers.Input(i);
        for (int i = 0; i < _outputs.Length; i++)
            _outputs[i] = buffers.Output(i);
        Scratch = buffers.Scratch;
        Compute();
    }

    /// <summary>One part of the work that <see cref="Share"/> divides.</summary>
    public virtual void RunPart(int part, int parts) { }

    public virtual void Dispose() { }

    /// <summary>Computes the outputs from the addresses of this run.</summary>
    protected abstract void Compute();

    protected float* Input(int index) => (float*)_inputs[index];

    /// <summary>The address of an input that not every node of the op has; else null.</summary>
    protected float* OptionalInput(int index) => index < _inputs.Length ? (float*)_inputs[index] : null;

    protected float* Output(int index = 0) => (float*)_outputs[index];

    protected nint InputAddress(int index) => _inputs[index];

    protected nint OutputAddress(int index = 0) => _outputs[index];

    /// <summary>
    /// Runs <see cref="RunPart"/> on all threads, or as one part when there is little work. The choice depends on
    /// shapes alone, so that the order of sums is fixed.
    /// </summary>
    /// <param name="elements">Element operations in all.</param>
    protected void Share(long elements)
    {
        if (elements < ParallelThreshold)
            RunPart(0, 1);
        else
            Workers.Run(this);
    }

    /// <summary>
    /// A part's range of <paramref name="items"/>, its ends multiples of <paramref name="granule"/> so that parts start
    /// on vector and cache-line boundaries.
    /// </summary>
    protected static (long Start, long End) Range(long items, int part, int parts, long granule = 1)
    {
        long granules = (items + granule - 1) / granule;
        return (Math.Min(items, granules * part / parts * granule),
            Math.Min(items, granules * (part + 1) / parts * granule));
    }
}
