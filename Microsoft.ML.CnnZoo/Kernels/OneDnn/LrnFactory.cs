using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary><c>LRN</c>: x → y. TensorFlow's alpha multiplies the sum of squares, oneDNN's their mean over the window.</summary>
/// <remarks>
/// The gradient is left to the managed kernel: oneDNN's needs its forward pass repeated for a workspace (16 images of 55x55x96, one thread:
/// forward 5.0 ms to managed 7.4, gradient 17.5 to 12.3).
/// </remarks>
internal sealed class LrnFactory : IKernelFactory
{
    public string Op => "LRN";

    public IKernel? TryPrepare(KernelRequest request)
    {
        if (ConvolutionRequests.OneType(request) is not DnnlDataType type)
            return null;
        var kernel = new StagedKernelBuilder();
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        foreach (LrnShare share in LrnShare.Of(request, request.Inputs[0].Shape, type))
        {
            using DnnlPrimitiveDescHandle? desc = share.TryDescribe(attributes);
            if (desc is null)
                return kernel.Abandon();
            kernel.BeginShare();
            kernel.Add(new DnnlPrimitive(desc, (DnnlArgument.Source, share.Desc), (DnnlArgument.Destination, share.Desc)),
                Operand.Input(0, share.Offset), Operand.Output(0, share.Offset));
        }
        return kernel.Build(request.Workers);
    }
}

/// <summary>One thread's rows of pixels of an LRN: only channels depend on each other, so that rows may be cut anywhere.</summary>
internal readonly record struct LrnShare(DnnlMemoryDesc Desc, long Offset, int Size, float Alpha, float Beta, float Bias)
{
    public static LrnShare[] Of(KernelRequest request, TensorShape shape, DnnlDataType type)
    {
        int rows = shape[0] * shape[1], shares = Math.Min(rows, request.Workers.ThreadCount);
        int size = (2 * (int)request.Attribute("depth_radius").Int) + 1;
        float alpha = request.Attribute("alpha").Float * size, beta = request.Attribute("beta").Float, bias = request.Attribute("bias").Float;
        long rowBytes = (long)shape[2] * shape[3] * DnnlTypes.ByteSize(type);
        DnnlLibrary.UseOneThread();
        return [.. Enumerable.Range(0, shares).Select(part =>
        {
            (int start, int end) = WorkerPool.Range(rows, part, shares);
            return new LrnShare(DnnlMemoryDesc.Nhwc(1, end - start, shape[2], shape[3], type), start * rowBytes, size, alpha, beta, bias);
        })];
    }

    public DnnlPrimitiveDescHandle? TryDescribe(DnnlAttributesHandle attributes) =>
        DnnlImplementation.Accept(DnnlNative.TryCreatePrimitiveDesc(DnnlNative.LrnForward(DnnlPropagation.ForwardInference, Desc, Size, Alpha, Beta, Bias), attributes, DnnlLibrary.Engine, null));
}
