using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary><c>Softmax</c> over the last dimension: x → y. 16 rows of 1,000 classes take 14 µs on one thread, the managed kernel 90.</summary>
internal sealed class SoftmaxFactory : IKernelFactory
{
    // Elements below which a thread is done before another has woken up.
    private const long WorthSharing = 1 << 15;

    public string Op => "Softmax";

    public IKernel? TryPrepare(KernelRequest request)
    {
        TensorShape shape = request.Inputs[0].Shape;
        if (ConvolutionRequests.OneType(request) != DnnlDataType.Float32 || shape.Rank == 0)
            return null;
        int classes = shape[^1], rows = (int)(shape.ElementCount / classes), shares = shape.ElementCount < WorthSharing ? 1 : Math.Min(rows, request.Workers.ThreadCount);
        var kernel = new StagedKernelBuilder();
        DnnlLibrary.UseOneThread();
        using DnnlAttributesHandle attributes = DnnlNative.CreateAttributes();
        for (int part = 0; part < shares; part++)
        {
            (int start, int end) = WorkerPool.Range(rows, part, shares);
            DnnlMemoryDesc data = DnnlMemoryDesc.Strided([end - start, classes], [classes, 1]);
            using DnnlPrimitiveDescHandle? desc = DnnlImplementation.Accept(
                DnnlNative.TryCreatePrimitiveDesc(DnnlNative.SoftmaxForward(data, axis: 1), attributes, DnnlLibrary.Engine, null));
            if (desc is null)
                return kernel.Abandon();
            long offset = (long)start * classes * sizeof(float);
            kernel.BeginShare();
            kernel.Add(new DnnlPrimitive(desc, (DnnlArgument.Source, data), (DnnlArgument.Destination, data)), Operand.Input(0, offset), Operand.Output(0, offset));
        }
        return kernel.Build(request.Workers);
    }
}
