using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Conformance.RandomGeometries;

/// <summary>
/// Every family of kernels on random geometries against the naive loops: a short sample, or with CNNZOO_FULL=1 all of
/// 20,000. A failure's message begins with the expression whose <c>Check()</c> repeats the case.
/// </summary>
public class RandomGeometryTests(ITestOutputHelper output)
{
    private const int All = 20_000, MostFailures = 10;

    public static TheoryData<string> Families => [.. RandomCases.Families];

    public static TheoryData<Defect> Defects => [.. Enum.GetValues<Defect>()];

    [Theory]
    [MemberData(nameof(Families))]
    public void Run_RandomGeometries_AgreesWithNaiveLoops(string family) => output.WriteLine(CheckFamily(family,
        few: 120));

    [Theory]
    [MemberData(nameof(Defects))]
    public void Check_DefectiveKernel_Fails(Defect defect)
    {
        var kernels = new DefectiveKernels(defect);
        RandomCase[] cases = [.. Enumerable.Range(0, 60).Select(i => RandomCases.Get("MatMul", i))
            .Where(c => c.Form is { Plant.Input: < 0, Types.BFloat16: false, Overwrites: false })];
        Assert.All(cases, c => Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => c.Check(kernels)));
    }

    [Fact]
    public void Get_FirstCasesOfAllFamilies_HaveEveryKernel() =>
        Assert.Equal(KernelSet.Shared.Ops.Except(["StatelessRandomUniformV2"]).Order(),
            RandomCases.Families.SelectMany(f => Enumerable.Range(0, 200).Select(i => RandomCases.Get(f, i).Case.Op))
                .Distinct().Order());

    /// <summary>What the engine has special code for, and the remainders of its tiles.</summary>
    [Fact]
    public void Get_Conv2D_DrawsWhatTheEngineSpecializes()
    {
        Conv2DGeometry[] drawn = [.. Enumerable.Range(0, 1500).Select(i => RandomCases.Get("Conv2D", i)).Select(c =>
            Conv2DAttributes.From(OperandRun.Build(c.Case, OperandTypes.Float32))
                .Geometry(c.Case.Inputs[0].Value.Shape, c.Case.Inputs[1].Value.Shape))];
        Assert.Empty(new[] { 1, 3, 4, 6, 16, 32, 48, 64, 7, 33 }.Except(drawn.Select(g => g.Channels)));
        Assert.Empty(new[] { 1, 6, 10, 16, 20, 32, 96, 7, 33 }.Except(drawn.Select(g => g.Filters)));
        Assert.Empty(Enumerable.Range(1, 40).Except(drawn.Select(g => g.OutputWidth)));
        (int, int)[] kernels = [(1, 1), (3, 3), (5, 5), (7, 7), (11, 11), (1, 7), (7, 1), (2, 2)];
        Assert.Empty(kernels.Except(drawn.Select(g => (g.KernelHeight, g.KernelWidth))));
        Assert.Empty(new[] { 1, 2, 3, 4 }.Except(drawn.Select(g => g.StrideHeight)));
        Assert.Empty(new[] { 1, 2, 3 }.Except(drawn.Select(g => g.DilationWidth)));
        Assert.Contains(drawn, g => g.StrideHeight != g.StrideWidth);
        Assert.Contains(drawn, g => g is { Height: 1, Width: 1 });
        Assert.Contains(drawn, g => g.KernelHeight > g.Height && g.KernelWidth > g.Width);
        Assert.Contains(drawn, g => g.PadTop >= g.KernelHeight && g.DilationHeight == 1);
        Assert.Contains(drawn, g => g.Groups > 1 && g.FiltersPerGroup > 1);
        Assert.Contains(drawn, g => g.Groups == g.Channels && g.Groups > 1);
    }

    /// <summary>Checks the first cases of a family.</summary>
    /// <param name="family">The family.</param>
    /// <param name="few">How many, unless CNNZOO_FULL=1 asks for all.</param>
    /// <returns>How large the errors of float32 kernels were.</returns>
    internal static string CheckFamily(string family, int few)
    {
        int count = TestScope.IsFull ? All : few;
        var failures = new List<string>();
        (double Error, int Index) worst = (0, 0);
        for (int i = 0; i < count && failures.Count < MostFailures; i++)
        {
            RandomCase c = RandomCases.Get(family, i);
            try
            {
                double error = c.Check();
                worst = error > worst.Error && !c.Form.Types.BFloat16 ? (error, i) : worst;
            }
            catch (Xunit.Sdk.XunitException e)
            {
                failures.Add(e.Message);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{c}", e);
            }
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        return $"{family}: {count} cases, largest error {worst.Error:p0} of its bound, at index {worst.Index}";
    }

    /// <summary>What a wrong kernel does.</summary>
    public enum Defect
    {
        /// <summary>One element is wrong by a thousandth.</summary>
        WrongElement,
        /// <summary>One element is not written.</summary>
        UnwrittenElement,
        /// <summary>One float is written before the result.</summary>
        WriteBefore,
        /// <summary>One float is written behind the result.</summary>
        WriteBehind,
        /// <summary>One float is written behind the scratch memory.</summary>
        WriteBehindScratch,
        /// <summary>One float of an input is written.</summary>
        WriteToInput,
    }

    /// <summary>The engine's kernels with a defect.</summary>
    private sealed class DefectiveKernels(Defect defect) : IKernelSet
    {
        public IKernel? TryPrepare(KernelRequest request) => new DefectiveKernel(KernelSet.Shared.TryPrepare(request)!,
            (int)request.Outputs[0].Shape.ElementCount, defect);
    }

    private sealed unsafe class DefectiveKernel(IKernel inner, int elements, Defect defect) : IKernel
    {
        public long ScratchBytes => inner.ScratchBytes;

        public void Run(in KernelBuffers buffers)
        {
            float* y = buffers.Output<float>();
            float before = y[elements / 2];
            inner.Run(buffers);
            switch (defect)
            {
                case Defect.WrongElement:
                    y[elements / 2] += 1e-3f * (1 + MathF.Abs(y[elements / 2]));
                    break;
                case Defect.UnwrittenElement:
                    y[elements / 2] = before;
                    break;
                case Defect.WriteBefore:
                    y[-1] = 0;
                    break;
                case Defect.WriteBehind:
                    y[elements] = 0;
                    break;
                case Defect.WriteBehindScratch:
                    *(float*)(buffers.Scratch + (nint)inner.ScratchBytes) = 0;
                    break;
                case Defect.WriteToInput:
                    buffers.Input<float>(0)[0] += 1;
                    break;
            }
        }

        public void Dispose() => inner.Dispose();
    }
}
