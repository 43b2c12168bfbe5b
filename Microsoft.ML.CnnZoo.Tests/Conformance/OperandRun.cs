using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>Which operands are ranges of channels of wider tensors: bit i for input or output i.</summary>
internal sealed record OperandLayout(int StridedInputs, int StridedOutputs)
{
    public static OperandLayout Dense { get; } = new(0, 0);

    /// <summary>
    /// Operands that the op allows to be strided and that plans place: images of two channels or more.
    /// </summary>
    public static OperandLayout Allowed(NodeDef node)
    {
        static bool IsPlaced(TensorShape shape) => shape.Rank == 4 && shape[3] > 1;
        int inputs = Enumerable.Range(0, node.Inputs.Count)
            .Where(i => IsPlaced(node.Inputs[i].Shape) && node.Definition.AllowsStridedInput(node, i)).Sum(i => 1 << i);
        return new(inputs, Enumerable.Range(0, node.Outputs.Count)
            .Where(i => IsPlaced(node.Outputs[i].Shape) && node.Definition.AllowsStridedOutput(node, i))
            .Sum(i => 1 << i));
    }
}

/// <summary>The element types of a case's floats.</summary>
/// <param name="BFloat16">Whether what the op reads in bfloat16 is in it.</param>
/// <param name="WeightInput">An input that stays a float32 weight, read through a folded cast; -1 for none.</param>
/// <param name="Float32Result">Whether a bfloat16 op returns its sums in float32.</param>
internal readonly record struct OperandTypes(bool BFloat16, int WeightInput = -1, bool Float32Result = false)
{
    public static OperandTypes Float32 { get; } = new(false);
}

/// <summary>
/// A kernel of a conformance case on operands of any layout and type, or with output 0 written over an input. Operands
/// and scratch memory lie between guard bytes; those of inputs are NaN, so that a read of them shows in the result.
/// </summary>
internal sealed unsafe class OperandRun : IDisposable
{
    private readonly IKernel _kernel;
    private readonly Operand[] _inputs;
    private readonly Operand[] _outputs;
    private readonly Operand _scratch;
    private readonly byte[][] _values;

    public OperandRun(IKernelSet kernels, ConformanceCase c, OperandLayout layout, OperandTypes types, bool overwrites,
        WorkerPool? workers = null)
    {
        Node = Build(c, types);
        Specs = [.. c.Inputs.Select((input, i) => c.Inputs[i].Kind == InputKind.Handle
            || i == types.WeightInput ? input.Value.Spec : Node.Inputs[i].Spec)];
        _inputs = [.. Specs.Select((spec, i) => new Operand(spec, (layout.StridedInputs >> i & 1) != 0, gap: 0xFF))];
        _outputs = [.. Node.Outputs.Select((spec, i) => new Operand(spec, (layout.StridedOutputs >> i & 1) != 0,
            gap: 0xA5))];
        KernelInput[] inputs = [.. Specs.Select((spec, i) =>
            new KernelInput(spec, Source(c.Inputs[i].Kind), null, ConstantValues.TryGet(Node.Inputs[i]))
            { RowPitch = _inputs[i].Pitch })];
        var request = new KernelRequest(Node, inputs, Node.Outputs, workers ?? WorkerPool.Shared,
            TrainsVariables: c.Inputs.All(i => i.Kind != InputKind.Variable))
        {
            OutputRowPitches = layout.StridedOutputs == 0 ? [] : [.. _outputs.Select(o => o.Pitch)],
        };
        _kernel = kernels.TryPrepare(request)
            ?? throw new InvalidOperationException($"{c}, {layout}: no kernel.");
        _scratch = new Operand(new TensorSpec(DataType.UInt8, new((int)_kernel.ScratchBytes)), isStrided: false,
            gap: 0xA5);
        Overwritten = _kernel.InPlaceInput is >= 0 and int input && _inputs[input].Pitch + _outputs[0].Pitch == 0
            && Specs[input].ByteLength == Node.Outputs[0].ByteLength ? input : -1;
        if (overwrites && Overwritten >= 0)
        {
            _outputs[0].Dispose();
            _outputs[0] = _inputs[Overwritten];
        }
        _values = [.. Specs.Select((spec, i) => Narrowed(c.Inputs[i].Value, spec.Type).Bytes.ToArray())];
        for (int i = 0; i < _inputs.Length; i++)
            _inputs[i].Write(_values[i]);
    }

    public NodeDef Node { get; }

    /// <summary>The inputs' types as the kernel reads them: a weight of a folded cast is float32.</summary>
    public TensorSpec[] Specs { get; }

    /// <summary>The input over which the kernel can write output 0, both dense and of one size, or -1.</summary>
    public int Overwritten { get; }

    /// <summary>Whether all bytes before, behind and between the rows of operands and scratch are untouched.</summary>
    public bool GapsAreUntouched => _inputs.Concat(_outputs).Append(_scratch).All(o => o.GapsAreUntouched);

    /// <summary>Whether the inputs are as they were, but for handles and one that the result overwrites.</summary>
    public bool InputsAreUntouched => _inputs.Where((o, i) => Node.Inputs[i].Type != DataType.Resource
        && o != _outputs.FirstOrDefault() && !o.Read().AsSpan().SequenceEqual(_values[i])).FirstOrDefault() is null;

    /// <summary>The case's node; floats that the op reads in bfloat16 are converted.</summary>
    public static NodeDef Build(ConformanceCase c, OperandTypes types)
    {
        var builder = new GraphBuilder();
        OpDefinition op = OpCatalog.Get(c.Op);
        DataType TypeOf(int i) => types.BFloat16 && c.Inputs[i].Value.Spec.Type == DataType.Float && op.ReadsBFloat16(i)
            ? DataType.BFloat16 : c.Inputs[i].Value.Spec.Type;
        NodeOutput Input(KernelCaseInput input, int i) => input.Kind switch
        {
            InputKind.Handle => builder.VariableHandle(
                new VariableDefinition($"i{i}", input.Value.Spec, VariableRole.Kernel, Initializer.Zeros)),
            InputKind.Constant when TypeOf(i) == input.Value.Spec.Type => builder.Constant(
                new TensorLiteral(input.Value.Spec.Type, input.Value.Shape, input.Value.Bytes), $"i{i}"),
            _ => builder.Placeholder($"i{i}", TypeOf(i), input.Value.Shape),
        };
        KeyValuePair<string, AttributeValue>[] attributes = types.Float32Result
            ? [.. c.Attributes, new(OpSchema.OutputType, AttributeValue.Of(DataType.Float))] : c.Attributes;
        return builder.AddNode(c.Op, [.. c.Inputs.Select(Input)], attributes);
    }

    /// <summary>A float32 tensor in bfloat16, where that is the type; other tensors as they are.</summary>
    public static Tensor Narrowed(Tensor value, DataType type)
    {
        if (type != DataType.BFloat16 || value.Spec.Type != DataType.Float)
            return value;
        var narrowed = new Tensor(value.Spec with { Type = type });
        fixed (float* x = value.Values<float>())
        fixed (byte* y = narrowed.Bytes)
            BFloat16Spans.Narrow(x, (ushort*)y, value.Shape.ElementCount);
        return narrowed;
    }

    /// <summary>Runs the kernel; the outputs' elements, dense.</summary>
    /// <param name="pattern">The bytes of outputs and scratch memory before.</param>
    public byte[][] Run(byte pattern = 0xFF)
    {
        foreach (Operand output in _outputs.Except(_inputs).Append(_scratch))
            output.Fill(pattern);
        _kernel.Run(new KernelBuffers(Array.ConvertAll(_inputs, i => i.Address),
            Array.ConvertAll(_outputs, o => o.Address), _scratch.Address));
        return Array.ConvertAll(_outputs, o => o.Read());
    }

    /// <summary>The present values of the variables whose handles are inputs.</summary>
    public byte[][] Variables() =>
        [.. _inputs.Where((_, i) => Node.Inputs[i].Type == DataType.Resource).Select(o => o.Read())];

    public void Dispose()
    {
        _kernel?.Dispose();
        foreach (Operand operand in _inputs.Concat(_outputs).Append(_scratch))
            operand.Dispose();
    }

    private static InputSource Source(InputKind kind) => kind switch
    {
        InputKind.Constant => InputSource.Constant,
        InputKind.Fed => InputSource.Computed,
        _ => InputSource.Variable,
    };

    /// <summary>The memory of one tensor.</summary>
    private sealed class Operand : IDisposable
    {
        private const int GuardBytes = 512;

        // Ranges start at an odd channel, so that rows are not aligned to vectors.
        private const int FirstChannel = 3, MoreChannels = 8;

        private readonly NativeBuffer _buffer;
        private readonly byte _gap;
        private readonly int _rows, _rowBytes, _pitchBytes, _firstByte;

        public Operand(TensorSpec spec, bool isStrided, byte gap)
        {
            _gap = gap;
            int size = spec.Type.ByteSize(), channels = spec.Shape.Rank > 0 ? Math.Max(1, spec.Shape[^1]) : 1;
            Pitch = isStrided ? channels + MoreChannels : 0;
            _rows = (int)(spec.Shape.ElementCount / channels);
            (_rowBytes, _pitchBytes, _firstByte) = (channels * size, (isStrided ? Pitch : channels) * size,
                GuardBytes + (isStrided ? FirstChannel * size : 0));
            _buffer = new NativeBuffer(((long)_rows * _pitchBytes) + (2 * GuardBytes));
            _buffer.Span<byte>().Fill(gap);
        }

        /// <summary>Elements from one row to the next; 0 for dense rows.</summary>
        public int Pitch { get; }

        public nint Address => _buffer.Pointer + _firstByte;

        public bool GapsAreUntouched
        {
            get
            {
                ReadOnlySpan<byte> bytes = _buffer.Span<byte>();
                if (_rows == 0 || _pitchBytes == _rowBytes)
                    return IsGap(bytes[.._firstByte]) && IsGap(bytes[^GuardBytes..]);
                int at = 0;
                for (int row = 0; row < _rows; row++, at += _rowBytes)
                {
                    int start = _firstByte + (row * _pitchBytes);
                    if (!IsGap(bytes[at..start]))
                        return false;
                    at = start;
                }
                return IsGap(bytes[at..]);
            }
        }

        public void Fill(byte pattern)
        {
            if (_pitchBytes == _rowBytes)
                _buffer.Span<byte>().Slice(_firstByte, _rows * _rowBytes).Fill(pattern);
            else
                for (int row = 0; row < _rows; row++)
                    Row(row).Fill(pattern);
        }

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

        private bool IsGap(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExcept(_gap);

        private Span<byte> Row(int row) => _buffer.Span<byte>().Slice((row * _pitchBytes) + _firstByte, _rowBytes);
    }
}
