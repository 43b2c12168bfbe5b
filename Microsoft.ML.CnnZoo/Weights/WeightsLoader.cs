using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>Copies tensors in PyTorch's layout into a network's variables.</summary>
internal sealed class WeightsLoader
{
    private readonly ITensorSource _source;
    private readonly CnnArchitecture _architecture;
    private readonly NetworkTensors _network;
    private readonly HashSet<string> _head;
    private readonly HashSet<string> _known;

    /// <summary>Gets ready to load one network.</summary>
    /// <param name="source">The tensors.</param>
    /// <param name="architecture">The network.</param>
    /// <param name="image">Size of its images.</param>
    /// <param name="classes">Number of its classes.</param>
    public WeightsLoader(ITensorSource source, CnnArchitecture architecture, ImageShape image, int classes)
    {
        (_source, _architecture) = (source, architecture);
        NetworkGraph graph = architecture.BuildGraph(classes, image);
        _network = new NetworkTensors(architecture, graph);
        // The head: all that has another shape for another number of classes.
        HashSet<(string, TensorShape)> others =
            [.. architecture.BuildGraph(classes + 1, image).Variables.Select(v => (v.Name, v.Spec.Shape))];
        _head = [.. graph.Variables.Where(v => !others.Contains((v.Name, v.Spec.Shape))).Select(_network.NameOf)];
        NetworkGraph training = architecture.BuildGraph(GraphMode.Training, classes, image).Graph;
        _known = new(new NetworkTensors(architecture, training).Variables.Select(_network.NameOf),
            StringComparer.Ordinal);
    }

    /// <summary>Compares the tensors with the network.</summary>
    /// <param name="resetHead">Whether the layers that give the classes start fresh although they fit.</param>
    public WeightsMatch Match(bool resetHead = false)
    {
        string prefix = FindPrefix();
        string[] names = [.. _source.Tensors.Select(t => t.Name)];
        string[] own = [.. names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal))
            .Select(n => n[prefix.Length..])];
        // PyTorch's counters of batches, and auxiliary classifiers that scoring has not, are no surplus.
        string[] surplus = [.. own.Where(n => !_known.Contains(n)
            && !n.EndsWith("num_batches_tracked", StringComparison.Ordinal))];
        List<string> fitting = [], fresh = [], missing = [], misshapen = [];
        foreach (VariableDefinition variable in _network.Variables)
        {
            string name = _network.NameOf(variable);
            int[] expected = _network.ShapeOf(variable);
            TensorEntry? entry = _source.Find(prefix + name);
            bool isHead = _head.Contains(name), fits = entry is not null && TorchLayout.Fits(entry.Shape, expected);
            if (isHead && (resetHead || !fits))
                fresh.Add($"{name} ({Why(fits, entry, expected)})");
            else if (fits)
                fitting.Add(name);
            else if (entry is null)
                missing.Add(WithNearest($"{name} [{string.Join(',', expected)}]", name, surplus,
                    "the most similar one there is"));
            else
                misshapen.Add($"{name} {Shapes(entry, expected)}");
        }
        return new WeightsMatch
        {
            Prefix = prefix,
            Fitting = fitting,
            Fresh = fresh,
            Missing = missing,
            Misshapen = misshapen,
            Surplus = [.. surplus.Select(n => WithNearest(n, n, _known, "the most similar one expected is"))],
            Ignored = [.. names.Where(n => !n.StartsWith(prefix, StringComparison.Ordinal))],
        };
    }

    /// <summary>
    /// Copies the tensors; variables that are not there yet are made, those that start fresh are left as they are.
    /// </summary>
    /// <returns>What fitted.</returns>
    /// <exception cref="InvalidDataException">
    /// Tensors are missing, surplus, misshapen or not finite; they are named, and no variable has been changed but by
    /// finite ones.
    /// </exception>
    public WeightsMatch CopyTo(VariableStore variables, bool resetHead = false)
    {
        WeightsMatch match = Match(resetHead);
        if (!match.IsUsable)
            throw new InvalidDataException(
                $"'{_source.Origin}' does not fit {_architecture.DisplayName}: {match.Problem()}{Hint(match)}");
        HashSet<string> fitting = new(match.Fitting, StringComparer.Ordinal);
        foreach (VariableDefinition variable in _network.Variables.Where(v => fitting.Contains(_network.NameOf(v))))
        {
            var values = new float[variable.Spec.Shape.ElementCount];
            string name = match.Prefix + _network.NameOf(variable);
            _source.Read(name, values);
            Variable target = variables.GetOrAdd(variable.Name, variable.Spec);
            Span<float> destination = target.Values<float>();
            Func<int, int> map = _network.MapOf(variable);
            for (int i = 0; i < destination.Length; i++)
                destination[i] = values[map(i)];
            target.Touch();
        }
        return match;
    }

    /// <summary>
    /// The beginning of names after which most of the network's names follow: <c>module.</c>, <c>backbone.</c>,
    /// nothing.
    /// </summary>
    private string FindPrefix()
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string name in _source.Tensors.Select(t => t.Name))
            for (int start = 0; start < name.Length; start = name.IndexOf('.', start) is int dot and >= 0 ? dot + 1
                : name.Length)
                if (_known.Contains(name[start..]))
                    counts[name[..start]] = counts.GetValueOrDefault(name[..start]) + 1;
        return counts.Count == 0 ? "" : counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key.Length).First().Key;
    }

    private string Hint(WeightsMatch match) =>
        match.Misshapen.Count > 0 && match.Missing.Count == 0 && match.Surplus.Count == 0
            ? " Dense layers behind a flattened image fit one image size: set Options.NetworkInput to the weights'."
            : LibraryWeights.FormOf(_architecture) is string form
                ? $" torchvision's and timm's weights belong to '{form}'." : "";

    private static string Why(bool fits, TensorEntry? entry, int[] expected) =>
        fits ? "as ResetHead asks" : entry is null ? "not there" : Shapes(entry, expected);

    private static string Shapes(TensorEntry entry, int[] expected) =>
        $"[{string.Join(',', entry.Shape)}], expected [{string.Join(',', expected)}]";

    private static string WithNearest(string text, string name, IEnumerable<string> names, string what) =>
        ArchitectureNames.Near(name, names) is [string near, ..] ? $"{text} ({what} {near})" : text;
}
