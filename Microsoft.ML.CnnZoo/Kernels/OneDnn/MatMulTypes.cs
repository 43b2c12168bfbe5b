using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Kernels.OneDnn;

/// <summary>Element types of a product.</summary>
/// <param name="Operands">In which it is multiplied.</param>
/// <param name="GivenRight">In which the right operand lies: float32 for a weight of a bfloat16 product.</param>
/// <param name="Result">In which it is stored; sums are float32.</param>
/// <param name="Packs">Whether the right operand is packed: because a packed copy is kept, or because it must be rounded anyway.</param>
internal sealed record MatMulTypes(DnnlDataType Operands, DnnlDataType GivenRight, DnnlDataType Result, bool Packs)
{
    private const long MostPackedBytes = 64 << 20; // a copy of more costs memory that the product's time is not worth

    /// <summary>The types of a request; null where oneDNN does not take them together.</summary>
    public static MatMulTypes? TryRead(KernelRequest request, in MatMulEpilogue epilogue)
    {
        if (request.Outputs[0].Shape.ElementCount == 0 || DnnlTypes.Of(request.Inputs[0].Type) is not DnnlDataType left
            || DnnlTypes.Of(request.Inputs[1].Type) is not DnnlDataType right || DnnlTypes.Of(request.Outputs[0].Type) is not DnnlDataType result)
            return null;
        bool fits = left == right || left == DnnlDataType.BFloat16, resultFits = result == left || left == DnnlDataType.BFloat16;
        bool epilogueFits = (!epilogue.HasBias || request.Inputs[2].Type == DataType.Float) && (!epilogue.HasSide || request.Inputs[3].Type == request.Outputs[0].Type);
        return fits && resultFits && epilogueFits ? new MatMulTypes(left, right, result, left != right || (PackedWeights.AreKept(request.Inputs[1], request) && request.Inputs[1].Spec.ByteLength <= MostPackedBytes)) : null;
    }
}
