using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.Managed;

/// <summary>A factory made of an op's name and a constructor.</summary>
/// <param name="op">TensorFlow's op name.</param>
/// <param name="prepare">Makes the kernel; null for "not mine".</param>
internal sealed class KernelFactory(string op, Func<KernelRequest, IKernel?> prepare) : IKernelFactory
{
    public string Op { get; } = op;

    public IKernel? TryPrepare(KernelRequest request) => prepare(request);

    /// <summary>A factory whose kernels take float32 in every data input and give it in every output.</summary>
    public static KernelFactory Float(string op, Func<KernelRequest, IKernel> prepare) => new(op, request =>
        request.Inputs.All(i => i.Type is DataType.Float || i.Constant is not null || i.Type is DataType.Resource)
            && request.Outputs.All(o => o.Type == DataType.Float) ? prepare(request) : null);
}
