using System.Text.Json;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>
/// Optimizers with weight decay, clipping and averages, against PyTorch's numbers for two variables and against
/// formulas.
/// </summary>
public class OptimizerRuleTests
{
    private const double Tolerance = 2e-6;

    private static readonly Dictionary<string, Rule> Rules = new()
    {
        ["adamw"] = new(new AdamWOptimizer(), 0.01f, 0.1f),
        ["adamw_ema"] = new(new AdamWOptimizer(), 0.01f, 0.05f, new WeightAveraging(0.9f, HasWarmup: false)),
        ["nadam"] = new(new NAdamOptimizer(), 0.01f),
        ["sgd_nesterov_wd"] = new(new MomentumOptimizer(0.9f, Nesterov: true), 0.05f, 0.01f),
        ["rmsprop"] = new(new RmsPropOptimizer(Momentum: 0.9f), 0.01f),
        ["lars"] = new(new Lars(), 0.5f, 0.01f),
    };

    public static TheoryData<string> Golden
    {
        get
        {
            using JsonDocument document = GoldenFiles.Read("rules/optimizers.json");
            return [.. document.RootElement.EnumerateArray().Select(e => e.GetProperty("name").GetString()!)];
        }
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void Update_EightSteps_EqualsGolden(string name)
    {
        using JsonDocument document = GoldenFiles.Read("rules/optimizers.json");
        JsonElement golden = document.RootElement.EnumerateArray()
            .First(e => e.GetProperty("name").GetString() == name);
        Rule rule = Rules[name];
        using var bench = new OptimizerBench(rule.Optimizer, Values("w", "b"), rule.WeightDecay,
            averaging: rule.Averaging);
        for (int s = 1; s <= 8; s++)
        {
            float[] seen = bench.Step(Gradients(s - 1), rule.Rate);
            if (golden.GetProperty("after").TryGetProperty($"{s}", out JsonElement expected))
                AssertClose(expected, seen, $"{name} after step {s}");
        }
        if (golden.TryGetProperty("average", out JsonElement average))
            AssertClose(average, bench.Averages, $"{name}, average");
    }

    [Fact]
    public void Clipping_NormAboveAndBelowTheLimit_ScalesAllOrNothing()
    {
        foreach (float limit in (float[])[2, 100])
        {
            float[][] start = Values("w", "b"), gradients = Gradients(0);
            using var bench = new OptimizerBench(Optimizer.GradientDescent, start, weightDecay: 0.1f, clipNorm: limit);
            float[] seen = bench.Step(gradients, 0.5f);
            double norm = Math.Sqrt(gradients.SelectMany(g => g).Sum(g => (double)g * g)),
                scale = Math.Min(1, limit / (norm + 1e-6));
            Assert.InRange(norm, 3, 50);
            Assert.Equal(norm, bench.Norm, 1e-5 * norm);
            double[] expected = [.. start.SelectMany(w => w).Zip(gradients.SelectMany(g => g),
                (w, g) => w - (0.5 * ((g * scale) + (0.1 * w))))]; // decay is added to what was clipped
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], seen[i], Tolerance);
        }
    }

    [Fact]
    public void Momentum_GivenByTheSchedule_ReplacesTheOptimizersOwn()
    {
        foreach ((Optimizer own, Optimizer other) in ((Optimizer, Optimizer)[])
            [(new MomentumOptimizer(0.9f), new MomentumOptimizer(0.5f)), (new AdamOptimizer(0.9f),
                new AdamOptimizer(0.5f)), (new RmsPropOptimizer(Momentum: 0.9f), new RmsPropOptimizer(Momentum: 0.5f))])
        {
            using var given = new OptimizerBench(own, Values("w", "b"));
            using var set = new OptimizerBench(other, Values("w", "b"));
            for (int s = 0; s < 3; s++)
                Assert.Equal(set.Step(Gradients(s), 0.01f), given.Step(Gradients(s), 0.01f, momentum: 0.5f));
        }
    }

    [Fact]
    public void Averaging_Warmup_ForgetsTheFirstWeightsSoon()
    {
        using var bench = new OptimizerBench(Optimizer.GradientDescent, [[1f]], averaging: new WeightAveraging(0.999f));
        double weight = 1, average = 1;
        for (int t = 1; t <= 5; t++)
        {
            bench.Step([[1f]], 1);
            weight -= 1;
            double decay = Math.Min(0.999, (1.0 + t) / (10 + t));
            average = (decay * average) + ((1 - decay) * weight);
        }
        Assert.Equal(average, bench.Averages[0], 1e-5);
        Assert.InRange(average, -4, -2);
    }

    private static float[][] Values(string w, string b, double scale = 1) =>
        [GoldenFill.Input(w, 12, scale), GoldenFill.Input(b, 4, scale)];

    private static float[][] Gradients(int step) => Values($"gw{step}", $"gb{step}", 3);

    private static void AssertClose(JsonElement expected, float[] seen, string what)
    {
        double[] golden = [.. expected.EnumerateArray().Select(e => e.GetDouble())];
        Assert.Equal(golden.Length, seen.Length);
        for (int i = 0; i < golden.Length; i++)
            Assert.True(Math.Abs(golden[i] - seen[i]) <= Tolerance * Math.Max(1, Math.Abs(golden[i])),
                $"{what}, element {i}: {seen[i]}, golden {golden[i]}");
    }

    private sealed record Rule(Optimizer Optimizer, float Rate, float WeightDecay = 0,
        WeightAveraging? Averaging = null);

    /// <summary>
    /// You et al. 2017, arXiv:1708.03888, as timm has it: a rule that the library does not have, written as a user
    /// would.
    /// </summary>
    private sealed record Lars(float Momentum = 0.9f, float Trust = 0.001f) : Optimizer
    {
        protected override bool DecouplesWeightDecay => true;

        protected override void Update(WeightUpdate update)
        {
            TensorExpression w = update.Weights, g = update.Gradient;
            TensorExpression trust = Trust * w.Norm() / (g.Norm() + (w.Norm() * update.WeightDecay) + 1e-8f);
            TensorExpression velocity = (Momentum * update.Slot("velocity")) + (trust * (g + (update.WeightDecay * w)));
            update.SetSlot("velocity", velocity);
            update.SetWeights(w - (update.LearningRate * velocity));
        }
    }
}
