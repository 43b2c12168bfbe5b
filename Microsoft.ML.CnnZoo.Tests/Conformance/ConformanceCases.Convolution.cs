using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class ConformanceCases
{
    private static void AddConvolutions()
    {
        foreach (int c in Widths)
            AddConvolution([1, 6, 5, c], [3, 3, c, 9], new(1, 1, Padding.Same));
        foreach (int f in new[] { 1, 6, 8, 15, 16, 17, 31, 32, 33, 48, 65 })
            AddConvolution([2, 5, 7, 3], [3, 2, 3, f], new(1, 1, Padding.Valid));
        AddConvolution([4, 32, 32, 1], [5, 5, 1, 6], new(1, 1, Padding.Valid));
        AddConvolution([3, 14, 14, 6], [5, 5, 6, 16], new(1, 1, Padding.Valid));
        AddConvolution([2, 9, 8, 4], [3, 3, 4, 10], new(2, 2, Padding.Same));
        AddConvolution([1, 12, 12, 3], [7, 7, 3, 8], new(2, 2, Padding.Same));
        AddConvolution([1, 23, 19, 2], [11, 11, 2, 5], new(4, 4, Padding.Valid));
        AddConvolution([2, 7, 9, 5], [3, 4, 5, 7], new(2, 3, Padding.Explicit(0, 2, 3, 1)));
        AddConvolution([1, 4, 4, 3], [5, 5, 3, 4], new(1, 1, Padding.Symmetric(4)));
        AddConvolution([1, 11, 10, 3], [3, 3, 3, 5], new(1, 1, Padding.Same, 2, 3));
        AddConvolution([2, 13, 9, 4], [3, 2, 4, 6], new(2, 1, Padding.Valid, 3, 2));
        AddConvolution([2, 6, 5, 8], [3, 3, 4, 6], new(1, 1, Padding.Same));
        AddConvolution([1, 7, 7, 12], [3, 3, 2, 18], new(2, 2, Padding.Symmetric(1)));
        AddConvolution([1, 7, 7, 6], [3, 3, 1, 6], new(1, 1, Padding.Same, 2, 2));
        foreach (int c in new[] { 1, 3, 16, 33, 512 })
            AddConvolution([2, 5, 7, c], [1, 1, c, 20], new(1, 1, Padding.Valid));
        AddConvolution([2, 6, 6, 8], [1, 1, 8, 20], new(2, 2, Padding.Same));
        AddConvolution([2, 5, 5, 8], [1, 1, 4, 20], new(1, 1, Padding.Valid));
        AddConvolution([1, 7, 7, 100], [3, 3, 100, 40], new(1, 1, Padding.Same));
        AddConvolution([1, 2, 3, 300], [3, 3, 300, 530], new(1, 1, Padding.Same));
        AddConvolution([2, 12, 20, 16], [3, 3, 16, 33], new(1, 1, Padding.Same));
        foreach (int c in Widths)
            AddDepthwise([2, 6, 5, c], [3, 3, c, 1], new(1, 1, Padding.Same));
        AddDepthwise([1, 9, 8, 17], [3, 3, 17, 1], new(2, 2, Padding.Same));
        AddDepthwise([1, 9, 8, 5], [3, 2, 5, 3], new(2, 2, Padding.Explicit(1, 0, 0, 2)));
        AddDepthwise([2, 11, 11, 16], [3, 3, 16, 1], new(1, 1, Padding.Valid, 2, 3));
        AddDepthwise([2, 7, 7, 40], [5, 5, 40, 2], new(1, 1, Padding.Same));
        AddMatrixProducts();
        AddFused();
    }

    private static void AddConvolution(int[] x, int[] w, Conv2DAttributes attributes)
    {
        TensorShape y = attributes.Geometry(new(x), new(w)).OutputShape;
        AddWithGradients("Conv2D", x, w, y, attributes);
    }

    private static void AddDepthwise(int[] x, int[] w, Conv2DAttributes attributes) =>
        AddWithGradients("DepthwiseConv2dNative", x, w, attributes.DepthwiseGeometry(new(x), new(w)).OutputShape,
            attributes);

    private static void AddWithGradients(string op, int[] x, int[] w, TensorShape y, Conv2DAttributes attributes)
    {
        string geometry =
            $"x={new TensorShape(x)} f={new TensorShape(w)} s={attributes.StrideHeight},{attributes.StrideWidth} " +
            $"d={attributes.DilationHeight},{attributes.DilationWidth} {attributes.Padding}";
        KeyValuePair<string, AttributeValue>[] list = [.. attributes.ToAttributes()];
        Add(op, geometry, [Fed(Values.Uniform(new(x))), Fed(Values.Uniform(new(w)))], list);
        Add(op, $"{geometry} constant filter", [Fed(Values.Uniform(new(x))), new(Values.Uniform(new(w)), InputKind.Constant)], list);
        Add($"{op}BackpropInput", geometry, [Ints(x), Fed(Values.Uniform(new(w))), Fed(Values.Uniform(y))], list);
        Add($"{op}BackpropInput", $"{geometry} variable filter",
            [Ints(x), new(Values.Uniform(new(w)), InputKind.Variable), Fed(Values.Uniform(y))], list);
        Add($"{op}BackpropFilter", geometry, [Fed(Values.Uniform(new(x))), Ints(w), Fed(Values.Uniform(y))], list);
    }

    private static void AddMatrixProducts()
    {
        (int M, int K, int N)[] sizes =
        [
            (1, 1, 1), (1, 7, 3), (2, 9, 17), (7, 16, 16), (13, 33, 31), (14, 8, 32), (15, 17, 33), (6, 5, 8),
            (29, 400, 120), (64, 84, 10), (3, 900, 70), (100, 769, 600), (5, 2048, 40), (20, 512, 64), (1, 830, 656),
            (1, 700, 1040), (3, 0, 5), (1, 0, 40),
        ];
        foreach ((int m, int k, int n) in sizes)
            foreach ((bool ta, bool tb) in new[] { (false, false), (true, false), (false, true), (true, true) })
            {
                KeyValuePair<string, AttributeValue>[] attributes =
                    [new("transpose_a", AttributeValue.Of(ta)), new("transpose_b", AttributeValue.Of(tb))];
                Tensor a = Values.Uniform(ta ? new(k, m) : new(m, k)), b = Values.Uniform(tb ? new(n, k) : new(k, n));
                string name = $"{m}x{k}x{n}{(ta ? " transpose_a" : "")}{(tb ? " transpose_b" : "")}";
                Add("MatMul", name, [Fed(a), Fed(b)], attributes);
                Add("MatMul", $"{name} variable b", [Fed(a), new(b, InputKind.Variable)], attributes);
            }
    }

    private static void AddFused()
    {
        string[][] sequences = [["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Relu6"], ["BiasAdd", "Tanh"],
            ["BiasAdd", "Sigmoid"], ["BiasAdd", "Add"], ["BiasAdd", "Add", "Relu"]];
        foreach (string[] ops in sequences)
            foreach (int f in new[] { 6, 16, 40 })
            {
                bool side = ops.Contains("Add");
                KeyValuePair<string, AttributeValue>[] fused = [new("fused_ops", AttributeValue.OfStrings(ops)),
                    new("num_args", AttributeValue.Of(side ? 2L : 1L))];
                KernelCaseInput[] sideInput = side ? [Fed(Values.Uniform(new(2, 5, 6, f)))] : [];
                Add("_FusedConv2D", $"{string.Join('+', ops)} f={f}",
                    [Fed(Values.Uniform(new(2, 5, 6, 8))), Fed(Values.Uniform(new(3, 3, 8, f))),
                    Fed(Values.Uniform(new(f))), .. sideInput],
                    [.. new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), .. fused]);
                Add("_FusedConv2D", $"{string.Join('+', ops)} groups=2 f={f} constant filter",
                    [Fed(Values.Uniform(new(2, 5, 6, 8))), new(Values.Uniform(new(3, 3, 4, f)), InputKind.Constant),
                        Fed(Values.Uniform(new(f))), .. sideInput],
                    [.. new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), .. fused]);
                if (!side)
                    Add("_FusedDepthwiseConv2dNative", $"{string.Join('+', ops)} c={f}",
                        [Fed(Values.Uniform(new(2, 5, 6, f))), new(Values.Uniform(new(3, 3, f, 1)), InputKind.Variable),
                            Fed(Values.Uniform(new(f)))],
                        [.. new Conv2DAttributes(1, 1, Padding.Same).ToAttributes(), .. fused]);
                foreach (int k in new[] { 70, 0 })
                    Add("_FusedMatMul", $"{string.Join('+', ops)} k={k} n={f}",
                        [Fed(Values.Uniform(new(9, k))), new(Values.Uniform(new(k, f)), InputKind.Variable),
                            Fed(Values.Uniform(new(f))),
                            .. side ? [Fed(Values.Uniform(new(9, f)))] : Array.Empty<KernelCaseInput>()], fused);
            }
    }
}
