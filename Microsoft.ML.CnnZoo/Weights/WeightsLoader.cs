using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>Copies a file's tensors into a network's variables.</summary>
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
        : this(source, WeightsForm.Resolve(architecture, source), image, classes)
    {
    }

    /// <summary>Gets ready to load one network.</summary>
    /// <param name="source">The tensors.</param>
    /// <param name="form">The network that they belong to.</param>
    /// <param name="image">Size of its images.</param>
    /// <param name="classes">Number of its classes.</param>
    public WeightsLoader(ITensorSource source, WeightsForm form, ImageShape image, int classes)
    {
        (_source, _architecture) = (source, form.Architecture);
        NetworkGraph graph = _architecture.BuildGraph(classes, image);
        _network = new NetworkTensors(_architecture, graph, form.Names);
        Head = _architecture.HeadVariables(classes, image);
        _head = [.. Head.Select(_network.NameOf)];
        NetworkGraph training = form.IsOfTensorFlow ? graph
            : _architecture.BuildGraph(GraphMode.Training, classes, image).Graph;
        var known = new NetworkTensors(_architecture, training, form.Names);
        _known = new(known.Variables.Select(known.NameOf)
            .Concat(known.Variables.Select(known.BiasBefore).OfType<string>()), StringComparer.Ordinal);
        Prefix = FindPrefix();
    }

    /// <summary>What stands before the network's names in the file.</summary>
    public string Prefix { get; }

    /// <summary>The variables of the layers that give the classes.</summary>
    public IReadOnlyList<VariableDefinition> Head { get; }

    /// <summary>The file's tensor of a variable and the shape that it should have.</summary>
    public (TensorEntry? Entry, int[] Expected) Find(VariableDefinition variable) =>
        (_source.Find(Prefix + _network.NameOf(variable)), _network.ShapeOf(variable));

    /// <summary>Compares the tensors with the network.</summary>
    /// <param name="resetHead">Whether the layers that give the classes start fresh although they fit.</param>
    public WeightsMatch Match(bool resetHead = false)
    {
        string[] names = [.. _source.Tensors.Select(t => t.Name)];
        string[] own = [.. names.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..])];
        // PyTorch's counters of batches, and auxiliary classifiers that scoring has not, are no surplus.
        string[] surplus = [.. own.Where(n => !_known.Contains(n) && !KerasLayers.IsOfOptimizer(n)
            && !n.EndsWith("num_batches_tracked", StringComparison.Ordinal))];
        List<string> fitting = [], fresh = [], missing = [], misshapen = [], lacking = [];
        foreach (VariableDefinition variable in _network.Variables)
        {
            string name = _network.NameOf(variable);
            (TensorEntry? entry, int[] expected) = Find(variable);
            bool isHead = _head.Contains(name), fits = entry is not null && TorchLayout.Fits(entry.Shape, expected);
            if (isHead && (resetHead || !fits))
                fresh.Add($"{name} ({Why(fits, entry, expected)})");
            else if (fits)
                fitting.Add(name);
            else if (entry is null && _network.MayLack(variable))
                lacking.Add(name);
            else if (entry is null)
                missing.Add(WithNearest($"{name} [{string.Join(',', expected)}]", name, surplus,
                    "the most similar one there is"));
            else
                misshapen.Add($"{name} {Shapes(entry, expected)}");
        }
        return new WeightsMatch
        {
            Prefix = Prefix,
            Fitting = fitting,
            Fresh = fresh,
            Missing = missing,
            Misshapen = misshapen,
            Lacking = lacking,
            Surplus = [.. surplus.Select(n => WithNearest(n, n, _known, "the most similar one expected is"))],
            Ignored = [.. names.Where(n => !n.StartsWith(Prefix, StringComparison.Ordinal))],
        };
    }

    /// <summary>Compares the tensors with the network and refuses what does not fit.</summary>
    /// <exception cref="InvalidDataException">Tensors are missing, surplus or misshapen.</exception>
    public WeightsMatch Check(bool resetHead = false)
    {
        WeightsMatch match = Match(resetHead);
        return match.IsUsable ? match : throw new InvalidDataException(
            $"'{_source.Origin}' does not fit {_architecture.DisplayName}: {match.Problem()}{Hint(match)}");
    }

    /// <summary>
    /// Copies the tensors; variables that are not there yet are made, those that start fresh are left as they are.
    /// </summary>
    /// <param name="variables">Receives the values.</param>
    /// <param name="resetHead">Whether the layers that give the classes start fresh although they fit.</param>
    /// <param name="reverseColors">
    /// Whether the first layer's weights of red and blue are exchanged: weights that expect blue, green, red then take
    /// red, green, blue.
    /// </param>
    /// <returns>What fitted.</returns>
    /// <exception cref="InvalidDataException">
    /// Tensors are missing, surplus, misshapen or not finite; they are named, and no variable has been changed but by
    /// finite ones.
    /// </exception>
    public WeightsMatch CopyTo(VariableStore variables, bool resetHead = false, bool reverseColors = false)
    {
        WeightsMatch match = Check(resetHead);
        HashSet<string> fitting = new(match.Fitting, StringComparer.Ordinal),
            lacking = new(match.Lacking, StringComparer.Ordinal);
        VariableDefinition first = _network.Variables[0];
        foreach (VariableDefinition variable in _network.Variables)
        {
            string name = _network.NameOf(variable);
            if (lacking.Contains(name))
                Set(variables, variable).Fill(1);
            if (!fitting.Contains(name))
                continue;
            var values = new float[variable.Spec.Shape.ElementCount];
            _source.Read(Prefix + name, values);
            Span<float> destination = Set(variables, variable);
            Func<int, int> map = _network.MapOf(variable);
            if (reverseColors && variable == first)
                map = Reversed(map, variable.Spec.Shape);
            for (int i = 0; i < destination.Length; i++)
                destination[i] = values[map(i)];
            if (_network.BiasBefore(variable) is string bias)
                Subtract(bias, destination);
        }
        return match;
    }

    private static Span<float> Set(VariableStore variables, VariableDefinition variable)
    {
        Variable target = variables.GetOrAdd(variable.Name, variable.Spec);
        target.Touch();
        return target.Values<float>();
    }

    /// <summary>(x + bias − mean) = x − (mean − bias).</summary>
    private void Subtract(string bias, Span<float> mean)
    {
        var values = new float[mean.Length];
        _source.Read(bias, values);
        for (int i = 0; i < mean.Length; i++)
            mean[i] -= values[i];
    }

    /// <summary>A filter HWIO, its input channels in reverse order.</summary>
    private static Func<int, int> Reversed(Func<int, int> map, TensorShape shape)
    {
        if (shape.Rank != 4)
            return map;
        int channels = shape[2], filters = shape[3];
        return i =>
        {
            int channel = i / filters % channels;
            return map(i + ((channels - 1 - (2 * channel)) * filters));
        };
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
