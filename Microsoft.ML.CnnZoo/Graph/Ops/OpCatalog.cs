using System.Collections.Frozen;

namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>The ops that graphs may hold: an explicit list; a duplicate throws at start-up.</summary>
internal static class OpCatalog
{
    private static readonly FrozenDictionary<string, OpDefinition> ByName = Build()
        .ToFrozenDictionary(o => o.Name, StringComparer.Ordinal);

    /// <summary>All ops, by name.</summary>
    public static IEnumerable<OpDefinition> All => ByName.Values.OrderBy(o => o.Name, StringComparer.Ordinal);

    /// <summary>The op with TensorFlow's name.</summary>
    /// <exception cref="GraphException">The op is not supported.</exception>
    public static OpDefinition Get(string name) => ByName.TryGetValue(name, out OpDefinition? op) ? op
        : throw new GraphException($"The op '{name}' is not supported; supported are " +
        $"{string.Join(", ", ByName.Keys.Order(StringComparer.Ordinal))}.");

    private static OpDefinition[] Build() =>
    [
        new Abs(), new AddN(), new AddV2(), new ArgMax(), new AssignAddVariableOp(), new AssignVariableOp(),
        new AvgPool(), new AvgPoolGrad(), new BiasAdd(), new BiasAddGrad(), new BroadcastTo(), new Cast(),
        new ConcatV2(), new Const(), new Conv2D(), new Conv2DBackpropFilter(), new Conv2DBackpropInput(),
        new DepthwiseConv2dNative(), new DepthwiseConv2dNativeBackpropFilter(),
        new DepthwiseConv2dNativeBackpropInput(), new Elu(), new EluGrad(), new Erf(), new Exp(), new ExpandDims(),
        new Floor(), new FusedBatchNormGradV3(), new FusedBatchNormV3(), new GreaterEqual(), new Identity(),
        new L2Loss(), new LRN(), new LRNGrad(), new LeakyRelu(), new LeakyReluGrad(), new Log(), new LogSoftmax(),
        new MatMul(), new Max(), new MaxPool(), new MaxPoolGrad(), new Maximum(), new Mean(), new Min(), new Minimum(),
        new MirrorPad(), new MirrorPadGrad(), new Mul(), new Neg(), new OneHot(), new Pad(), new PadV2(),
        new Placeholder(), new Pow(), new ReadVariableOp(), new RealDiv(), new Relu(), new Relu6(), new Relu6Grad(),
        new ReluGrad(), new Reshape(), new ResourceApplyAdam(), new ResourceApplyGradientDescent(),
        new ResourceApplyKerasMomentum(), new ResourceApplyMomentum(), new ResourceApplyRMSProp(), new ReverseV2(),
        new Rsqrt(), new SelectV2(), new Selu(), new SeluGrad(), new Shape(), new Sigmoid(), new SigmoidGrad(),
        new Sign(), new Slice(), new Softmax(), new SoftmaxCrossEntropyWithLogits(), new Softplus(), new SoftplusGrad(),
        new Softsign(), new SoftsignGrad(), new SparseSoftmaxCrossEntropyWithLogits(), new Sqrt(), new Square(),
        new SquaredDifference(), new Squeeze(), new StatelessRandomUniformV2(), new StopGradient(), new StridedSlice(),
        new StridedSliceGrad(), new Sub(), new Sum(), new Tanh(), new TanhGrad(), new Tile(), new Transpose(),
        new VarHandleOp(), new FusedBatchNormEx(), new FusedBatchNormGradEx(), new FusedConv2D(),
        new FusedDepthwiseConv2dNative(), new FusedMatMul(),
    ];
}
