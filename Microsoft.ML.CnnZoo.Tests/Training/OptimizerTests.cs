using System.Text.Json;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>
/// Optimizers as graph ops, six steps each, against golden values and against their formulas in double.
/// </summary>
public class OptimizerTests
{
    private const double Tolerance = 2e-6;

    public static TheoryData<int> Golden => [.. Enumerable.Range(0, 4)];

    [Theory]
    [MemberData(nameof(Golden))]
    public void Update_SixSteps_EqualsGolden(int index)
    {
        using JsonDocument document = GoldenFiles.Read("optimizers.json");
        JsonElement golden = document.RootElement.GetProperty("optimizers")[index];
        Optimizer optimizer = GoldenOptimizers.Parse(golden.GetProperty("rule").GetString()!,
            golden.GetProperty("hyper"));
        float[][] gradients = Rows(golden.GetProperty("gradients"));
        float[][] seen = Run(optimizer, golden.GetProperty("hyper").GetProperty("lr").GetSingle(),
            Row(golden.GetProperty("param_start")), gradients);
        float[][] expected = Rows(golden.GetProperty("param_after_each_step"));
        for (int s = 0; s < expected.Length; s++)
            for (int i = 0; i < expected[s].Length; i++)
                Assert.True(Math.Abs(expected[s][i] - seen[s][i]) <= Tolerance,
                    $"{golden.GetProperty("id")} step {s + 1}, element {i}: {seen[s][i]}, golden {expected[s][i]}");
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Momentum_NesterovAndRateInVelocity_EqualFormula(bool nesterov, bool rateInVelocity)
    {
        const double Rate = 0.1, Mu = 0.9;
        float[][] gradients = [[0.5f, -1], [0.25f, 2], [-0.75f, 0.125f]];
        float[][] seen = Run(new MomentumOptimizer((float)Mu, nesterov, rateInVelocity), (float)Rate, [1, -1],
            gradients);
        double[] p = [1, -1], v = [0, 0];
        for (int s = 0; s < gradients.Length; s++)
            for (int i = 0; i < 2; i++)
            {
                double g = gradients[s][i];
                v[i] = (Mu * v[i]) + g; // with a constant rate both forms are this one
                p[i] -= Rate * (nesterov ? g + (Mu * v[i]) : v[i]);
                Assert.Equal(p[i], seen[s][i], 1e-5);
            }
    }

    [Fact]
    public void Momentum_RateDropped_TheTwoFormsDiffer()
    {
        float[][] gradients = [[1], [0]];
        float[] plain = RunRates(new MomentumOptimizer(0.5f), [1, 0.1f], [0], gradients);
        float[] inVelocity = RunRates(new MomentumOptimizer(0.5f, RateInVelocity: true), [1, 0.1f], [0], gradients);
        Assert.Equal(-1.05f, plain[0], 1e-6f); // -1 - 0.1·0.5
        Assert.Equal(-1.5f, inVelocity[0], 1e-6f); // -1 + 0.5·(-1)
    }

    private static float[] RunRates(Optimizer optimizer, float[] rates, float[] start, float[][] gradients)
    {
        using var bench = new OptimizerBench(optimizer, [start]);
        for (int s = 0; s < gradients.Length; s++)
            bench.Step([gradients[s]], rates[s]);
        return bench.Parameters;
    }

    private static float[][] Run(Optimizer optimizer, float rate, float[] start, float[][] gradients)
    {
        using var bench = new OptimizerBench(optimizer, [start]);
        return [.. gradients.Select(g => bench.Step([g], rate))];
    }

    private static float[][] Rows(JsonElement rows) => [.. rows.EnumerateArray().Select(Row)];
    private static float[] Row(JsonElement row) => [.. row.EnumerateArray().Select(e => e.GetSingle())];
}
