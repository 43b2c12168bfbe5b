using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>Which operand is a range of channels of a wider tensor; -1 for none.</summary>
internal sealed record OperandLayout(int StridedInput, int StridedOutput)
{
    public static OperandLayout Dense { get; } = new(-1, -1);
}

/// <summary>A kernel of a conformance case with one operand strided, or with output 0 written over an input.</summary>
internal sealed unsafe class OperandRun : IDisposable
{
    // Ranges start at an odd channel and rows are an odd number of elements apart.
    private const int FirstChannel = 3, MoreChannels = 8;
    private const byte Gap = 0xA5;

    private readonly IKernel _kernel;
    private readonly Operand[] _inputs;
    private readonly Operand[] _outputs;
    private readonly NativeBuffer _scratch;

    public OperandRun(IKernelSet kernels, ConformanceCase c, OperandLayout layout, bool bfloat16, bool overwrites)
    {
        Node = Build(c, bfloat16);
        _inputs = [.. Node.Inputs.Select((input, i) => new Operand(input.Spec, i == layout.StridedInput))];
        _outputs = [.. Node.Outputs.Select((spec, i) => new Operand(spec, i == layout.StridedOutput))];
        KernelInput[] inputs = [.. Node.Inputs.Select((input, i) =>
            new KernelInput(input.Spec, InputSource.Computed, null, ConstantValues.TryGet(input))
            { RowPitch = _inputs[i].Pitch })];
        var request = new KernelRequest(Node, inputs, Node.Outputs, WorkerPool.Shared, TrainsVariables: true)
        {
            OutputRowPitches = layout.StridedOutput < 0 ? [] : [.. _outputs.Select(o => o.Pitch)],
        };
        _kernel = kernels.TryPrepare(request)
            ?? throw new InvalidOperationException($"{c}, {layout}: no kernel.");
        _scratch = new NativeBuffer(_kernel.ScratchBytes);
        Overwritten = _kernel.InPlaceInput is >= 0 and int input && _inputs[input].Pitch == 0
            && Node.Inputs[input].Spec.ByteLength == Node.Outputs[0].ByteLength ? input : -1;
        if (overwrites && Overwritten >= 0)
        {
            _outputs[0].Dispose();
            _outputs[0] = _inputs[Overwritten];
        }
        for (int i = 0; i < _inputs.Length; i++)
            _inputs[i].Write(Value(c.Inputs[i].Value, Node.Inputs[i].Type));
    }

    public NodeDef Node { get; }

    /// <summary>The dense input of output 0's size over which the kernel can write it, or -1.</summary>
    public int Overwritten { get; }

    public bool GapsAreUntouched => _inputs.Concat(_outputs).All(o => o.GapsAreUntouched);

    /// <summary>The case's node; floats that the op reads in bfloat16 are converted.</summary>
    public static NodeDef Build(ConformanceCase c, bool bfloat16)
    {
        var builder = new GraphBuilder();
        OpDefinition op = Microsoft.ML.CnnZoo.Graph.Ops.OpCatalog.Get(c.Op);
        DataType TypeOf(int i) => bfloat16 && c.Inputs[i].Value.Spec.Type == DataType.Float && op.ReadsBFloat16(i)
            ? DataType.BFloat16 : c.Inputs[i].Value.Spec.Type;
        NodeOutput[] inputs = [.. c.Inputs.Select((input, i) => input.Kind == InputKind.Constant
            && TypeOf(i) == input.Value.Spec.Type
            ? builder.Constant(new TensorLiteral(input.Value.Spec.Type, input.Value.Shape, input.Value.Bytes), $"i{i}")
            : builder.Placeholder($"i{i}", TypeOf(i), input.Value.Shape))];
        return builder.AddNode(c.Op, inputs, c.Attributes);
    }

    /// <summary>Runs the kernel; the outputs' elements, dense.</summary>
    public byte[][] Run()
    {
        _kernel.Run(new KernelBuffers(Array.ConvertAll(_inputs, i => i.Address),
            Array.ConvertAll(_outputs, o => o.Address), _scratch.Pointer));
        return [.. _outputs.Select(o => o.Read())];
    }

    public void Dispose()
    {
        _kernel.Dispose();
        _scratch.Dispose();
        foreach (Operand operand in _inputs.Concat(_outputs))
            operand.Dispose();
    }

    private static byte[] Value(Tensor value, DataType type)
    {
        if (type == value.Spec.Type)
            return value.Bytes.ToArray();
        var halved = new byte[value.Shape.ElementCount * sizeof(ushort)];
        fixed (float* x = value.Values<float>())
        fixed (byte* y = halved)
            BFloat16Spans.Narrow(x, (ushort*)y, value.Shape.ElementCount);
        return halved;
    }

    /// <summary>The memory of one tensor.</summary>
    private sealed class Operand : IDisposable
    {
        private readonly NativeBuffer _buffer;
        private readonly int _rows, _rowBytes, _pitchBytes, _firstByte;

        public Operand(TensorSpec spec, bool isStrided)
        {
            int size = spec.Type.ByteSize(), channels = spec.Shape.Rank > 0 ? Math.Max(1, spec.Shape[^1]) : 1;
            Pitch = isStrided ? channels + MoreChannels : 0;
            _rows = (int)(spec.Shape.ElementCount / channels);
            (_rowBytes, _pitchBytes, _firstByte) =
                (channels * size, (isStrided ? Pitch : channels) * size, isStrided ? FirstChannel * size : 0);
            _buffer = new NativeBuffer((long)_rows * _pitchBytes);
            _buffer.Span<byte>().Fill(Gap);
        }

        /// <summary>Elements from one row to the next; 0 for dense rows.</summary>
        public int Pitch { get; }

        public nint Address => _buffer.Pointer + _firstByte;

        public bool GapsAreUntouched => Enumerable.Range(0, _rows)
            .All(row => !_buffer.Span<byte>().Slice(row * _pitchBytes, _firstByte).ContainsAnyExcept(Gap)
            && !_buffer.Span<byte>()[((row * _pitchBytes) + _firstByte + _rowBytes)..((row + 1) * _pitchBytes)]
            .ContainsAnyExcept(Gap));

        public void Write(ReadOnlySpan<byte> dense)
        {
            for (int row = 0; row < _rows; row++)
                dense.Slice(row * _rowBytes, _rowBytes).CopyTo(Row(row));
        }

        public byte[] Read()
        {
            var dense = new byte[_rows * _rowBytes];
            for (int row = 0; row < _rows; row++)
                Row(row).CopyTo(dense.AsSpan(row * _rowBytes));
            return dense;
        }

        public void Dispose() => _buffer.Dispose();

        private Span<byte> Row(int row) => _buffer.Span<byte>().Slice((row * _pitchBytes) + _firstByte, _rowBytes);
    }
}
