using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels;

/// <summary>
/// Runs a float32 kernel on bfloat16 tensors: inputs are widened into scratch memory, outputs rounded from it. Works
/// for every op, but is slower than float32 by two passes over memory.
/// </summary>
internal sealed unsafe class WideningKernel : Kernel
{
    private readonly IKernel _inner;
    private readonly Conversion[] _widened, _narrowed;
    private readonly nint[] _innerInputs, _innerOutputs;
    private readonly long _innerScratch;
    private Conversion _current;
    private bool _narrows;

    private WideningKernel(KernelRequest request, IKernel inner, Conversion[] widened, Conversion[] narrowed,
        long bytes) : base(request)
    {
        (_inner, _widened, _narrowed, _innerScratch) = (inner, widened, narrowed, bytes);
        _innerInputs = new nint[request.Inputs.Count];
        _innerOutputs = new nint[request.Outputs.Count];
        ScratchBytes = bytes + inner.ScratchBytes;
    }

    /// <summary>A bfloat16 operand and its dense float32 copy in scratch memory.</summary>
    private readonly record struct Conversion(int Operand, long Count, long Offset, int Columns, int Pitch);

    public override long ScratchBytes { get; }

    public override bool Keeps(int input) => _inner.Keeps(input);

    /// <summary>
    /// The kernel that <paramref name="prepare"/> returns, wrapped in conversions if the request has bfloat16 tensors;
    /// null if it returns null.
    /// </summary>
    public static IKernel? Prepare(KernelRequest request, Func<KernelRequest, IKernel?> prepare)
    {
        long bytes = 0;
        Conversion[] widened = [.. Conversions(request.Inputs.Select(i => (i.Spec, i.RowPitch)), ref bytes)],
            narrowed = [.. Conversions(request.Outputs.Select((o, i) =>
                (o, request.IsPlaced(i) ? request.OutputPitch(i) : 0)), ref bytes)];
        if (widened.Length + narrowed.Length == 0)
            return prepare(request);
        KernelRequest wide = request with
        {
            Inputs = [.. request.Inputs.Select(i => i.Type == DataType.BFloat16
                ? new KernelInput(Wide(i.Spec), InputSource.Computed) : i)],
            Outputs = [.. request.Outputs.Select(Wide)],
            OutputRowPitches = [.. request.Outputs.Select((o, i) => o.Type != DataType.BFloat16
                && request.IsPlaced(i) ? request.OutputPitch(i) : 0)],
        };
        return prepare(wide) is IKernel inner ? new WideningKernel(request, inner, widened, narrowed, bytes) : null;
    }

    protected override void RunRange(long first, long last, int part)
    {
        float* wide = (float*)(Scratch + (nint)_current.Offset);
        ushort* narrow = (ushort*)(_narrows ? OutputAddress(_current.Operand) : InputAddress(_current.Operand));
        if (_current.Pitch == 0)
        {
            Convert(narrow + first, wide + first, last - first);
            return;
        }
        for (long row = first; row < last; row++)
            Convert(narrow + (row * _current.Pitch), wide + (row * _current.Columns), _current.Columns);
    }

    public override void Dispose()
    {
        _inner.Dispose();
        base.Dispose();
    }

    protected override void Compute()
    {
        for (int i = 0; i < _innerInputs.Length; i++)
            _innerInputs[i] = InputAddress(i);
        for (int i = 0; i < _innerOutputs.Length; i++)
            _innerOutputs[i] = OutputAddress(i);
        foreach (Conversion input in _widened)
        {
            Convert(input, narrows: false);
            _innerInputs[input.Operand] = Scratch + (nint)input.Offset;
        }
        foreach (Conversion output in _narrowed)
            _innerOutputs[output.Operand] = Scratch + (nint)output.Offset;
        _inner.Run(new KernelBuffers(_innerInputs, _innerOutputs, Scratch + (nint)_innerScratch));
        foreach (Conversion output in _narrowed)
            if (OutputAddress(output.Operand) != 0)
                Convert(output, narrows: true);
    }

    private void Convert(ushort* narrow, float* wide, long n)
    {
        if (_narrows)
            BFloat16Spans.Narrow(wide, narrow, n);
        else
            BFloat16Spans.Widen(narrow, wide, n);
    }

    private void Convert(in Conversion conversion, bool narrows)
    {
        (_current, _narrows) = (conversion, narrows);
        if (conversion.Pitch == 0)
            Share(conversion.Count, conversion.Count, LineElements);
        else
            Share(conversion.Count / conversion.Columns, conversion.Count);
    }

    private static TensorSpec Wide(TensorSpec spec) =>
        spec.Type == DataType.BFloat16 ? spec with { Type = DataType.Float } : spec;

    private static List<Conversion> Conversions(IEnumerable<(TensorSpec Spec, int Pitch)> operands, ref long bytes)
    {
        var conversions = new List<Conversion>();
        int operand = 0;
        foreach ((TensorSpec spec, int pitch) in operands)
        {
            if (spec.Type == DataType.BFloat16)
            {
                conversions.Add(new Conversion(operand, spec.Shape.ElementCount, bytes,
                    pitch > 0 ? spec.Shape[^1] : 0, pitch));
                bytes += (Wide(spec).ByteLength + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment
                    * NativeBuffer.Alignment;
            }
            operand++;
        }
        return conversions;
    }
}
