using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>
/// A product of two matrices, perhaps with bias and activation. Each thread computes a band of rows of the result, or, when there are few rows, a band
/// of columns; no sum is split, so that the thread count does not change a bit of it.
/// </summary>
internal sealed unsafe class MatMulKernel : IKernel, IParallelWork
{
    // Below this many multiply-adds one thread is done before another has woken up.
    private const long WorthSharing = 1 << 16;

    // Bands of columns begin at whole vectors of 16 floats.
    private const int ColumnAlignment = 16;

    private readonly Band[] _bands;
    private readonly WorkerPool _workers;
    private readonly bool _hasBias;
    private nint _a, _b, _bias, _c, _scratch;

    private MatMulKernel(Band[] bands, WorkerPool workers, bool hasBias) => (_bands, _workers, _hasBias) = (bands, workers, hasBias);

    public long ScratchBytes => _bands.Sum(b => b.Primitive.ScratchBytes);

    /// <summary>Prepares the kernel, or null when oneDNN has no implementation.</summary>
    public static MatMulKernel? TryPrepare(KernelRequest request, bool bias, in Activation activation = default)
    {
        var left = new Operand(request.Inputs[0].Shape, request.Attribute("transpose_a").Bool);
        var right = new Operand(request.Inputs[1].Shape, request.Attribute("transpose_b").Bool);
        DnnlLibrary.UseThreads(1);
        using DnnlPostOpsHandle postOps = DnnlNative.CreatePostOps();
        activation.AppendTo(postOps);
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes(postOps);
        var bands = new List<Band>();
        MatMulKernel? kernel = null;
        try
        {
            foreach ((int row, int rows, int column, int columns) in Cut(left.Rows, right.Columns, left.Columns, request.Workers.ThreadCount))
            {
                if (Band.TryCreate(left.Band(rows, left.Columns), right.Band(right.Rows, columns), right.Columns, bias, attributes) is not DnnlPrimitive primitive)
                    return null;
                bands.Add(new Band(primitive, left.Offset(row, 0), right.Offset(0, column), column * sizeof(float), (((long)row * right.Columns) + column) * sizeof(float)));
            }
            return kernel = new MatMulKernel([.. bands], request.Workers, bias);
        }
        finally
        {
            if (kernel is null)
                bands.ForEach(b => b.Primitive.Dispose());
        }
    }

    public void Run(in KernelBuffers buffers)
    {
        (_a, _b, _c, _scratch) = (buffers.Input(0), buffers.Input(1), buffers.Output(), buffers.Scratch);
        _bias = _hasBias ? buffers.Input(2) : 0;
        if (_bands.Length > 1)
            _workers.Run(this);
        else
            RunPart(0, 1);
    }

    public void RunPart(int part, int parts)
    {
        if (part >= _bands.Length)
            return;
        nint scratch = _scratch;
        for (int i = 0; i < part; i++)
            scratch += (nint)_bands[i].Primitive.ScratchBytes;
        ref readonly Band band = ref _bands[part];
        DnnlLibrary.UseThreads(1);
        band.Primitive.Bind(0, _a + (nint)band.LeftOffset);
        band.Primitive.Bind(1, _b + (nint)band.RightOffset);
        band.Primitive.Bind(2, _c + (nint)band.ResultOffset);
        if (_hasBias)
            band.Primitive.Bind(3, _bias + (nint)band.BiasOffset);
        band.Primitive.Execute(scratch);
    }

    public void Dispose()
    {
        foreach (Band band in _bands)
            band.Primitive.Dispose();
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
    private readonly record struct Band(DnnlPrimitive Primitive, long LeftOffset, long RightOffset, long BiasOffset, long ResultOffset)
    {
        public static DnnlPrimitive? TryCreate(in DnnlMemoryDesc left, in DnnlMemoryDesc right, int resultColumns, bool bias, DnnlAttributesHandle attributes)
        {
            long rows = left.Dimension(0), columns = right.Dimension(1);
            DnnlMemoryDesc result = DnnlMemoryDesc.Strided([rows, columns], [resultColumns, 1]);
            DnnlMemoryDesc biasDesc = bias ? DnnlMemoryDesc.Strided([1, columns], [columns, 1]) : default;
            using DnnlPrimitiveDescHandle? desc = DnnlNative.TryCreatePrimitiveDesc(DnnlNative.MatMul(left, right, biasDesc, result), attributes, DnnlLibrary.Engine, null);
            if (desc is null)
                return null;
            return bias
                ? new DnnlPrimitive(desc, (DnnlArgument.Source, left), (DnnlArgument.Weights, right), (DnnlArgument.Destination, result), (DnnlArgument.Bias, biasDesc))
                : new DnnlPrimitive(desc, (DnnlArgument.Source, left), (DnnlArgument.Weights, right), (DnnlArgument.Destination, result));
        }
    }

    /// <summary>A dense matrix, read transposed or not.</summary>
    private readonly record struct Operand(TensorShape Shape, bool Transposed)
    {
        public int Rows => Shape[Transposed ? 1 : 0];
        public int Columns => Shape[Transposed ? 0 : 1];
        private long RowStride => Transposed ? 1 : Shape[1];
        private long ColumnStride => Transposed ? Shape[1] : 1;

        public long Offset(int row, int column) => ((row * RowStride) + (column * ColumnStride)) * sizeof(float);

        public DnnlMemoryDesc Band(int rows, int columns) => DnnlMemoryDesc.Strided([rows, columns], [RowStride, ColumnStride]);
    }
}

/// <summary><c>MatMul</c>.</summary>
internal sealed class MatMulFactory : IKernelFactory
{
    public string Op => "MatMul";

    public IKernel? TryPrepare(KernelRequest request) => ConvolutionRequests.IsFloat(request) ? MatMulKernel.TryPrepare(request, bias: false) : null;
}

/// <summary><c>_FusedMatMul</c> with a bias and perhaps an activation: (a, b, bias) → y.</summary>
internal sealed class FusedMatMulFactory : IKernelFactory
{
    public string Op => "_FusedMatMul";

    public IKernel? TryPrepare(KernelRequest request)
    {
        ImmutableArray<string> fused = request.Attribute("fused_ops").Strings;
        if (!ConvolutionRequests.IsFloat(request) || fused is not ["BiasAdd", ..]
            || !Activation.TryParse(fused.AsSpan()[1..], out Activation activation))
            return null;
        return MatMulKernel.TryPrepare(request, bias: true, activation);
    }
}
