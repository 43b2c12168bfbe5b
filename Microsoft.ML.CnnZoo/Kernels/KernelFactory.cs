using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Elementwise;

namespace Microsoft.ML.CnnZoo.Kernels;

/// <summary>A factory from an op's name and a constructor.</summary>
/// <param name="op">TensorFlow's op name.</param>
/// <param name="prepare">Creates the kernel; null if it does not support the request.</param>
internal sealed class KernelFactory(string op, Func<KernelRequest, IKernel?> prepare)
{
    /// <summary>TensorFlow's op name.</summary>
    public string Op { get; } = op;

    /// <summary>Prepares a kernel; null if it does not support the request.</summary>
    public IKernel? TryPrepare(KernelRequest request) => prepare(request);

    /// <summary>
    /// A factory of kernels with float32 inputs and outputs; bfloat16 tensors are converted around them.
    /// </summary>
    public static KernelFactory Float(string op, Func<KernelRequest, IKernel> prepare) => Widening(op, request =>
        request.Inputs.All(i => i.Type is DataType.Float || i.Constant is not null || i.Type is DataType.Resource)
            && request.Outputs.All(o => o.Type == DataType.Float) ? prepare(request) : null);

    /// <summary>
    /// As <see cref="Float(string, Func{KernelRequest, IKernel})"/>, with separate kernels for bfloat16 data; weights
    /// and constants may be float32.
    /// </summary>
    public static KernelFactory Float(string op, Func<KernelRequest, IKernel> prepare,
        Func<KernelRequest, IKernel> prepareBFloat16, int dataInputs = 1) =>
        new(op, request => request.Inputs.Take(dataInputs).All(i => i.Type == DataType.BFloat16)
            ? prepareBFloat16(request) : Float(op, prepare).TryPrepare(request));

    /// <summary>
    /// A factory of kernels that support float32 and bfloat16 in the first <paramref name="dataInputs"/> inputs, with
    /// float32 weights.
    /// </summary>
    public static KernelFactory EitherFloat(string op, Func<KernelRequest, IKernel> prepare, int dataInputs = 1) =>
        Float(op, prepare, prepare, dataInputs);

    /// <summary>A factory of elementwise kernels of one operand.</summary>
    public static KernelFactory Unary<TOperator>(string op) where TOperator : struct, IUnaryOperator =>
        Float(op, r => new UnaryKernel<TOperator>(r), r => new BFloat16UnaryKernel<TOperator>(r));

    /// <summary>A factory of elementwise kernels of two operands.</summary>
    public static KernelFactory Binary<TOperator>(string op) where TOperator : struct, IBinaryOperator =>
        new(op, request => request.Outputs[0].Type == DataType.BFloat16 ? new BFloat16BinaryKernel<TOperator>(request)
            : request.Outputs[0].Type == DataType.Float ? new BinaryKernel<TOperator>(request) : null);

    /// <summary>
    /// A factory of kernels that support float32 but not bfloat16: bfloat16 tensors are converted around them.
    /// </summary>
    public static KernelFactory Widening(string op, Func<KernelRequest, IKernel?> prepare) =>
        new(op, request => WideningKernel.Prepare(request, prepare));

    /// <summary>
    /// A factory of kernels that move elements of any one type; bfloat16 with a float32 constant is converted.
    /// </summary>
    public static KernelFactory Mover(string op, Func<KernelRequest, IKernel> prepare) => new(op, request =>
        request.Inputs.Any(i => i.Type == DataType.BFloat16) && request.Inputs.Any(i => i.Type == DataType.Float)
        ? WideningKernel.Prepare(request, prepare) : prepare(request));
}
