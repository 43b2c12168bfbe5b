using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>What follows the product of a fused node.</summary>
/// <param name="HasBias">Input 2 is added to every row.</param>
/// <param name="HasSide">Input 3, of the result's shape, is added.</param>
/// <param name="Activation">Then this.</param>
internal readonly record struct MatMulEpilogue(bool HasBias, bool HasSide, Activation Activation);

/// <summary>
/// A product of two matrices, perhaps with bias, side input and activation. Each thread computes a band of rows of the result, or, when there are fewer
/// rows than columns, a band of columns; no sum is split.
/// </summary>
/// <remarks>
/// Measured on oneDNN 2.6.3, one thread with AVX-512, ms for 16x9216 by 9216x2048: brgemm on the plain right operand 91 (its blocks walk down the columns, a
/// page for each row), im2col's gemm, which packs as it goes, 36, brgemm on a packed operand 12. So a right operand that stays the same over the runs is packed once, and a large
/// plain one goes to gemm; below 2 MiB brgemm is ahead on plain operands too (64x400x120: 61 µs to 80). A large result of short sums, the gradient of a dense kernel
/// (9216x16 by 16x4096: 53 to 21, 9216x64 by 64x4096: 68 to 60), goes to gemm as well. A right operand of more than 64 MiB, the first dense layer of AlexNet and VGG, is never packed: the
/// product takes 41 and not 24 ms (16x9216 by 9216x4096), 8 % of AlexNet, but a second copy would be a quarter to a third of those networks' memory.
/// </remarks>
internal sealed unsafe class MatMulKernel : IKernel, IParallelWork
{
    // Below this many multiply-adds one thread is done before another has woken up.
    private const long WorthSharing = 1 << 16;

    // Bands of columns begin at whole vectors of 16 floats.
    private const int ColumnAlignment = 16;

    private const long MostPlainBytes = 2 << 20;
    private const int ShortSum = 64;

    private readonly Band[] _bands;
    private readonly WorkerPool _workers;
    private readonly MatMulEpilogue _epilogue;
    private readonly long _outputBytes;
    private nint _a, _bias, _c, _scratch;

    private MatMulKernel(Band[] bands, KernelRequest request, in MatMulEpilogue epilogue) =>
        (_bands, _workers, _epilogue, _outputBytes) = (bands, request.Workers, epilogue, request.Outputs[0].ByteLength);

    public long ScratchBytes => _bands.Sum(b => b.Primitive.ScratchBytes + (b.OwnsRight ? b.PackedRight.ScratchBytes : 0));

    public int InPlaceInput => _epilogue.HasSide ? 3 : -1;

    /// <summary>Prepares the kernel, or null when oneDNN has no implementation or does not take the types together.</summary>
    public static MatMulKernel? TryPrepare(KernelRequest request, in MatMulEpilogue epilogue = default)
    {
        if (MatMulTypes.TryRead(request, epilogue) is not MatMulTypes types || IsStreamed(request))
            return null;
        DnnlLibrary.UseOneThread();
        using DnnlPostOpsHandle postOps = DnnlNative.CreatePostOps();
        if (epilogue.HasSide)
            DnnlNative.AppendSum(postOps);
        epilogue.Activation.AppendTo(postOps);
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes(postOps);
        var left = new Matrix(request.Inputs[0].Shape, request.Attribute("transpose_a").Bool, types.Operands);
        var right = new Matrix(request.Inputs[1].Shape, request.Attribute("transpose_b").Bool, types.GivenRight);
        var bands = new List<Band>();
        foreach ((int row, int rows, int column, int columns) in Cut(left.Rows, right.Columns, left.Columns, request.Workers.ThreadCount))
        {
            DnnlMemoryDesc a = left.Band(rows, left.Columns), b = right.Band(right.Rows, columns);
            DnnlMemoryDesc c = DnnlMemoryDesc.Strided([rows, columns], [right.Columns, 1], types.Result), bias = epilogue.HasBias ? DnnlMemoryDesc.Strided([1, columns], [columns, 1]) : default;
            using DnnlPrimitiveDescHandle? desc = TryDescribe(request, types, a, b, bias, c, attributes);
            if (desc is null)
            {
                bands.ForEach(created => created.Dispose());
                return null;
            }
            DnnlMemoryDesc wanted = types.Packs ? DnnlNative.QueryMemoryDesc(desc, DnnlQuery.Weights) : b;
            var primitive = epilogue.HasBias
                ? new DnnlPrimitive(desc, (DnnlArgument.Source, a), (DnnlArgument.Weights, wanted), (DnnlArgument.Destination, c), (DnnlArgument.Bias, bias))
                : new DnnlPrimitive(desc, (DnnlArgument.Source, a), (DnnlArgument.Weights, wanted), (DnnlArgument.Destination, c));
            // Bands of rows share the right operand, bands of columns have a piece each.
            bool ownsRight = bands.Count == 0 || row == 0;
            PackedWeights weights = ownsRight ? new PackedWeights(b, wanted, request.Inputs[1], request) : bands[0].PackedRight;
            bands.Add(new Band(primitive, weights, ownsRight, left.Offset(row, 0), right.Offset(0, column), column * sizeof(float),
                (((long)row * right.Columns) + column) * DnnlTypes.ByteSize(types.Result)));
        }
        return new MatMulKernel([.. bands], request, epilogue);
    }

    /// <summary>
    /// Whether a float32 product of one row with a large operand is better left to the managed kernel, which reads the operand as it lies: oneDNN is no faster
    /// on a packed copy (6.3 ms each for 4096x4096 on one thread), and the copy doubles the memory of a dense layer.
    /// </summary>
    private static bool IsStreamed(KernelRequest request) => request.Inputs[0].Type == DataType.Float && request.Inputs[1].Spec.Type == DataType.Float && request.Inputs[0].Shape[0] == 1
        && !request.Attribute("transpose_a").Bool && !request.Attribute("transpose_b").Bool && request.Inputs[1].Spec.ByteLength >= MostPlainBytes && request.Inputs[1].Shape[1] % ColumnAlignment == 0;

    public void Run(in KernelBuffers buffers)
    {
        (_a, _c) = (buffers.Input(0), buffers.Output());
        _bias = _epilogue.HasBias ? buffers.Input(2) : 0;
        if (_epilogue.HasSide && buffers.Input(3) != _c)
            Buffer.MemoryCopy(buffers.Input<byte>(3), buffers.Output<byte>(), _outputBytes, _outputBytes);
        PrepareRight(buffers.Input(1), buffers.Scratch);
        if (_bands.Length > 1)
            _workers.Run(this);
        else
            RunPart(0, 1);
    }

    public void RunPart(int part, int parts)
    {
        nint scratch = _scratch;
        for (int i = 0; i < part; i++)
            scratch += (nint)_bands[i].Primitive.ScratchBytes;
        Band band = _bands[part];
        DnnlLibrary.UseOneThread();
        band.Primitive.Bind(0, _a + (nint)band.LeftOffset);
        band.Primitive.Bind(2, _c + (nint)band.ResultOffset);
        if (_bias != 0)
            band.Primitive.Bind(3, _bias + (nint)band.BiasOffset);
        band.Primitive.Execute(scratch);
    }

    public void Dispose()
    {
        foreach (Band band in _bands)
            band.Dispose();
    }

    /// <summary>Gives every band its right operand, packed where it wants that; what packing leaves of the scratch memory is the primitives'.</summary>
    private void PrepareRight(nint b, nint scratch)
    {
        nint right = 0;
        foreach (Band band in _bands)
        {
            if (band.OwnsRight)
            {
                right = band.PackedRight.Prepare(b + (nint)band.RightOffset, scratch);
                scratch += (nint)band.PackedRight.ScratchBytes;
            }
            band.Primitive.Bind(1, right);
        }
        _scratch = scratch;
    }

    private static DnnlPrimitiveDescHandle? TryDescribe(KernelRequest request, MatMulTypes types, in DnnlMemoryDesc a, in DnnlMemoryDesc b, in DnnlMemoryDesc bias, in DnnlMemoryDesc c,
        DnnlAttributesHandle attributes)
    {
        if (types.Packs)
            return DnnlImplementation.Accept(DnnlNative.TryCreatePrimitiveDesc(
                DnnlNative.MatMul(a, DnnlMemoryDesc.Any(types.Operands, b.Dimension(0), b.Dimension(1)), bias, c), attributes, DnnlLibrary.Engine, null));
        DnnlMatMulDesc plain = DnnlNative.MatMul(a, b, bias, c);
        bool readsColumns = request.Inputs[1].Spec.ByteLength > MostPlainBytes && !request.Attribute("transpose_b").Bool;
        bool mostlyWrites = request.Outputs[0].ByteLength > MostPlainBytes && a.Dimension(1) <= ShortSum;
        DnnlPrimitiveDescHandle? desc = readsColumns || mostlyWrites
            ? DnnlNative.TryFindPrimitiveDesc(plain, attributes, DnnlLibrary.Engine, name => name.StartsWith("gemm", StringComparison.Ordinal)) : null;
        return desc ?? DnnlImplementation.Accept(DnnlNative.TryCreatePrimitiveDesc(plain, attributes, DnnlLibrary.Engine, null));
    }

    /// <summary>Bands of the result: first row, rows, first column, columns.</summary>
    private static IEnumerable<(int Row, int Rows, int Column, int Columns)> Cut(int m, int n, int k, int threads)
    {
        int columnBlocks = (n + ColumnAlignment - 1) / ColumnAlignment;
        if (threads == 1 || (long)m * n * k < WorthSharing || Math.Max(m, columnBlocks) < threads)
            return [(0, m, 0, n)];
        bool byRows = m >= n || columnBlocks < threads;
        return Enumerable.Range(0, threads).Select(part =>
        {
            (int start, int end) = WorkerPool.Range(byRows ? m : columnBlocks, part, threads);
            if (byRows)
                return (start, end - start, 0, n);
            start *= ColumnAlignment;
            return (0, m, start, Math.Min(n, end * ColumnAlignment) - start);
        });
    }

    /// <summary>One thread's band of the result; offsets in bytes.</summary>
    private sealed record Band(DnnlPrimitive Primitive, PackedWeights PackedRight, bool OwnsRight, long LeftOffset, long RightOffset, long BiasOffset, long ResultOffset) : IDisposable
    {
        public void Dispose()
        {
            Primitive.Dispose();
            PackedRight.Dispose();
        }
    }

    /// <summary>A dense matrix, read transposed or not.</summary>
    private readonly record struct Matrix(TensorShape Shape, bool Transposed, DnnlDataType Type)
    {
        public int Rows => Shape[Transposed ? 1 : 0];
        public int Columns => Shape[Transposed ? 0 : 1];
        private long RowStride => Transposed ? 1 : Shape[1];
        private long ColumnStride => Transposed ? Shape[1] : 1;

        public long Offset(int row, int column) => ((row * RowStride) + (column * ColumnStride)) * DnnlTypes.ByteSize(Type);

        public DnnlMemoryDesc Band(int rows, int columns) => DnnlMemoryDesc.Strided([rows, columns], [RowStride, ColumnStride], Type);
    }
}
