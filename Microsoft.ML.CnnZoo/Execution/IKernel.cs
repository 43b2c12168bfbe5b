using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Execution;

/// <summary>The addresses that a kernel works on, valid during one <see cref="IKernel.Run"/>. Row-major (NHWC, HWIO),
/// dense and 64-byte aligned, except strided operands (<see cref="KernelInput.RowPitch"/>,
/// <see cref="KernelRequest.OutputRowPitches"/>).</summary>
/// <param name="inputs">One per data input; for a variable's handle the address of its value; constants that the kernel
/// knew at preparation are included.</param>
/// <param name="outputs">One per output, read or not.</param>
/// <param name="scratch">Memory of <see cref="IKernel.ScratchBytes"/> bytes, of undefined content.</param>
internal readonly unsafe ref struct KernelBuffers(ReadOnlySpan<nint> inputs, ReadOnlySpan<nint> outputs, nint scratch)
{
    private readonly ReadOnlySpan<nint> _inputs = inputs;
    private readonly ReadOnlySpan<nint> _outputs = outputs;

    /// <summary>Scratch memory.</summary>
    public nint Scratch { get; } = scratch;
    /// <summary>Address of an input.</summary>
    public nint Input(int index) => _inputs[index];
    /// <summary>Address of an output.</summary>
    public nint Output(int index = 0) => _outputs[index];
    /// <summary>An input as typed pointer.</summary>
    public T* Input<T>(int index) where T : unmanaged => (T*)_inputs[index];
    /// <summary>An output as typed pointer.</summary>
    public T* Output<T>(int index = 0) where T : unmanaged => (T*)_outputs[index];
}

/// <summary>
/// One node of a plan, ready to run: geometry and algorithm are fixed when it is prepared. Used by one thread at a
/// time.
/// </summary>
internal interface IKernel : IDisposable
{
    /// <summary>Bytes of scratch memory that <see cref="Run"/> needs.</summary>
    long ScratchBytes => 0;

    /// <summary>
    /// The input whose buffer output 0 may reuse, one that the op allows (<see cref="OpDefinition.AllowsOverwrite"/>),
    /// or -1.
    /// </summary>
    int InPlaceInput => -1;

    /// <summary>
    /// Whether the kernel keeps its own copy of an input that is a parameter, so that it reads the input only when its
    /// version has changed.
    /// </summary>
    bool Keeps(int input) => false;

    /// <summary>Computes the outputs. Allocates nothing.</summary>
    void Run(in KernelBuffers buffers);
}

/// <summary>Where a kernel's input comes from.</summary>
internal enum InputSource
{
    /// <summary>Computed by another node, or fed.</summary>
    Computed,
    /// <summary>
    /// The value (or handle) of a variable, or what the plan computes from variables and constants alone.
    /// </summary>
    Variable,
    /// <summary>A constant of the graph: the same at every run.</summary>
    Constant,
}

/// <summary>A value that changes rarely: kernels cache what they derive from it.</summary>
internal interface IVersioned
{
    /// <summary>Counts changes.</summary>
    long Version { get; }
}

/// <summary>One input of a kernel that is prepared.</summary>
/// <param name="Spec">Type and shape, fully defined. For a handle: the variable's own type and shape. Where the node
/// reads a weight or constant as bfloat16 through a folded cast: float32, as it is stored.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="Origin">The variable, or what was computed from variables: packed weights are stale when its version
/// has changed.</param>
/// <param name="Constant">The integers of a constant input (axes, shapes), else null.</param>
internal readonly record struct KernelInput(TensorSpec Spec, InputSource Source, IVersioned? Origin = null,
    long[]? Constant = null)
{
    /// <summary>
    /// Elements from one row of the last dimension to the next for a strided input, a range of channels of a wider
    /// tensor; 0 for a dense one.
    /// </summary>
    public int RowPitch { get; init; }

    /// <summary>Elements from one row of the last dimension to the next.</summary>
    public int Pitch => RowPitch > 0 ? RowPitch : Spec.Shape[^1];

    /// <summary>The variable whose handle or value it is, else null.</summary>
    public Variable? Variable => Origin as Variable;

    /// <summary>Shape.</summary>
    public TensorShape Shape => Spec.Shape;
    /// <summary>Element type.</summary>
    public DataType Type => Spec.Type;
}

/// <summary>A node for which a kernel is prepared.</summary>
/// <param name="Node">The node; its attributes.</param>
/// <param name="Inputs">Inputs with fully defined shapes.</param>
/// <param name="Outputs">Outputs with fully defined shapes.</param>
/// <param name="Workers">Threads to run on.</param>
/// <param name="TrainsVariables">Whether this plan changes variables: then packed weights are stale after every
/// run.</param>
internal sealed record KernelRequest(NodeDef Node, IReadOnlyList<KernelInput> Inputs, IReadOnlyList<TensorSpec> Outputs,
    WorkerPool Workers, bool TrainsVariables)
{
    /// <summary>For each output as <see cref="KernelInput.RowPitch"/> for inputs; empty if all are dense.</summary>
    public IReadOnlyList<int> OutputRowPitches { get; init; } = [];

    /// <summary>Sums over the ranks of a distributed training that see one batch together; null for none.</summary>
    public IRankSums? RankSums { get; init; }

    /// <summary>Elements from one row of an output's last dimension to the next.</summary>
    public int OutputPitch(int output = 0) => IsPlaced(output) ? OutputRowPitches[output] : Outputs[output].Shape[^1];

    /// <summary>Whether an output is strided.</summary>
    public bool IsPlaced(int output = 0) => output < OutputRowPitches.Count && OutputRowPitches[output] > 0;

    /// <summary>An attribute of the node, or its schema's default.</summary>
    public AttributeValue Attribute(string name) => Node.Attributes.TryGetValue(name, out AttributeValue? value) ? value
        : Node.Definition.Attributes.FirstOrDefault(a => a.Name == name)?.Default
        ?? throw new GraphException($"{Node}: the attribute '{name}' is missing.");
}

/// <summary>Kernels for ops: all that plans know of them.</summary>
internal interface IKernelSet
{
    /// <summary>Prepares a kernel; null if there is none for the op with these types. Safe to call from several
    /// threads at a time.</summary>
    IKernel? TryPrepare(KernelRequest request);
}
