using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary><c>LRN</c>: x → y. TensorFlow's alpha multiplies the sum of squares, oneDNN's their mean over the window.</summary>
internal sealed class LrnFactory : IKernelFactory
{
    public string Op => "LRN";

    public IKernel? TryPrepare(KernelRequest request)
    {
        if (!ConvolutionRequests.IsFloat(request))
            return null;
        var kernel = new StagedKernelBuilder();
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        foreach (LrnShare share in LrnShare.Of(request, request.Inputs[0].Shape))
        {
            using DnnlPrimitiveDescHandle? desc = share.TryDescribeForward(DnnlPropagation.ForwardInference, attributes);
            if (desc is null)
                return kernel.Abandon();
            kernel.BeginShare();
            kernel.Add(new DnnlPrimitive(desc, (DnnlArgument.Source, share.Desc), (DnnlArgument.Destination, share.Desc)),
                Operand.Input(0, share.Offset), Operand.Output(0, share.Offset));
        }
        return kernel.Build(request.Workers);
    }
}

/// <summary><c>LRNGrad</c>: (dy, x, y) → dx. oneDNN's gradient wants what its forward pass leaves in a workspace: it is repeated into scratch memory.</summary>
internal sealed class LrnGradientFactory : IKernelFactory
{
    public string Op => "LRNGrad";

    public IKernel? TryPrepare(KernelRequest request)
    {
        if (!ConvolutionRequests.IsFloat(request))
            return null;
        var kernel = new StagedKernelBuilder();
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        foreach (LrnShare share in LrnShare.Of(request, request.Inputs[1].Shape))
        {
            using DnnlPrimitiveDescHandle? forward = share.TryDescribeForward(DnnlPropagation.ForwardTraining, attributes);
            using DnnlPrimitiveDescHandle? backward = forward is null ? null : share.TryDescribeBackward(attributes, forward);
            if (backward is null)
                return kernel.Abandon();
            DnnlMemoryDesc workspace = DnnlNative.QueryMemoryDesc(forward!, DnnlQuery.Workspace);
            Operand y = Operand.Scratch(kernel.Reserve(share.Desc.ByteLength)), left = Operand.Scratch(kernel.Reserve(workspace.ByteLength));
            Operand x = Operand.Input(1, share.Offset), dy = Operand.Input(0, share.Offset), dx = Operand.Output(0, share.Offset);
            kernel.BeginShare();
            kernel.Add(new DnnlPrimitive(forward!, (DnnlArgument.Source, share.Desc), (DnnlArgument.Destination, share.Desc), (DnnlArgument.Workspace, workspace)), x, y, left);
            kernel.Add(new DnnlPrimitive(backward, (DnnlArgument.Source, share.Desc), (DnnlArgument.DestinationGradient, share.Desc), (DnnlArgument.Workspace, workspace),
                (DnnlArgument.SourceGradient, share.Desc)), x, dy, left, dx);
        }
        return kernel.Build(request.Workers);
    }
}

/// <summary>One thread's rows of pixels of an LRN: only channels depend on each other, so that rows may be cut anywhere.</summary>
internal readonly record struct LrnShare(DnnlMemoryDesc Desc, long Offset, int Size, float Alpha, float Beta, float Bias)
{
    public static LrnShare[] Of(KernelRequest request, TensorShape shape)
    {
        int rows = shape[0] * shape[1], shares = Math.Min(rows, request.Workers.ThreadCount);
        int size = (2 * (int)request.Attribute("depth_radius").Int) + 1;
        float alpha = request.Attribute("alpha").Float * size, beta = request.Attribute("beta").Float, bias = request.Attribute("bias").Float;
        long rowBytes = (long)shape[2] * shape[3] * sizeof(float);
        DnnlLibrary.UseThreads(shares > 1 ? 1 : request.Workers.ThreadCount);
        return [.. Enumerable.Range(0, shares).Select(part =>
        {
            (int start, int end) = WorkerPool.Range(rows, part, shares);
            return new LrnShare(DnnlMemoryDesc.Nhwc(1, end - start, shape[2], shape[3]), start * rowBytes, size, alpha, beta, bias);
        })];
    }

    public DnnlPrimitiveDescHandle? TryDescribeForward(DnnlPropagation propagation, DnnlAttributesHandle attributes) =>
        DnnlImplementation.Accept(DnnlNative.TryCreatePrimitiveDesc(DnnlNative.LrnForward(propagation, Desc, Size, Alpha, Beta, Bias), attributes, DnnlLibrary.Engine, null));

    public DnnlPrimitiveDescHandle? TryDescribeBackward(DnnlAttributesHandle attributes, DnnlPrimitiveDescHandle forward) =>
        DnnlImplementation.Accept(DnnlNative.TryCreatePrimitiveDesc(DnnlNative.LrnBackward(Desc, Size, Alpha, Beta, Bias), attributes, DnnlLibrary.Engine, forward));
}
