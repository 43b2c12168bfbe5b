using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>What the learning rate of each variable is multiplied by.</summary>
internal sealed class RateFactors
{
    private readonly Dictionary<string, float> _factors = new(StringComparer.Ordinal);

    /// <summary>Reads the options for a network.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A stage does not exist.</exception>
    public RateFactors(ClassificationGraphs network, TrainingOptions options)
    {
        float body = options.BodyLearningRateFactor ?? (options.FineTuning == FineTuning.HeadFirst ? 0.1f : 1);
        if (body == 1 && options.LearningRateFactors is null)
            return;
        NetworkGraph graph = network.Architecture.BuildGraph(network.Classes, network.Image);
        foreach (VariableDefinition variable in graph.Variables)
            _factors[variable.Name] = body;
        foreach (VariableDefinition variable in network.Architecture.HeadVariables(network.Classes, network.Image))
            _factors[variable.Name] = 1;
        var stages = new NetworkStages(graph);
        // A block's factor overrides its stage's.
        foreach ((string stage, float factor) in (options.LearningRateFactors ?? new Dictionary<string, float>())
            .OrderBy(f => f.Key.Length))
        {
            OptionRange.Require(stages.Has(stage), "A key of Options.LearningRateFactors", $"'{stage}'",
                stages.Choices(stage));
            foreach (string variable in stages.Variables(stage))
                _factors[variable] = factor;
        }
    }

    /// <summary>The factor of a variable; 1 for those that scoring has not (auxiliary classifiers).</summary>
    public float Of(string variable) => _factors.GetValueOrDefault(variable, 1);
}
