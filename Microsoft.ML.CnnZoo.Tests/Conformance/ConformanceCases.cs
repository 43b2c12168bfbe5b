using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

/// <summary>All cases, by name. Sizes are around vector widths; odd sizes are intended.</summary>
internal static partial class ConformanceCases
{
    private static readonly int[] Widths = [1, 3, 7, 8, 9, 15, 16, 17, 33];
    private static readonly List<ConformanceCase> Cases = [];
    private static int s_seed;

    static ConformanceCases()
    {
        AddElementwise();
        AddConvolutions();
        AddPooling();
        AddRows();
        AddNormalization();
        AddLayout();
        AddUpdates();
    }

    /// <summary>Every case.</summary>
    public static IReadOnlyList<ConformanceCase> All => Cases;

    /// <summary>The case with that name.</summary>
    public static ConformanceCase Get(string name) => Cases.First(c => c.Name == name);

    private static void Add(string op, string geometry, KernelCaseInput[] inputs,
        KeyValuePair<string, AttributeValue>[]? attributes = null, double tolerance = 1e-5) =>
        Cases.Add(new($"{op} {geometry}", op, inputs, attributes ?? [], tolerance));

    private static KernelCaseInput Fed(Tensor value) => new(value);

    private static KernelCaseInput Ints(params ReadOnlySpan<int> values) =>
        new(Tensor.Of<int>(new(values.Length), values), InputKind.Constant);

    private static KernelCaseInput Int(int value) => new(Tensor.Of<int>(TensorShape.Scalar, value), InputKind.Constant);

    private static KernelCaseInput Scalar(float value) => new(Tensor.Of<float>(TensorShape.Scalar, value));

    /// <summary>A new seed at every use, so that no two inputs are alike.</summary>
    private static CaseValues Values => new(++s_seed);

    private static void AddElementwise()
    {
        foreach (int n in new[] { 1, 3, 7, 8, 9, 15, 16, 17, 33, 40000 })
        {
            foreach (string op in new[] { "Neg", "Square", "Exp", "Relu", "Relu6", "Tanh", "Sigmoid",
                "Elu", "Selu", "Softplus", "Softsign", "Erf", "Abs", "Sign", "Floor" })
                Add(op, $"[{n}]", [Fed(Values.Uniform(new(n), -9, 9))], tolerance: op == "Exp" ? 1e-6 : 3e-7);
            foreach (string op in new[] { "Sqrt", "Rsqrt", "Log" })
                Add(op, $"[{n}]", [Fed(Values.Uniform(new(n), 0.01, 9))], tolerance: 1e-6);
            foreach (float alpha in new[] { 0.1f, 1.5f, -0.3f })
            {
                KeyValuePair<string, AttributeValue>[] slope = [new("alpha", AttributeValue.Of(alpha))];
                Add("LeakyRelu", $"[{n}] {alpha}", [Fed(Values.Uniform(new(n), -9, 9))], slope, 1e-7);
                Add("LeakyReluGrad", $"[{n}] {alpha}",
                    [Fed(Values.Uniform(new(n))), Fed(Values.Uniform(new(n), -9, 9))], slope, 1e-7);
            }
            foreach (string op in new[] { "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad" })
                Add(op, $"[{n}] [{n}]", [Fed(Values.Uniform(new(n))), Fed(Values.Uniform(new(n), -1, 3))],
                    tolerance: 1e-6);
            Add("Pow", $"[{n}] [{n}]", [Fed(Values.Uniform(new(n), 0.01, 4)), Fed(Values.Uniform(new(n), -3, 5))],
                tolerance: 1e-6);
            foreach (float exponent in new[] { 2f, 3f, 0.5f, -1f, 0f, 1 / 3f })
                Add("Pow", $"[{n}] to the {exponent}", [Fed(Values.Uniform(new(n), 0.5, 4)), Scalar(exponent)],
                    tolerance: 1e-6);
            Add("Pow", $"[{n}] of either sign", [Fed(Values.Uniform(new(n), -4, 4)), Fed(Values.Whole(new(n)))],
                tolerance: 1e-6);
            foreach (string op in new[] { "ReluGrad", "Relu6Grad", "TanhGrad", "SigmoidGrad", "AddV2", "Sub", "Mul",
                "SquaredDifference", "Maximum", "Minimum", "GreaterEqual" })
                Add(op, $"[{n}] [{n}]", [Fed(Values.Uniform(new(n), -2, 8)), Fed(Values.Uniform(new(n), -2, 8))], tolerance: 1e-6);
            Add("RealDiv", $"[{n}] [{n}]", [Fed(Values.Uniform(new(n))), Fed(Values.Uniform(new(n), 0.5, 2))], tolerance: 1e-6);
            Add("AddN", $"3 x [{n}]", [Fed(Values.Uniform(new(n))), Fed(Values.Uniform(new(n))),
                Fed(Values.Uniform(new(n)))], [new("N", AttributeValue.Of(3L))]);
        }
        foreach (float x in new[] { 0f, 1e-6f, 1e-3f, 0.62f, 0.63f, 20f, 100f, -100f })
        {
            Add("Tanh", $"at {x}", [Scalar(x)], tolerance: 3e-7);
            Add("Sigmoid", $"at {x}", [Scalar(x)], tolerance: 3e-7);
            Add("Exp", $"at {x / 1.2f}", [Scalar(x / 1.2f)], tolerance: 1e-6);
            foreach (float signed in new[] { x, -x })
                foreach (string op in new[] { "Elu", "Selu", "Softplus", "Softsign", "Erf" })
                    Add(op, $"at {signed}", [Scalar(signed)], tolerance: 6e-7);
        }
        (int[] A, int[] B)[] pairs =
        [
            ([2, 3, 4, 5], [5]), ([5], [2, 3, 4, 5]), ([2, 3, 4, 17], [2, 1, 1, 17]), ([3, 1, 7], [1, 9, 1]),
            ([4, 6], []), ([], [4, 6]), ([2, 1, 1, 8], [2, 5, 3, 1]),
            ([200, 100], [200, 1]), ([1, 1], [1, 1]), ([3, 5, 7, 6], [3, 1, 1, 6]), ([3, 5, 7, 16], [3, 5, 7, 1]),
            ([3, 5, 7, 9], [1, 1, 1, 9]), ([2, 40, 50, 3], [3]), ([2, 1, 5, 3, 4], [2, 7, 1, 3, 1]),
        ];
        foreach ((int[] a, int[] b) in pairs)
            foreach (string op in new[] { "AddV2", "Sub", "Mul", "SquaredDifference", "Maximum", "GreaterEqual" })
                Add(op, $"{new TensorShape(a)} {new TensorShape(b)}",
                    [Fed(Values.Uniform(new(a))), Fed(Values.Uniform(new(b)))], tolerance: 1e-6);
        Add("SelectV2", "[3,5] [3,5] [5]", [Fed(Values.Booleans(new(3, 5))), Fed(Values.Uniform(new(3, 5))), Fed(Values.Uniform(new(5)))]);
        Add("SelectV2", "[1,5] [3,1] []", [Fed(Values.Booleans(new(1, 5))), Fed(Values.Uniform(new(3, 1))), Scalar(7)]);
        Add("Cast", "Int32 to Float", [Fed(Values.Integers(new(37), 1000))], [new("DstT", AttributeValue.Of(DataType.Float))], 0);
        Add("Cast", "Float to Int32", [Fed(Values.Uniform(new(37), -50, 50))], [new("DstT", AttributeValue.Of(DataType.Int32))], 0);
        Add("Cast", "Bool to Float", [Fed(Values.Booleans(new(37)))], [new("DstT", AttributeValue.Of(DataType.Float))], 0);
        Add("Cast", "Float to Bool", [Fed(Values.Tied(new(37)))], [new("DstT", AttributeValue.Of(DataType.Bool))], 0);
        foreach (int channels in Widths)
            Add("BiasAdd", $"[2,3,5,{channels}]",
                [Fed(Values.Uniform(new(2, 3, 5, channels))), Fed(Values.Uniform(new(channels)))], tolerance: 1e-6);
    }
}
