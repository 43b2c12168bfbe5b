using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Kernels.Convolution;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Conformance.RandomGeometries;

/// <summary>One case of a family of kernels, drawn by its index.</summary>
/// <param name="Family">One of <see cref="RandomCases.Families"/>.</param>
/// <param name="Index">The case's number; with the family it determines everything.</param>
/// <param name="Case">Op, inputs, attributes.</param>
/// <param name="Form">Everything else about it.</param>
internal sealed record RandomCase(string Family, int Index, ConformanceCase Case, RandomForm Form)
{
    private const byte Odd = 0xA5;

    private static readonly IKernelSet Kernels = KernelSet.Shared, Winograd = new WinogradCases();
    private static readonly Dictionary<int, WorkerPool> Pools = RandomForm.ThreadCounts.ToDictionary(t => t,
        t => new WorkerPool(t));

    /// <summary>
    /// Runs the kernel and compares with the naive loops: every element within its error bound, NaN and infinity where
    /// IEEE has them, nothing else written, and the same bits from a second run.
    /// </summary>
    /// <param name="kernels">The kernels; null for the engine's own.</param>
    /// <returns>The largest error, as a fraction of its bound.</returns>
    public double Check(IKernelSet? kernels = null)
    {
        bool isWinograd = Family == "Winograd";
        using var run = new OperandRun(kernels ?? (isWinograd ? Winograd : Kernels), Case, Form.Layout, Form.Types,
            Form.Overwrites,
            Pools[Form.Threads]);
        NaiveTensor[] Inputs() => [.. Case.Inputs.Select((input, i) =>
            NaiveTensor.From(OperandRun.Narrowed(input.Value, run.Specs[i].Type)))];
        NaiveTensor[] expected = NaiveOps.Evaluate(run.Node, Inputs());
        double[][] bounds = ErrorBounds.Of(run.Node, Inputs(), expected, isWinograd);
        byte[][] actual = run.Run();
        bool isStateful = run.Node.Definition.IsStateful;
        byte[][] again = isStateful || (Form.Overwrites && run.Overwritten >= 0) ? actual : run.Run(Odd);
        Assert.True(run.GapsAreUntouched, $"{this}: the kernel wrote outside its operands.");
        Assert.True(run.InputsAreUntouched, $"{this}: the kernel wrote to an input.");
        Assert.True(actual.Zip(again).All(p => p.First.AsSpan().SequenceEqual(p.Second)),
            $"{this}: a second run gives other bits, or an element is not written.");
        if (isStateful)
            actual = run.Variables();
        double worst = 0;
        for (int i = 0; i < actual.Length && i < expected.Length; i++)
        {
            TensorSpec spec = isStateful ? Case.Inputs[i].Value.Spec : run.Node.Outputs[i];
            var result = new Tensor(spec);
            actual[i].CopyTo(result.Bytes);
            worst = Math.Max(worst, Compare(i, spec.Shape, expected[i].Data, NaiveTensor.From(result).Data, bounds[i]));
        }
        return worst;
    }

    public override string ToString() =>
        $"RandomCases.Get(\"{Family}\", {Index}), seed {RandomCases.Seed}: {Case.Op}("
        + string.Join(", ", Case.Inputs.Select(i => i.Value.Spec.Type == DataType.Int32 && i.Kind == InputKind.Constant
            ? $"[{string.Join(',', i.Value.Values<int>().ToArray())}]" : $"{i.Value.Shape} {i.Kind}"))
        + $") {string.Join(' ', Case.Attributes.Select(a => $"{a.Key}={a.Value}"))}; {Form}";

    private double Compare(int output, TensorShape shape, double[] expected, double[] actual, double[] bounds)
    {
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            (double e, double a) = (float.IsFinite((float)expected[i]) ? expected[i] : (float)expected[i], actual[i]);
            if (e == a || (double.IsNaN(e) && double.IsNaN(a)))
                continue;
            double error = Math.Abs(e - a);
            bool agrees = double.IsFinite(e) && double.IsFinite(a) ? error <= bounds[i]
                : Form.Plant.Allows(e, a);
            if (!agrees)
                Assert.Fail($"{this}: output {output} {shape}, element {i} is {a:R}, expected {e:R} (off by " +
                    $"{error:g3}, allowed {bounds[i]:g3}).");
            if (double.IsFinite(error))
                worst = Math.Max(worst, error / bounds[i]);
        }
        return worst;
    }
}

/// <summary>How a case is run.</summary>
internal sealed record RandomForm(int Threads, OperandLayout Layout, OperandTypes Types, bool Overwrites, Plant Plant)
{
    public static int[] ThreadCounts { get; } = [1, 2, 3, 5];

    public override string ToString() => $"{Threads} threads, strided inputs {Layout.StridedInputs:b} outputs " +
        $"{Layout.StridedOutputs:b}{(Overwrites ? ", in place" : "")}"
        + (Types.BFloat16 ? $", bfloat16 with weight {Types.WeightInput}" : "")
        + (Types.Float32Result ? ", float32 result" : "")
        + (Plant.Input < 0 ? "" : $", {(Plant.IsNaN ? "NaN" : "infinity")} in input {Plant.Input}");
}

/// <summary>What an algorithm may make of a planted NaN or infinity.</summary>
internal enum PlantRule
{
    /// <summary>Exactly what the naive loops give.</summary>
    Exact,
    /// <summary>NaN or ±infinity where an infinity gives either: the order of steps decides.</summary>
    NotFinite,
    /// <summary>Also NaN in elements that do not depend on it: products with padding's zeros, transforms of
    /// tiles.</summary>
    Spreads,
}

/// <summary>NaN or infinity in one input.</summary>
/// <param name="Input">The input, or -1 for none.</param>
/// <param name="IsNaN">NaN, else ±infinity.</param>
/// <param name="Rule">What may become of it.</param>
internal sealed record Plant(int Input, bool IsNaN, PlantRule Rule)
{
    public static Plant None { get; } = new(-1, false, PlantRule.Exact);

    /// <summary>
    /// Whether a kernel may give <paramref name="actual"/> where the two are not equal and one is not finite.
    /// </summary>
    public bool Allows(double expected, double actual) => !double.IsFinite(actual)
        && (double.IsFinite(expected) ? Rule == PlantRule.Spreads : !IsNaN && Rule != PlantRule.Exact);
}
