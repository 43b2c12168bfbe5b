using System.Numerics.Tensors;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>
/// The gradient of a convolution with respect to its filter, float32 out of float32 or bfloat16 images. Each thread sums over its images into a partial gradient in oneDNN's own layout; the
/// partials are added in thread order, so that the same thread count gives the same bits, and then written as HWIO.
/// </summary>
internal sealed unsafe class ConvolutionFilterGradientKernel : IKernel, IParallelWork
{
    // Partial gradients of all threads together; with larger ones fewer threads work.
    private const long MostPartialBytes = 512L << 20;

    private readonly ConvolutionShare[] _shares;
    private readonly DnnlPrimitive[] _primitives;
    private readonly DnnlReorder? _unpack;
    private readonly WorkerPool _workers;
    private readonly PartialSum _sum;
    private readonly long _gradientBytes;
    private nint _x, _dy, _partials, _scratch;

    private ConvolutionFilterGradientKernel(KernelRequest request, ConvolutionShare[] shares, DnnlPrimitive[] primitives, DnnlReorder? unpack, long gradientBytes)
    {
        (_shares, _primitives, _unpack, _workers) = (shares, primitives, unpack, request.Workers);
        _gradientBytes = DnnlPrimitive.Aligned(gradientBytes);
        _sum = new PartialSum((int)(gradientBytes / sizeof(float)), (int)(_gradientBytes / sizeof(float)), primitives.Length);
    }

    public long ScratchBytes => (_gradientBytes * _primitives.Length) + _primitives.Sum(p => p.ScratchBytes);

    /// <summary>Prepares the kernel, or null when oneDNN has only its reference loops for it or managed code is faster.</summary>
    public static ConvolutionFilterGradientKernel? TryPrepare(KernelRequest request, Conv2DGeometry geometry)
    {
        DataType image = request.Inputs[0].Type;
        if (DnnlTypes.Of(image) is not DnnlDataType type || request.Inputs[2].Type != image || (type == DnnlDataType.Float32 && ConvolutionRequests.IsProduct(geometry)))
            return null;
        DnnlMemoryDesc result = geometry.Filter(DnnlDataType.Float32);
        int threads = (int)Math.Clamp(MostPartialBytes / result.ByteLength, 1, request.Workers.ThreadCount);
        ConvolutionShare[] shares = geometry.Share(threads, byRows: false, image.ByteSize());
        DnnlLibrary.UseOneThread();
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        var primitives = new List<DnnlPrimitive>();
        ConvolutionFilterGradientKernel? kernel = null;
        try
        {
            DnnlMemoryDesc packed = geometry.PackedFilter(DnnlDataType.Float32);
            foreach (ConvolutionShare share in shares)
            {
                using DnnlPrimitiveDescHandle? desc = ConvolutionPrimitives.TryDescribeFilterGradient(share.Geometry, type, packed, attributes);
                if (desc is null)
                    return null;
                packed = DnnlNative.QueryMemoryDesc(desc, DnnlQuery.WeightsGradient); // the same for all shares, or they could not be added
                primitives.Add(new DnnlPrimitive(desc, (DnnlArgument.Source, share.Geometry.Input(type)), (DnnlArgument.DestinationGradient, share.Geometry.Output(type)),
                    (DnnlArgument.WeightsGradient, packed)));
            }
            DnnlReorder? unpack = packed.Matches(result) ? null : new DnnlReorder(packed, result, request.Workers);
            return kernel = new ConvolutionFilterGradientKernel(request, shares, [.. primitives], unpack, packed.ByteLength);
        }
        finally
        {
            if (kernel is null)
                primitives.ForEach(p => p.Dispose());
        }
    }

    public void Run(in KernelBuffers buffers)
    {
        _x = buffers.Input(0);
        _dy = buffers.Input(2);
        _partials = buffers.Scratch;
        _scratch = buffers.Scratch + (nint)(_gradientBytes * _primitives.Length);
        if (_primitives.Length > 1)
        {
            _workers.Run(this);
            _sum.Run(_partials, _workers);
        }
        else
        {
            RunShare(0, _scratch);
        }
        if (_unpack is not null)
            _unpack.Run(_partials, buffers.Output());
        else
            Buffer.MemoryCopy((void*)_partials, buffers.Output<byte>(), _gradientBytes, _sum.Count * sizeof(float));
    }

    public void RunPart(int part, int parts)
    {
        if (part >= _primitives.Length)
            return;
        nint scratch = _scratch;
        for (int i = 0; i < part; i++)
            scratch += (nint)_primitives[i].ScratchBytes;
        RunShare(part, scratch);
    }

    public void Dispose()
    {
        foreach (DnnlPrimitive primitive in _primitives)
            primitive.Dispose();
        _unpack?.Dispose();
    }

    private void RunShare(int index, nint scratch)
    {
        DnnlPrimitive primitive = _primitives[index];
        DnnlLibrary.UseOneThread();
        primitive.Bind(0, _x + (nint)_shares[index].InputOffset);
        primitive.Bind(1, _dy + (nint)_shares[index].OutputOffset);
        primitive.Bind(2, _partials + (nint)(index * _gradientBytes));
        primitive.Execute(scratch);
    }

    /// <summary>Adds buffers that lie behind one another into the first, in their order.</summary>
    /// <param name="count">Elements of a buffer.</param>
    /// <param name="stride">Elements from one buffer to the next.</param>
    /// <param name="buffers">Number of buffers.</param>
    private sealed class PartialSum(int count, int stride, int buffers) : IParallelWork
    {
        private const int WorthSharing = 1 << 16; // elements: below, waking a thread costs more than adding
        private float* _first;

        public long Count => count;

        public void Run(nint first, WorkerPool workers)
        {
            _first = (float*)first;
            if (count >= WorthSharing)
                workers.Run(this);
            else
                RunPart(0, 1);
        }

        public void RunPart(int part, int parts)
        {
            (int start, int end) = WorkerPool.Range(count, part, parts);
            var sum = new Span<float>(_first + start, end - start);
            for (int i = 1; i < buffers; i++)
                TensorPrimitives.Add(sum, new ReadOnlySpan<float>(_first + ((long)i * stride) + start, end - start), sum);
        }
    }
}
