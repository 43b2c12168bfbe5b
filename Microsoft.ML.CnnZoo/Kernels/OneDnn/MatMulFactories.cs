using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary><c>MatMul</c>.</summary>
internal sealed class MatMulFactory : IKernelFactory
{
    public string Op => "MatMul";

    public IKernel? TryPrepare(KernelRequest request) => MatMulKernel.TryPrepare(request);
}

/// <summary><c>_FusedMatMul</c> with a bias, perhaps a side input to add, perhaps an activation: (a, b, bias[, side]) → y.</summary>
internal sealed class FusedMatMulFactory : IKernelFactory
{
    public string Op => "_FusedMatMul";

    public IKernel? TryPrepare(KernelRequest request)
    {
        ImmutableArray<string> fused = request.Attribute("fused_ops").Strings;
        if (fused is not ["BiasAdd", ..])
            return null;
        bool adds = fused.Length > 1 && fused[1] == "Add";
        return Activation.TryParse(fused.AsSpan()[(adds ? 2 : 1)..], out Activation activation)
            ? MatMulKernel.TryPrepare(request, new MatMulEpilogue(HasBias: true, adds, activation)) : null;
    }
}
