using System.Globalization;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>An input as nodes name it: <c>node</c>, <c>node:port</c>, <c>^node</c>; in functions
/// <c>node:result:index</c>.</summary>
/// <param name="Node">The node, or an argument of the function.</param>
/// <param name="Result">The result's name in the op's signature; empty outside of functions.</param>
/// <param name="Index">The port, or the index within the result.</param>
/// <param name="IsControl">Whether only the order of execution is meant.</param>
internal readonly record struct TensorReference(string Node, string Result, int Index, bool IsControl)
{
    // Ops with several results. Those of all others are one list, if they have more than one.
    private static readonly Dictionary<string, string[]> Results = new(StringComparer.Ordinal)
    {
        ["FusedBatchNorm"] = ["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"],
        ["FusedBatchNormV2"] = ["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"],
        ["FusedBatchNormV3"] =
            ["y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2", "reserve_space_3"],
        ["Switch"] = ["output_false", "output_true"], ["RefSwitch"] = ["output_false", "output_true"],
        ["Merge"] = ["output", "value_index"], ["MaxPoolWithArgmax"] = ["output", "argmax"],
        ["TopKV2"] = ["values", "indices"], ["StatelessRandomGetKeyCounter"] = ["key", "counter"],
        ["Unique"] = ["y", "idx"],
    };

    /// <summary>Reads a name.</summary>
    /// <exception cref="GraphException">It has another form.</exception>
    public static TensorReference Parse(string text)
    {
        if (text.StartsWith('^'))
            return new(text[1..], "", 0, true);
        string[] parts = text.Split(':');
        if (parts.Length == 1)
            return new(text, "", 0, false);
        return parts.Length <= 3 && parts[0].Length > 0
            && int.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            ? new(parts[0], parts.Length == 3 ? parts[1] : "", index, false)
            : throw new GraphException($"its input '{text}' is not of the form name:port");
    }

    /// <summary>The output of a node of the given op.</summary>
    public int Port(string op) => Result.Length > 0 && Results.TryGetValue(op, out string[]? names)
        && Array.IndexOf(names, Result) is >= 0 and int port ? port : Index;
}
