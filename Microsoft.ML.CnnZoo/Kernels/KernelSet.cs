using System.Runtime.Intrinsics.Arm;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels.Convolution;
using Microsoft.ML.CnnZoo.Kernels.Elementwise;
using Microsoft.ML.CnnZoo.Kernels.Movement;
using Microsoft.ML.CnnZoo.Kernels.Normalization;
using Microsoft.ML.CnnZoo.Kernels.Optimizers;
using Microsoft.ML.CnnZoo.Kernels.Pooling;
using Microsoft.ML.CnnZoo.Kernels.Product;
using Microsoft.ML.CnnZoo.Kernels.Reduction;

namespace Microsoft.ML.CnnZoo.Kernels;

/// <summary>
/// Kernels in C# for every op: vectors of the machine's width, threads of the <see cref="WorkerPool"/>.
/// </summary>
/// <remarks>
/// Float32 in and out (integers where an op is about indices). bfloat16 tensors are computed in float32: elementwise
/// ops, batch normalization and bias gradients widen in registers or cache, all others through
/// <see cref="WideningKernel"/>, which is slow: bfloat16 saves memory, not time. The same shapes and thread count give
/// the same bits. Every kernel is listed below; add new ones there.
/// </remarks>
internal sealed class KernelSet : IKernelSet
{
    private readonly Dictionary<string, KernelFactory> _factories;

    private KernelSet()
    {
        KernelFactory[] all =
            [.. Elementwise(), .. Products(), .. Windows(), .. Rows(), .. Movers(), .. Updates()];
        _factories = all.ToDictionary(f => f.Op, StringComparer.Ordinal);
    }

    /// <summary>The kernels.</summary>
    public static KernelSet Shared { get; } = new();

    /// <summary>Floats in the widest vectors that matrix products use here: 16 (AVX-512), 8 (AVX2) or 4.</summary>
    public static int VectorWidth => Tiles.Lanes;

    /// <summary>The ops that have kernels.</summary>
    public IReadOnlyCollection<string> Ops => _factories.Keys;

    /// <summary>What kernels run on, for the log: for example <c>Kernels: AVX-512, 2 threads.</c></summary>
    public static string Describe(WorkerPool workers)
    {
        string vectors = VectorWidth switch
        {
            16 => "AVX-512",
            8 => "AVX2",
            _ => AdvSimd.IsSupported ? "NEON" : "128-bit vectors",
        };
        return $"Kernels: {vectors}, {workers.ThreadCount} thread{(workers.ThreadCount == 1 ? "" : "s")}.";
    }

    /// <inheritdoc/>
    public IKernel? TryPrepare(KernelRequest request) =>
        _factories.GetValueOrDefault(request.Node.Op)?.TryPrepare(request);

    private static IEnumerable<KernelFactory> Elementwise() =>
    [
        KernelFactory.Float("AddN", r => new AddNKernel(r), r => new BFloat16AddNKernel(r), int.MaxValue),
        KernelFactory.Binary<AddOperator>("AddV2"),
        KernelFactory.Binary<SubtractOperator>("Sub"),
        KernelFactory.Binary<MultiplyOperator>("Mul"),
        KernelFactory.Binary<DivideOperator>("RealDiv"),
        KernelFactory.Binary<SquaredDifferenceOperator>("SquaredDifference"),
        KernelFactory.Binary<MaximumOperator>("Maximum"),
        KernelFactory.Binary<MinimumOperator>("Minimum"),
        KernelFactory.Unary<NegOperator>("Neg"),
        KernelFactory.Unary<SquareOperator>("Square"),
        KernelFactory.Unary<SqrtOperator>("Sqrt"),
        KernelFactory.Unary<RsqrtOperator>("Rsqrt"),
        KernelFactory.Unary<ExpOperator>("Exp"),
        KernelFactory.Unary<LogOperator>("Log"),
        KernelFactory.Unary<ReluOperator>("Relu"),
        KernelFactory.Binary<ReluGradOperator>("ReluGrad"),
        KernelFactory.Unary<Relu6Operator>("Relu6"),
        KernelFactory.Binary<Relu6GradOperator>("Relu6Grad"),
        KernelFactory.Unary<TanhOperator>("Tanh"),
        KernelFactory.Binary<TanhGradOperator>("TanhGrad"),
        KernelFactory.Unary<SigmoidOperator>("Sigmoid"),
        KernelFactory.Binary<SigmoidGradOperator>("SigmoidGrad"),
        KernelFactory.Float("LeakyRelu", r => new LeakyReluKernel(r)),
        KernelFactory.Float("LeakyReluGrad", r => new LeakyReluKernel(r)),
        KernelFactory.Unary<EluOperator>("Elu"),
        KernelFactory.Binary<EluGradOperator>("EluGrad"),
        KernelFactory.Unary<SeluOperator>("Selu"),
        KernelFactory.Binary<SeluGradOperator>("SeluGrad"),
        KernelFactory.Unary<SoftplusOperator>("Softplus"),
        KernelFactory.Binary<SoftplusGradOperator>("SoftplusGrad"),
        KernelFactory.Unary<SoftsignOperator>("Softsign"),
        KernelFactory.Binary<SoftsignGradOperator>("SoftsignGrad"),
        KernelFactory.Unary<ErfOperator>("Erf"),
        KernelFactory.Unary<AbsOperator>("Abs"),
        KernelFactory.Unary<SignOperator>("Sign"),
        KernelFactory.Unary<FloorOperator>("Floor"),
        KernelFactory.Binary<PowOperator>("Pow"),
        new("GreaterEqual", r => r.Inputs[0].Type == DataType.Float ? new GreaterEqualKernel(r) : null),
        KernelFactory.Widening("SelectV2", r => r.Outputs[0].Type == DataType.Float ? new SelectKernel(r) : null),
        new("Cast", r => BFloat16CastKernel.TryPrepare(r) ?? WideningKernel.Prepare(r,
            wide => CastKernel.Supports(wide) ? new CastKernel(wide) : null)),
        KernelFactory.Float("BiasAdd", r => new BiasAddKernel(r), r => new BFloat16BinaryKernel<AddOperator>(r)),
    ];

    private static IEnumerable<KernelFactory> Products() =>
    [
        KernelFactory.Float("MatMul", r => StreamedMatMulKernel.TryPrepare(r) ?? (IKernel)new MatMulKernel(r)),
        KernelFactory.Float("_FusedMatMul", r => StreamedMatMulKernel.TryPrepare(r) ?? (IKernel)new MatMulKernel(r)),
        KernelFactory.Float("Conv2D", Conv2DKernel.Prepare),
        KernelFactory.Float("_FusedConv2D", Conv2DKernel.Prepare),
        KernelFactory.Float("Conv2DBackpropInput", Conv2DBackpropInputKernel.Prepare),
        KernelFactory.Float("Conv2DBackpropFilter", Conv2DBackpropFilterKernel.Prepare),
        KernelFactory.Float("DepthwiseConv2dNative", r => new DepthwiseConv2DKernel(r)),
        KernelFactory.Float("_FusedDepthwiseConv2dNative", r => new DepthwiseConv2DKernel(r)),
        KernelFactory.Float("DepthwiseConv2dNativeBackpropInput", r => new DepthwiseBackpropInputKernel(r)),
        KernelFactory.Float("DepthwiseConv2dNativeBackpropFilter", r => new DepthwiseBackpropFilterKernel(r)),
    ];

    private static IEnumerable<KernelFactory> Windows() =>
    [
        KernelFactory.Float("MaxPool", r => new PoolForwardKernel<MaximumPool>(r)),
        KernelFactory.Float("MaxPoolGrad", r => new PoolGradKernel<MaximumPoolGradient>(r)),
        KernelFactory.Float("AvgPool", r => new PoolForwardKernel<MeanPool>(r)),
        KernelFactory.Float("AvgPoolGrad", r => new PoolGradKernel<MeanPoolGradient>(r)),
        KernelFactory.Float("LRN", r => new LrnKernel(r)),
        KernelFactory.Float("LRNGrad", r => new LrnGradKernel(r)),
        KernelFactory.EitherFloat("FusedBatchNormV3", r => new BatchNormKernel(r)),
        KernelFactory.EitherFloat("FusedBatchNormGradV3", r => new BatchNormGradKernel(r), 2),
        KernelFactory.EitherFloat("_FusedBatchNormEx", r => new BatchNormKernel(r)),
        KernelFactory.EitherFloat("_FusedBatchNormGradEx", r => new BatchNormGradKernel(r), 2),
    ];

    private static IEnumerable<KernelFactory> Rows() =>
    [
        KernelFactory.Float("Softmax", r => new SoftmaxKernel(r, logarithm: false)),
        KernelFactory.Float("LogSoftmax", r => new SoftmaxKernel(r, logarithm: true)),
        new("SparseSoftmaxCrossEntropyWithLogits",
            r => r.Inputs[0].Type == DataType.Float ? new SparseCrossEntropyKernel(r) : null),
        KernelFactory.Float("SoftmaxCrossEntropyWithLogits", r => new CrossEntropyKernel(r)),
        KernelFactory.Float("Sum", r => ReduceKernel.Prepare(r, ReductionKind.Sum)),
        KernelFactory.Float("Mean", r => ReduceKernel.Prepare(r, ReductionKind.Mean)),
        KernelFactory.Float("L2Loss", r => ReduceKernel.Prepare(r, ReductionKind.HalfSquares)),
        KernelFactory.Float("Max", r => new ExtremeKernel<MaximumOperator>(r)),
        KernelFactory.Float("Min", r => new ExtremeKernel<MinimumOperator>(r)),
        new("BiasAddGrad",
            r => r.Outputs[0].Type == DataType.Float && r.Inputs[0].Type == DataType.BFloat16
            ? new BFloat16BiasAddGradKernel(r)
            : KernelFactory.Float("BiasAddGrad", f => new BiasAddGradKernel(f)).TryPrepare(r)),
        new("ArgMax", r => r.Inputs[0].Type == DataType.Float ? new ArgMaxKernel(r) : null),
        new("OneHot", r => r.Outputs[0].Type == DataType.Float ? new OneHotKernel(r) : null),
    ];

    private static IEnumerable<KernelFactory> Movers() =>
    [
        KernelFactory.Mover("Pad", LayoutKernel.Pad),
        KernelFactory.Mover("PadV2", LayoutKernel.Pad),
        KernelFactory.Mover("Slice", LayoutKernel.Slice),
        KernelFactory.Mover("StridedSlice", LayoutKernel.StridedSlice),
        KernelFactory.Mover("StridedSliceGrad", LayoutKernel.StridedSliceGrad),
        KernelFactory.Mover("ConcatV2", LayoutKernel.Concat),
        KernelFactory.Mover("BroadcastTo", LayoutKernel.BroadcastTo),
        KernelFactory.Mover("Tile", LayoutKernel.Tile),
        KernelFactory.Mover("Transpose", LayoutKernel.Transpose),
        KernelFactory.Mover("ReverseV2", LayoutKernel.Reverse),
        KernelFactory.Mover("MirrorPad", LayoutKernel.MirrorPad),
        KernelFactory.Float("MirrorPadGrad", r => new MirrorPadGradKernel(r)),
    ];

    private static IEnumerable<KernelFactory> Updates() =>
    [
        new("AssignVariableOp", r => new AssignKernel(r, add: false)),
        new("AssignAddVariableOp", r => AssignKernel.Supports(r, add: true) ? new AssignKernel(r, add: true) : null),
        KernelFactory.Float("ResourceApplyGradientDescent", r => new OptimizerKernel<GradientDescentRule>(r)),
        KernelFactory.Float("ResourceApplyMomentum", r => new OptimizerKernel<MomentumRule>(r)),
        KernelFactory.Float("ResourceApplyKerasMomentum", r => new OptimizerKernel<KerasMomentumRule>(r)),
        KernelFactory.Float("ResourceApplyAdam", r => new OptimizerKernel<AdamRule>(r)),
        KernelFactory.Float("ResourceApplyRMSProp", r => new OptimizerKernel<RmsPropRule>(r)),
        new("StatelessRandomUniformV2", r => new RandomUniformKernel(r)),
    ];
}
