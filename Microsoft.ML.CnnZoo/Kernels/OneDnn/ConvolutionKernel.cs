using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>Which convolution of activations with a filter is meant.</summary>
internal enum ConvolutionDirection
{
    /// <summary>y from x.</summary>
    Forward,
    /// <summary>dx from dy.</summary>
    BackwardInput,
}

/// <summary>Where a convolution kernel finds its operands among the node's inputs; -1 for none.</summary>
internal readonly record struct ConvolutionOperands(int Image, int Filter, int Bias = -1, int Side = -1)
{
    /// <summary>
    /// Whether oneDNN takes the operands' types together: image, side input and result alike; the filter alike or float32, which packing rounds; a bias float32.
    /// </summary>
    public bool Agree(KernelRequest request, out DnnlDataType type)
    {
        DataType image = request.Inputs[Image].Type, filter = request.Inputs[Filter].Type;
        type = DnnlTypes.Of(image).GetValueOrDefault();
        return type != 0 && request.Outputs[0].Type == image && request.Outputs[0].Shape.ElementCount > 0 && (filter == image || filter == DataType.Float)
            && (Bias < 0 || request.Inputs[Bias].Type == DataType.Float) && (Side < 0 || request.Inputs[Side].Type == image);
    }
}

/// <summary>
/// A convolution, or its gradient with respect to the image, of NHWC activations and a packed filter: brgconv where the processor has AVX-512.
/// The threads of <see cref="WorkerPool"/> each run their own primitive on a share of the images (or, when these are few, of the rows) with oneDNN
/// held to one thread: no second set of threads spins beside ours, and what a thread computes does not depend on timing.
/// </summary>
/// <remarks>
/// Measured on oneDNN 2.6.3, one thread with AVX-512, forward, nhwc against blocked activations (nChw16c; reordering x in brackets): LeNet's 5x5 6→16 at
/// 64 images 378 against 227 µs (+18), 1→6 592 against 3,045 µs (+2,702), 3x3 64→64 at 56x56 and 16 images 46 against 49 ms (+7.5), 1x1 256→64 19 against 26 ms
/// (+14). In bfloat16 the filter stays a float32 variable; packing rounds it. A filter left in hwio falls back to im2col, typically 1.5 to 4 times slower; packing small filters costs 1 to 50 µs.
/// </remarks>
internal sealed unsafe class ConvolutionKernel : IKernel, IParallelWork
{
    private readonly ConvolutionRun[][] _runs; // of each thread
    private readonly ConvolutionOperands _operands;
    private readonly PackedWeights _weights;
    private readonly WorkerPool _workers;
    private readonly long _outputBytes;
    private nint _source, _filter, _bias, _target, _scratch;

    private ConvolutionKernel(KernelRequest request, ConvolutionRun[][] runs, ConvolutionOperands operands, PackedWeights weights)
    {
        (_runs, _operands, _weights, _workers) = (runs, operands, weights, request.Workers);
        _outputBytes = request.Outputs[0].ByteLength;
    }

    public long ScratchBytes => _weights.ScratchBytes + _runs.Sum(ScratchOf);

    public int InPlaceInput => _operands.Side;

    public bool Keeps(int input) => input == _operands.Filter && _weights.IsKept;

    /// <summary>Prepares the kernel, or null when oneDNN has only its reference loops for it or managed code is faster.</summary>
    /// <param name="request">The request.</param>
    /// <param name="geometry">Sizes of the forward convolution.</param>
    /// <param name="direction">Which way.</param>
    /// <param name="operands">Indices of the inputs.</param>
    /// <param name="activation">What follows bias and side input; forward only.</param>
    public static ConvolutionKernel? TryPrepare(KernelRequest request, Conv2DGeometry geometry, ConvolutionDirection direction, ConvolutionOperands operands,
        in Activation activation = default)
    {
        if (!operands.Agree(request, out DnnlDataType type) || (type == DnnlDataType.Float32 && ConvolutionRequests.IsProduct(geometry)))
            return null;
        int size = request.Outputs[0].Type.ByteSize();
        ConvolutionShare[][] shares = [.. geometry.Share(request.Workers.ThreadCount, byRows: direction == ConvolutionDirection.Forward, size)
            .Select(s => request.IsPlaced() ? ConvolutionRun.Pieces(s, size).ToArray() : [s])];
        DnnlLibrary.UseOneThread();
        using DnnlPostOpsHandle postOps = DnnlNative.CreatePostOps();
        if (operands.Side >= 0)
            DnnlNative.AppendSum(postOps);
        activation.AppendTo(postOps);
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes(postOps);

        var descs = new List<DnnlPrimitiveDescHandle>();
        var runs = new List<ConvolutionRun>();
        PackedWeights? weights = null;
        try
        {
            DnnlMemoryDesc packed = geometry.PackedFilter(type);
            foreach (ConvolutionShare share in shares.SelectMany(s => s))
            {
                DnnlPrimitiveDescHandle? desc = ConvolutionPrimitives.TryDescribe(share.Geometry, type, direction, packed, operands.Bias >= 0, attributes);
                if (desc is null)
                    return null;
                descs.Add(desc);
                packed = DnnlNative.QueryMemoryDesc(desc, DnnlQuery.Weights); // the same filter for all shares
            }
            foreach ((ConvolutionShare share, DnnlPrimitiveDescHandle desc) in shares.SelectMany(s => s).Zip(descs))
                runs.Add(CreateRun(request, share, type, direction, desc, operands.Bias >= 0));
            weights = new PackedWeights(geometry.Filter(DnnlTypes.Of(request.Inputs[operands.Filter].Type)!.Value), packed, request.Inputs[operands.Filter], request);
            return new ConvolutionKernel(request, ByThread(runs, shares), operands, weights);
        }
        finally
        {
            descs.ForEach(d => d.Dispose());
            if (weights is null)
                runs.ForEach(r => r.Dispose());
        }
    }

    public void Run(in KernelBuffers buffers)
    {
        _source = buffers.Input(_operands.Image);
        _target = buffers.Output();
        _bias = _operands.Bias >= 0 ? buffers.Input(_operands.Bias) : 0;
        if (_operands.Side >= 0 && buffers.Input(_operands.Side) != _target)
            Buffer.MemoryCopy(buffers.Input<byte>(_operands.Side), buffers.Output<byte>(), _outputBytes, _outputBytes);
        _filter = _weights.Prepare(buffers.Input(_operands.Filter), buffers.Scratch);
        _scratch = buffers.Scratch + (nint)_weights.ScratchBytes;
        if (_runs.Length > 1)
            _workers.Run(this);
        else
            RunPart(0, 1);
    }

    public void RunPart(int part, int parts)
    {
        if (part >= _runs.Length)
            return;
        nint scratch = _scratch;
        for (int i = 0; i < part; i++)
            scratch += (nint)ScratchOf(_runs[i]);
        DnnlLibrary.UseOneThread();
        foreach (ConvolutionRun run in _runs[part])
            run.Execute(_source, _filter, _bias, _target, scratch);
    }

    public void Dispose()
    {
        foreach (ConvolutionRun run in _runs.SelectMany(r => r))
            run.Dispose();
        _weights.Dispose();
    }

    /// <summary>Scratch memory of a thread: its runs follow one another.</summary>
    private static long ScratchOf(ConvolutionRun[] runs)
    {
        long most = 0;
        foreach (ConvolutionRun run in runs)
            most = Math.Max(most, run.ScratchBytes);
        return most;
    }

    private static ConvolutionRun[][] ByThread(List<ConvolutionRun> runs, ConvolutionShare[][] shares)
    {
        var threads = new ConvolutionRun[shares.Length][];
        for (int thread = 0, first = 0; thread < shares.Length; first += shares[thread++].Length)
            threads[thread] = [.. runs.Slice(first, shares[thread].Length)];
        return threads;
    }

    private static ConvolutionRun CreateRun(KernelRequest request, in ConvolutionShare share, DnnlDataType type, ConvolutionDirection direction, DnnlPrimitiveDescHandle desc, bool bias)
    {
        bool forward = direction == ConvolutionDirection.Forward;
        long source = forward ? share.InputOffset : share.OutputOffset, target = forward ? share.OutputOffset : share.InputOffset;
        DnnlPrimitive primitive = ConvolutionPrimitives.Create(share.Geometry, type, direction, desc, bias);
        if (!request.IsPlaced())
            return new ConvolutionRun(source, primitive, null, target, 0);
        return new ConvolutionRun(source, primitive, ConvolutionRun.Move(share, type, request.OutputPitch()), target / share.Geometry.Filters * request.OutputPitch(),
            share.Geometry.Output(type).ByteLength);
    }
}
