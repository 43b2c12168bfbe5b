using System.Text.Json;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>Optimizers as golden files write them.</summary>
internal static class GoldenOptimizers
{
    /// <summary>The optimizer of a rule and its numbers.</summary>
    public static Optimizer Parse(string rule, JsonElement numbers)
    {
        float Number(string name, float otherwise) =>
            numbers.TryGetProperty(name, out JsonElement value) ? value.GetSingle() : otherwise;
        if (rule.Contains("b1", StringComparison.Ordinal))
            return new AdamOptimizer(Number("b1", 0.9f), Number("b2", 0.999f), Number("eps", 1e-8f));
        if (rule.Contains("rho", StringComparison.Ordinal))
            return new RmsPropOptimizer(Number("rho", 0.9f), Number("mu", 0), Number("eps", 1e-8f));
        string update = rule.Split("equals")[0]
            .Replace(" ", "", StringComparison.Ordinal); // what follows tells of another form
        return update.Contains("mu", StringComparison.Ordinal)
            ? new MomentumOptimizer(Number("mu", 0.9f), update.Contains("g+mu*v", StringComparison.Ordinal),
                update.Contains("mu*v-lr", StringComparison.Ordinal)) : Optimizer.GradientDescent;
    }
}
