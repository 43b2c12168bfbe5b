using System.Text.RegularExpressions;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>
/// The tensors of a file by Keras' layer and weight, however it writes them: <c>conv1/kernel:0</c>,
/// <c>model/conv1/kernel</c>, <c>layers/conv1/vars/0</c>.
/// </summary>
internal sealed partial class KerasLayers
{
    private readonly Dictionary<(string Layer, string Weight), string> _names = [];

    /// <summary>Sorts a file's tensors.</summary>
    /// <exception cref="InvalidDataException">Two tensors are the same weight of the same layer.</exception>
    public KerasLayers(ITensorSource source)
    {
        var byNumber = new List<(string Layer, int Number, TensorEntry Tensor)>();
        foreach (TensorEntry tensor in source.Tensors)
        {
            if (IsOfOptimizer(tensor.Name))
                continue;
            string[] parts = OldNorm().Replace(Suffix().Replace(tensor.Name, ""), "$1_$2/").Split('/');
            if (parts.Length < 2)
                continue;
            if (parts.Length > 2 && parts[^2] == "vars" && int.TryParse(parts[^1], out int number))
                byNumber.Add((tensor.Layer ?? parts[^3], number, tensor));
            else
                Add(source, tensor.Layer ?? parts[^2], parts[^1], tensor.Name);
        }
        foreach (var layer in byNumber.GroupBy(v => v.Layer))
        {
            TensorEntry[] tensors = [.. layer.OrderBy(v => v.Number).Select(v => v.Tensor)];
            string[] weights = Weights(tensors);
            for (int i = 0; i < tensors.Length; i++)
                Add(source, layer.Key, weights[i], tensors[i].Name);
        }
    }

    /// <summary>Whether a file has Keras' names.</summary>
    public static bool Has(ITensorSource source) => source.Tensors.Any(t => KerasName().IsMatch(t.Name));

    /// <summary>Whether a tensor is an optimizer's state.</summary>
    public static bool IsOfOptimizer(string name) => name.StartsWith("optimizer", StringComparison.Ordinal);

    /// <summary>The name in the file of a layer's weight, or null.</summary>
    public string? Find(string layer, string weight) => _names.GetValueOrDefault((layer, weight));

    /// <summary>
    /// Layers that Keras named by their class and a running number, in that order: <c>conv2d</c>, <c>conv2d_1</c> …
    /// </summary>
    public IReadOnlyList<string> Numbered(string name) => [.. _names.Keys.Select(k => k.Layer).Distinct()
        .Select(layer => (Layer: layer, Number: Number(layer, name))).Where(l => l.Number >= 0)
        .OrderBy(l => l.Number).Select(l => l.Layer)];

    private static int Number(string layer, string name) => layer == name ? 0
        : layer.StartsWith(name, StringComparison.Ordinal) && layer.Length > name.Length && layer[name.Length] == '_'
            && int.TryParse(layer.AsSpan(name.Length + 1), out int number) ? number : -1;

    /// <summary>Keras 3 numbers a layer's weights; their shapes tell which they are.</summary>
    private static string[] Weights(TensorEntry[] tensors)
    {
        string[] known = tensors switch
        {
            [{ Shape.Count: 4 }, { Shape.Count: 4 }, ..] => ["depthwise_kernel", "pointwise_kernel", "bias"],
            [{ Shape.Count: 2 or 4 }, ..] => ["kernel", "bias"],
            [{ Shape.Count: 1 }, _, _, _] => ["gamma", "beta", "moving_mean", "moving_variance"],
            [{ Shape.Count: 1 }, _, _] => ["beta", "moving_mean", "moving_variance"],
            _ => [],
        };
        return [.. tensors.Select((_, i) => i < known.Length ? known[i] : $"vars/{i}")];
    }

    private void Add(ITensorSource source, string layer, string weight, string name)
    {
        if (!_names.TryAdd((layer, weight), name))
            throw new InvalidDataException($"'{source.Origin}': the tensors '{_names[(layer, weight)]}' and '{name}' "
                + $"are both {weight} of a layer '{layer}'.");
    }

    [GeneratedRegex(@"(^|/)(kernel|depthwise_kernel|pointwise_kernel|moving_variance)(:\d+)?$|(^|/)vars/\d+$")]
    private static partial Regex KerasName();

    [GeneratedRegex(@":\d+$")]
    private static partial Regex Suffix();

    // DenseNet's and ResNet's first layers in Keras 2.1: conv1/conv, conv1/bn.
    [GeneratedRegex(@"(?<=^|/)(conv1)/(conv|bn)/(?=[^/]+$)")]
    private static partial Regex OldNorm();
}
