using System.Numerics;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Optimizers;

/// <summary>
/// <c>AssignVariableOp</c> and <c>AssignAddVariableOp</c> (Float, Int32, Int64): the handle's memory is changed in
/// place.
/// </summary>
internal sealed unsafe class AssignKernel(KernelRequest request, bool add) : Kernel(request)
{
    private readonly TensorSpec _spec = request.Inputs[1].Spec;
    private readonly Variable? _variable = request.Inputs[0].Variable;

    /// <summary>Whether the kernel supports the element type.</summary>
    public static bool Supports(KernelRequest request, bool add) => !add
        || request.Inputs[1].Type is DataType.Float or DataType.Int32 or DataType.Int64;

    protected override void Compute()
    {
        long n = _spec.Shape.ElementCount;
        if (!add)
            Buffer.MemoryCopy((void*)InputAddress(1), (void*)InputAddress(0), _spec.ByteLength, _spec.ByteLength);
        else if (_spec.Type == DataType.Float)
            FloatSpans.Add(Input(0), Input(1), n);
        else if (_spec.Type == DataType.Int32)
            AddTo((int*)InputAddress(0), (int*)InputAddress(1), n);
        else
            AddTo((long*)InputAddress(0), (long*)InputAddress(1), n);
        _variable?.Touch();
    }

    private static void AddTo<T>(T* target, T* source, long n) where T : unmanaged, IBinaryInteger<T>
    {
        for (long i = 0; i < n; i++)
            target[i] += source[i];
    }
}
