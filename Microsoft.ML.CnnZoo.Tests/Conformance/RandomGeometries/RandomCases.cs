using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Conformance.RandomGeometries;

/// <summary>
/// Random cases of each family of kernels: small, and such that every specialization and its remainders occur.
/// </summary>
internal sealed partial class RandomCases
{
    /// <summary>Determines all cases.</summary>
    public const int Seed = 12;

    /// <summary>Cases of 1 in 50 may have this many multiply-adds, all others fewer.</summary>
    private const long Large = 3_000_000, Small = 150_000;

    private static readonly Dictionary<string, Func<RandomCases, ConformanceCase>> Generators = new()
    {
        ["Conv2D"] = r => r.Forward("Conv2D", r.Geometry()),
        ["Conv2DBackpropInput"] = r => r.InputGradient("Conv2D", r.Geometry()),
        ["Conv2DBackpropFilter"] = r => r.FilterGradient("Conv2D", r.Geometry()),
        ["Winograd"] = r => r.WinogradConvolution(),
        ["DepthwiseConv2dNative"] = r => r.Forward("DepthwiseConv2dNative", r.Depthwise()),
        ["DepthwiseConv2dNativeBackprop"] = r => r.Chance(0.5)
            ? r.InputGradient("DepthwiseConv2dNative", r.Depthwise())
            : r.FilterGradient("DepthwiseConv2dNative", r.Depthwise()),
        ["MatMul"] = r => r.MatrixProduct(),
        ["Pool"] = r => r.Pool(),
        ["PoolGrad"] = r => r.PoolGradient(),
        ["LRN"] = r => r.LocalResponse(),
        ["FusedBatchNorm"] = r => r.BatchNorm(),
        ["Softmax"] = r => r.Softmax(),
        ["Activation"] = r => r.Activation(),
        ["Elementwise"] = r => r.Elementwise(),
        ["Reduction"] = r => r.Reduction(),
        ["Movement"] = r => r.Movement(),
        ["Optimizer"] = r => r.Optimizer(),
    };

    private readonly System.Random _random;
    private readonly bool _bfloat16;
    private readonly string _family;

    private RandomCases(string family, int index)
    {
        _family = family;
        _random = new System.Random(HashOf(family) + (index * 7919));
        _bfloat16 = Chance(0.15);
    }

    /// <summary>The families.</summary>
    public static IReadOnlyCollection<string> Families => Generators.Keys;

    /// <summary>A case of a family.</summary>
    public static RandomCase Get(string family, int index)
    {
        var r = new RandomCases(family, index);
        ConformanceCase c = r.Draw();
        return new RandomCase(family, index, c, r.Form(c));
    }

    /// <summary>A seed that is the same in every process, as a string's hash code is not.</summary>
    private static int HashOf(string family) => family.Aggregate(Seed, (hash, letter) =>
        unchecked((hash * 31) + letter));

    /// <summary>A case whose window fits its image: others are drawn again.</summary>
    private ConformanceCase Draw()
    {
        while (true)
            try
            {
                ConformanceCase c = Generators[_family](this);
                OperandRun.Build(c, OperandTypes.Float32);
                return c;
            }
            catch (GraphException)
            {
            }
    }

    private RandomForm Form(ConformanceCase c)
    {
        OpDefinition op = OpCatalog.Get(c.Op);
        OperandTypes types = OperandTypes.Float32;
        if (_bfloat16 && op.BFloat16 != BFloat16Rule.Never && _family != "Winograd")
            types = new(true, Chance(0.3) ? WeightInput(c) : -1, op.CanReturnFloat32 && Chance(0.3));
        NodeDef node = OperandRun.Build(c, types);
        OperandLayout allowed = OperandLayout.Allowed(node),
            layout = new(allowed.StridedInputs & _random.Next(256), allowed.StridedOutputs & _random.Next(2));
        int threads = RandomForm.ThreadCounts[Chance(0.4) ? 0 : _random.Next(4)];
        return new RandomForm(threads, layout, types, Chance(0.3), Chance(0.12) ? PlantIn(c) : Plant.None);
    }

    private static int WeightInput(ConformanceCase c) => BFloat16ConformanceTests.WeightInput(c.Op) is >= 0 and int i
        && c.Inputs[i].Value.Spec.Type == DataType.Float ? i : -1;

    /// <summary>NaN or infinities in an input whose effect the naive loops tell.</summary>
    private Plant PlantIn(ConformanceCase c)
    {
        int[] inputs = [.. Enumerable.Range(0, c.Inputs.Length).Where(i => c.Inputs[i].Value.Spec.Type == DataType.Float
            && c.Inputs[i].Value.Shape.ElementCount > 0 && CanPlant(c, i))];
        if (inputs.Length == 0)
            return Plant.None;
        int input = Pick(inputs);
        bool isNaN = Chance(0.6);
        Span<float> values = c.Inputs[input].Value.Values<float>();
        for (int n = _random.Next(1, 4); n > 0; n--)
            values[_random.Next(values.Length)] = isNaN ? float.NaN
                : Chance(0.5) ? float.PositiveInfinity : float.NegativeInfinity;
        bool isFilter = input == 1 && c.Op.Contains("Conv", StringComparison.Ordinal);
        PlantRule rule = _family == "Winograd" || isFilter
            || (input == 2 && c.Op.EndsWith("BackpropFilter", StringComparison.Ordinal)) ? PlantRule.Spreads
            : _family is "LRN" or "FusedBatchNorm" or "Softmax" or "Optimizer" || c.Op == "SoftplusGrad"
            ? PlantRule.NotFinite : PlantRule.Exact;
        return new Plant(input, isNaN, rule);
    }

    /// <summary>
    /// Not where the result is undefined: the index of a NaN, an integer from it, the pixel that a NaN maximum came
    /// from, what does not fit the result that a gradient is given.
    /// </summary>
    private static bool CanPlant(ConformanceCase c, int input) => c.Op switch
    {
        "ArgMax" or "Cast" => false,
        "MaxPoolGrad" => input == 2,
        "LRNGrad" or "_FusedBatchNormGradEx" => input == 0,
        _ => true,
    };

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private T Pick<T>(params T[] values) => values[_random.Next(values.Length)];

    private KernelCaseInput Floats(TensorShape shape, float low = -1, float high = 1)
    {
        var tensor = new Tensor(new TensorSpec(DataType.Float, shape));
        foreach (ref float v in tensor.Values<float>())
            v = low + ((high - low) * _random.NextSingle());
        return new KernelCaseInput(tensor);
    }

    private KernelCaseInput Integers(TensorShape shape, int bound)
    {
        var tensor = new Tensor(new TensorSpec(DataType.Int32, shape));
        foreach (ref int v in tensor.Values<int>())
            v = _random.Next(bound);
        return new KernelCaseInput(tensor);
    }

    /// <summary>
    /// A filter or matrix: computed, constant or a variable, of which kernels may keep a packed copy.
    /// </summary>
    private KernelCaseInput Weights(TensorShape shape) =>
        Floats(shape) with { Kind = Pick(InputKind.Fed, InputKind.Constant, InputKind.Variable) };

    private static KernelCaseInput Ints(params ReadOnlySpan<int> values) =>
        new(Tensor.Of<int>(new(values.Length), values), InputKind.Constant);

    private static KernelCaseInput Int(int value) => new(Tensor.Of<int>(TensorShape.Scalar, value), InputKind.Constant);

    private static KeyValuePair<string, AttributeValue> Attribute(string name, AttributeValue value) => new(name,
        value);

    /// <summary>Around the sizes of vectors and tiles; often the engine's own favorites.</summary>
    private int Channels() => Chance(0.6) ? Pick(1, 3, 4, 6, 16, 32, 48, 64) : _random.Next(1, 72);

    private int Batch() => Chance(0.01) ? 0 : Pick(1, 1, 1, 2, 3, 5);

    private TensorShape Image(int elements)
    {
        int channels = Chance(0.1) ? _random.Next(64, 300) : Channels(), pixels = Math.Max(1, elements / channels),
            height = _random.Next(1, 1 + Math.Min(12, pixels)), width = _random.Next(1, 1 + Math.Min(40, Math.Max(1,
                pixels / height)));
        return new(Batch(), height, width, channels);
    }

    /// <summary>A shape of any rank, often with dimensions of 1.</summary>
    private TensorShape AnyShape(int elements, int leastRank = 0)
    {
        var dims = new int[_random.Next(leastRank, 5)];
        for (int d = dims.Length - 1, left = elements; d >= 0; left = Math.Max(1, left / dims[d--]))
            dims[d] = Chance(0.2) ? 1 : _random.Next(1, 1 + Math.Min(left, Chance(0.1) ? 4000 : 40));
        return new(dims);
    }
}
