using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels;

/// <summary>
/// Base of all kernels: the addresses of one run, and the division of work into parts. Running allocates
/// nothing.
/// </summary>
/// <param name="request">The node.</param>
internal abstract unsafe class Kernel(KernelRequest request) : IKernel, IParallelWork
{
    /// <summary>Elements of any type that fill whole cache lines: where parts of a dense tensor meet.</summary>
    protected const int LineElements = 64;

    /// <summary>Elements below which waking another thread costs more than it saves.</summary>
    private const long ParallelThreshold = 16 * 1024;

    private const int FloatsOfLine = 16, LeastGranules = 16; // of a part

    private readonly nint[] _inputs = new nint[request.Inputs.Count];
    private readonly nint[] _outputs = new nint[request.Outputs.Count];
    private long _items, _work, _granule = 1;

    public virtual long ScratchBytes => 0;

    public virtual int InPlaceInput => -1;

    public virtual bool Keeps(int input) => false;

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

    public virtual void RunPart(int part, int parts)
    {
        (long first, long last) = Range(_items, part, parts, _granule);
        RunRange(first, last, part);
    }

    public virtual long PartWork(int part, int parts)
    {
        (long first, long last) = Range(_items, part, parts, _granule);
        return _work * (last - first) / Math.Max(1, _items);
    }

    public virtual void Dispose() { }

    /// <summary>Computes the outputs from the addresses of this run.</summary>
    protected abstract void Compute();

    protected float* Input(int index) => (float*)_inputs[index];

    /// <summary>The address of an input that not every node of the op has; else null.</summary>
    protected float* OptionalInput(int index) => index < _inputs.Length ? (float*)_inputs[index] : null;

    protected float* Output(int index = 0) => (float*)_outputs[index];

    protected nint InputAddress(int index) => _inputs[index];

    protected nint OutputAddress(int index = 0) => _outputs[index];

    /// <summary>Number of parts of the work that was shared last.</summary>
    protected int Parts { get; private set; } = 1;

    /// <summary>
    /// Computes items [first, last) of those that <see cref="Share"/> divides; also called for an empty range.
    /// </summary>
    protected virtual void RunRange(long first, long last, int part) { }

    /// <summary>
    /// Runs <see cref="RunRange"/> on all threads, or as one part when there is little work. The choice depends on
    /// shapes alone, so that the order of sums is fixed.
    /// </summary>
    /// <param name="items">What is divided, evenly: elements, rows, channels.</param>
    /// <param name="work">Element operations in all.</param>
    /// <param name="granule">Parts begin at multiples of it: on cache lines, or where vectors do.</param>
    protected void Share(long items, long work, long granule = 1)
    {
        (_items, _work, _granule) = (items, work, granule);
        Parts = work < ParallelThreshold ? 1 : Workers.ThreadCount;
        if (Parts == 1)
            RunRange(0, items, 0);
        else
            Workers.Run(this);
    }

    /// <summary>
    /// Shares the rows of a dense result, or the columns where there is one row.
    /// </summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="operands">Elements that are read for one of the result.</param>
    protected void ShareRows(long rows, long columns, int operands = 1)
    {
        if (rows == 1)
            Share(columns, columns * operands, LineElements);
        else
            Share(rows, rows * columns * operands, LineRows(rows, columns));
    }

    /// <summary>
    /// Rows that fill whole cache lines of floats, where there are enough of them for parts of about equal length; else 1.
    /// </summary>
    protected long LineRows(long rows, long columns)
    {
        long granule = FloatsOfLine / Math.Clamp(columns & -columns, 1, FloatsOfLine); // the power of two in columns
        return rows >= LeastGranules * granule * Workers.ThreadCount ? granule : 1;
    }

    /// <summary>
    /// Rounded up to whole cache lines of floats or of doubles: what each thread has of scratch memory, so that none shares a
    /// line with another.
    /// </summary>
    protected static long WholeLines(long elements) => (elements + FloatsOfLine - 1) / FloatsOfLine * FloatsOfLine;

    /// <summary>A part's range of items, its ends multiples of the granule.</summary>
    private static (long Start, long End) Range(long items, int part, int parts, long granule)
    {
        long granules = (items + granule - 1) / granule;
        return (Math.Min(items, granules * part / parts * granule),
            Math.Min(items, granules * (part + 1) / parts * granule));
    }
}
