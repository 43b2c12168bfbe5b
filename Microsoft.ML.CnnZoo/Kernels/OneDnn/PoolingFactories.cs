using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary><c>MaxPool</c> and <c>AvgPool</c>: x → y. Padding never wins a maximum and never counts in an average.</summary>
internal sealed class PoolingFactory(string op, DnnlAlgorithm algorithm) : IKernelFactory
{
    public string Op { get; } = op;

    public bool SupportsStridedOperands => true;

    public IKernel? TryPrepare(KernelRequest request)
    {
        if (ConvolutionRequests.OneType(request) is not DnnlDataType type)
            return null;
        Pool2DGeometry whole = Pool2DAttributes.From(request.Node).Geometry(request.Inputs[0].Shape);
        var kernel = new StagedKernelBuilder();
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        foreach (PoolingShare share in PoolingShare.Of(whole, type, request.Workers.ThreadCount, byRows: true))
        {
            kernel.BeginShare();
            if (!(request.IsPlaced() ? TryAddPlaced(kernel, share, attributes, request.OutputPitch()) : TryAdd(kernel, share, attributes, Operand.Output(0, share.OutputOffset))))
                return kernel.Abandon();
        }
        return kernel.Build(request.Workers);
    }

    private bool TryAdd(StagedKernelBuilder kernel, in PoolingShare share, DnnlAttributesHandle attributes, in Operand result)
    {
        using DnnlPrimitiveDescHandle? desc = share.TryDescribeForward(DnnlPropagation.ForwardInference, algorithm, attributes);
        if (desc is not null)
            kernel.Add(new DnnlPrimitive(desc, (DnnlArgument.Source, share.Input), (DnnlArgument.Destination, share.Output)), Operand.Input(0, share.InputOffset), result);
        return desc is not null;
    }

    /// <summary>oneDNN has only reference loops for pixels that lie apart: image by image they are computed side by side, in memory that stays in the cache, and then moved.</summary>
    private bool TryAddPlaced(StagedKernelBuilder kernel, in PoolingShare share, DnnlAttributesHandle attributes, int pitch)
    {
        Operand result = Operand.Scratch(kernel.Reserve(share.Output.ByteLength / share.Geometry.Batch));
        foreach (PoolingShare image in share.Images())
        {
            if (!TryAdd(kernel, image, attributes, result))
                return false;
            kernel.Add(DnnlPrimitive.Reorder(image.Output, image.PlacedOutput(pitch), attributes), result, Operand.Output(0, image.OutputOffset / share.Geometry.Channels * pitch));
        }
        return true;
    }
}

/// <summary><c>AvgPoolGrad</c>: (sizes of x, dy) → dx.</summary>
internal sealed class AveragePoolingGradientFactory : IKernelFactory
{
    public string Op => "AvgPoolGrad";

    public IKernel? TryPrepare(KernelRequest request)
    {
        if (ConvolutionRequests.OneType(request) is not DnnlDataType type)
            return null;
        const DnnlAlgorithm Average = DnnlAlgorithm.PoolingAverageExcludePadding;
        Pool2DGeometry whole = Pool2DAttributes.From(request.Node).Geometry(request.Outputs[0].Shape);
        if (whole.TilesImage && type == DnnlDataType.Float32)
            return null; // a plain copy in managed code: 636 against 171 µs for LeNet's first pool at 64 images, one thread
        var kernel = new StagedKernelBuilder();
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        foreach (PoolingShare share in PoolingShare.Of(whole, type, request.Workers.ThreadCount, byRows: false))
        {
            using DnnlPrimitiveDescHandle? forward = share.TryDescribeForward( DnnlPropagation.ForwardTraining, Average, attributes);
            using DnnlPrimitiveDescHandle? backward = forward is null ? null : share.TryDescribeBackward( Average, attributes, forward);
            if (backward is null)
                return kernel.Abandon();
            kernel.BeginShare();
            kernel.Add(new DnnlPrimitive(backward, (DnnlArgument.DestinationGradient, share.Output), (DnnlArgument.SourceGradient, share.Input)),
                Operand.Input(1, share.OutputOffset), Operand.Output(0, share.InputOffset));
        }
        return kernel.Build(request.Workers);
    }
}

/// <summary>
/// <c>MaxPoolGrad</c>: (x, y, dy) → dx. oneDNN's gradient wants the positions of the maxima, which its forward pass writes: it is repeated into
/// scratch memory. Both keep the first of equal maxima, row-major, as TensorFlow does.
/// </summary>
internal sealed class MaxPoolingGradientFactory : IKernelFactory
{
    public string Op => "MaxPoolGrad";

    /// <inheritdoc/>
    /// <remarks>y may lie apart: it is computed again, not read.</remarks>
    public bool SupportsStridedOperands => true;

    public IKernel? TryPrepare(KernelRequest request)
    {
        if (ConvolutionRequests.OneType(request) is not DnnlDataType type)
            return null;
        const DnnlAlgorithm Max = DnnlAlgorithm.PoolingMax;
        Pool2DGeometry whole = Pool2DAttributes.From(request.Node).Geometry(request.Inputs[0].Shape);
        var kernel = new StagedKernelBuilder();
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        foreach (PoolingShare share in PoolingShare.Of(whole, type, request.Workers.ThreadCount, byRows: false))
        {
            using DnnlPrimitiveDescHandle? forward = share.TryDescribeForward( DnnlPropagation.ForwardTraining, Max, attributes);
            using DnnlPrimitiveDescHandle? backward = forward is null ? null : share.TryDescribeBackward( Max, attributes, forward);
            if (backward is null)
                return kernel.Abandon();
            DnnlMemoryDesc positions = DnnlNative.QueryMemoryDesc(forward!, DnnlQuery.Workspace), x = share.Input, y = share.Output;
            Operand maxima = Operand.Scratch(kernel.Reserve(y.ByteLength)), where = Operand.Scratch(kernel.Reserve(positions.ByteLength));
            kernel.BeginShare();
            kernel.Add(new DnnlPrimitive(forward!, (DnnlArgument.Source, x), (DnnlArgument.Destination, y), (DnnlArgument.Workspace, positions)),
                Operand.Input(0, share.InputOffset), maxima, where);
            kernel.Add(new DnnlPrimitive(backward, (DnnlArgument.DestinationGradient, y), (DnnlArgument.Workspace, positions), (DnnlArgument.SourceGradient, x)),
                Operand.Input(2, share.OutputOffset), where, Operand.Output(0, share.InputOffset));
        }
        return kernel.Build(request.Workers);
    }
}

/// <summary>One thread's images of a pooling.</summary>
/// <param name="Geometry">Its sizes.</param>
/// <param name="Type">Element type.</param>
/// <param name="InputOffset">Bytes before its first input element.</param>
/// <param name="OutputOffset">Bytes before its first output element.</param>
internal readonly record struct PoolingShare(Pool2DGeometry Geometry, DnnlDataType Type, long InputOffset, long OutputOffset)
{
    public DnnlMemoryDesc Input => DnnlMemoryDesc.Nhwc(Geometry.Batch, Geometry.Height, Geometry.Width, Geometry.Channels, Type);

    public DnnlMemoryDesc Output => DnnlMemoryDesc.Nhwc(Geometry.Batch, Geometry.OutputHeight, Geometry.OutputWidth, Geometry.Channels, Type);

    /// <summary>The result as a range of a larger tensor's channels.</summary>
    /// <param name="pitch">Elements from one pixel to the next.</param>
    public DnnlMemoryDesc PlacedOutput(int pitch) => DnnlMemoryDesc.NhwcRange(Geometry.Batch, Geometry.OutputHeight, Geometry.OutputWidth, Geometry.Channels, pitch, Type);

    /// <summary>Its images, one by one.</summary>
    public IEnumerable<PoolingShare> Images()
    {
        (long image, long result) = (Input.ByteLength / Geometry.Batch, Output.ByteLength / Geometry.Batch);
        for (int i = 0; i < Geometry.Batch; i++)
            yield return this with { Geometry = Geometry with { Batch = 1 }, InputOffset = InputOffset + (i * image), OutputOffset = OutputOffset + (i * result) };
    }

    /// <summary>At most one share per thread: whole images, or, forward and with fewer images than threads, bands of each image's output rows.</summary>
    public static PoolingShare[] Of(Pool2DGeometry g, DnnlDataType type, int threads, bool byRows)
    {
        DnnlLibrary.UseOneThread();
        int size = DnnlTypes.ByteSize(type), shares = Math.Min(g.Batch, threads), bands = byRows ? Math.Min(g.OutputHeight, threads / g.Batch) : 1;
        long image = (long)g.Height * g.Width * g.Channels * size, result = (long)g.OutputHeight * g.OutputWidth * g.Channels * size;
        if (bands > 1)
            return [.. Enumerable.Range(0, g.Batch * bands).Select(i => OfRows(g, type, i / bands * image, i / bands * result, i % bands, bands))];
        return [.. Enumerable.Range(0, shares).Select(part =>
        {
            (int start, int end) = WorkerPool.Range(g.Batch, part, shares);
            return new PoolingShare(g with { Batch = end - start }, type, start * image, start * result);
        })];
    }

    public DnnlPrimitiveDescHandle? TryDescribeForward(DnnlPropagation propagation, DnnlAlgorithm algorithm, DnnlAttributesHandle attributes) =>
        DnnlImplementation.Accept(DnnlNative.TryCreatePrimitiveDesc(
            DnnlNative.PoolingForward(propagation, algorithm, Input, Output, Window(Geometry), DnnlDims.Of(Geometry.WindowHeight, Geometry.WindowWidth)), attributes, DnnlLibrary.Engine, null));

    public DnnlPrimitiveDescHandle? TryDescribeBackward(DnnlAlgorithm algorithm, DnnlAttributesHandle attributes, DnnlPrimitiveDescHandle forward) =>
        DnnlImplementation.Accept(DnnlNative.TryCreatePrimitiveDesc(
            DnnlNative.PoolingBackward(algorithm, Input, Output, Window(Geometry), DnnlDims.Of(Geometry.WindowHeight, Geometry.WindowWidth)), attributes, DnnlLibrary.Engine, forward));

    private static PoolingShare OfRows(in Pool2DGeometry g, DnnlDataType type, long imageOffset, long resultOffset, int part, int parts)
    {
        (int start, int end) = WorkerPool.Range(g.OutputHeight, part, parts);
        int first = (start * g.StrideHeight) - g.PadTop, last = ((end - 1) * g.StrideHeight) - g.PadTop + g.WindowHeight;
        int from = Math.Max(first, 0), to = Math.Min(last, g.Height);
        long row = (long)g.Width * g.Channels * DnnlTypes.ByteSize(type), resultRow = (long)g.OutputWidth * g.Channels * DnnlTypes.ByteSize(type);
        return new PoolingShare(g with { Batch = 1, Height = to - from, OutputHeight = end - start, PadTop = from - first, PadBottom = last - to }, type,
            imageOffset + (from * row), resultOffset + (start * resultRow));
    }

    private static DnnlNative.Window Window(in Pool2DGeometry g) => new(DnnlDims.Of(g.StrideHeight, g.StrideWidth), default,
        DnnlDims.Of(g.PadTop, g.PadLeft), DnnlDims.Of(g.PadBottom, g.PadRight));
}
