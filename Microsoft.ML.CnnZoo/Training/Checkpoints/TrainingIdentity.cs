using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Training.Checkpoints;

/// <summary>What decides a training's result: a checkpoint belongs to it alone.</summary>
/// <param name="Inputs">Name and value of everything that must be the same.</param>
/// <param name="Machine">What computes: it decides the last bits of the weights.</param>
internal sealed record TrainingIdentity(IReadOnlyDictionary<string, string> Inputs, string Machine)
{
    /// <summary>Describes a training that has not begun.</summary>
    public static TrainingIdentity Of(ClassificationGraphs network, TrainingOptions options, VariableStore variables,
        int images, int validationImages)
    {
        CheckpointPlan plan = options.Checkpoints!;
        var inputs = new Dictionary<string, string>(plan.Inputs, StringComparer.Ordinal)
        {
            ["network"] = network.Architecture.Name,
            ["image size"] = network.Image.ToString(),
            ["number of classes"] = network.Classes.ToString(CultureInfo.InvariantCulture),
            ["number of training images"] = images.ToString(CultureInfo.InvariantCulture),
            ["number of validation images"] = validationImages.ToString(CultureInfo.InvariantCulture),
            ["first weights"] = Hash(variables),
        };
        foreach ((string name, JsonNode? value) in OptionsJson.Of(options))
            inputs[name] = value?.ToJsonString() ?? "null";
        return new TrainingIdentity(inputs, plan.Machine);
    }

    /// <summary>What differs in another one, in words; empty when nothing does.</summary>
    public IReadOnlyList<string> Differences(TrainingIdentity found) =>
    [
        .. Inputs.Keys.Union(found.Inputs.Keys).Order(StringComparer.Ordinal)
            .Where(key => Inputs.GetValueOrDefault(key) != found.Inputs.GetValueOrDefault(key))
            .Select(key => $"{key}: {Text(found, key)} in the checkpoint, {Text(this, key)} now"),
    ];

    private static string Text(TrainingIdentity identity, string key) =>
        identity.Inputs.TryGetValue(key, out string? value) ? value : "nothing";

    /// <summary>A digest of class numbers.</summary>
    public static string Hash(IEnumerable<int> labels) =>
        Convert.ToHexStringLower(XxHash128.Hash(MemoryMarshal.AsBytes<int>([.. labels])));

    private static string Hash(VariableStore variables)
    {
        var hash = new XxHash128();
        foreach (Variable variable in variables.Variables)
        {
            hash.Append(Encoding.UTF8.GetBytes($"{variable.Name} {variable.Spec}"));
            hash.Append(variable.Bytes);
        }
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
