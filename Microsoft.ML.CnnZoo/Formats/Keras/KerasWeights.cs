using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Formats.Import;

namespace Microsoft.ML.CnnZoo.Formats.Keras;

/// <summary>A weight that a layer has.</summary>
/// <param name="Kind">What its name in the file ends with: <c>kernel</c>, <c>gamma</c>.</param>
/// <param name="IsTrainable">Whether it is trained; statistics are not.</param>
internal readonly record struct KerasWeight(string Kind, bool IsTrainable = true);

/// <summary>Finds the weights of each layer in a file, whose names are not the layers' own.</summary>
/// <remarks>
/// <c>.h5</c>: a group for each layer of the model, with a list of names in the order that Keras gives weights: of a
/// model in a model all that are trained, then all that are not. <c>.keras</c>: groups named after classes and counted,
/// <c>layers/conv2d_1/vars/0</c>, for each layer the order in which it makes its weights.
/// </remarks>
internal sealed partial class KerasWeights
{
    private const string Legacy = "model_weights";
    private static readonly string[] Containers =
        ["layers", "_layer_checkpoint_dependencies", "_self_tracked_trackables", "_layers"];

    private readonly IGroupFile _file;
    private readonly Dictionary<KerasLayer, Dictionary<string, string>> _paths =
        new(ReferenceEqualityComparer.Instance);

    private KerasWeights(IGroupFile file) => _file = file;

    /// <summary>Finds them all.</summary>
    /// <exception cref="InvalidDataException">A layer's weights are missing, or others are in their place.</exception>
    public static KerasWeights Of(KerasModel model, IGroupFile file)
    {
        var weights = new KerasWeights(file);
        if (file.HasGroup(Legacy))
            weights.AssignByLists(model);
        else
            weights.AssignByClasses(model, "");
        return weights;
    }

    /// <summary>A layer's weight.</summary>
    /// <exception cref="InvalidDataException">It has another shape.</exception>
    public KnownArray Read(KerasLayer layer, string kind, IReadOnlyList<int> shape)
    {
        string path = _paths[layer][kind];
        IReadOnlyList<long> stored = _file.ShapeOf(path) ?? throw new InvalidDataException($"the file has no '{path}'");
        if (!stored.SequenceEqual(shape.Select(d => (long)d)))
            throw new InvalidDataException($"its {kind} ('{path}') has the shape [{string.Join(',', stored)}]; "
                + $"expected {KnownArray.Text(shape)}");
        KnownArray values = _file.Read(path);
        return values.ToFloats().All(float.IsFinite) ? values
            : throw new InvalidDataException($"its {kind} ('{path}') has values that are not finite");
    }

    /// <summary>A layer's weight of any shape.</summary>
    public KnownArray Read(KerasLayer layer, string kind) => Read(layer, kind,
        [.. (_file.ShapeOf(_paths[layer][kind]) ?? []).Select(d => checked((int)d))]);

    private static IReadOnlyList<KerasWeight> Own(KerasLayer layer) => KerasOperators.WeightsOf(layer);

    private static bool HasWeights(KerasLayer layer) =>
        layer.Model is { } model ? model.Layers.Any(HasWeights) : Own(layer).Count > 0;

    private void AssignByLists(KerasModel model)
    {
        KerasLayer[] layers = [.. model.Layers.Where(HasWeights)];
        string[] groups = [.. layers.Select(l => l.Name)];
        if (!groups.All(g => _file.HasGroup($"{Legacy}/{g}")))
        {
            // By order: models in models have no name before Keras 2.2.
            string[] all = [.. Texts(Legacy, "layer_names")
                .Where(n => Texts($"{Legacy}/{n}", "weight_names").Length > 0)];
            if (all.Length != layers.Length)
                throw new InvalidDataException($"it has weights of {all.Length} layers, the configuration has "
                    + $"{layers.Length} with weights ({string.Join(", ", groups.Take(3))} …)");
            groups = all;
        }
        for (int i = 0; i < layers.Length; i++)
        {
            string[] names = [.. Texts($"{Legacy}/{groups[i]}", "weight_names").Where(n => !IsState(n))];
            (KerasLayer Layer, KerasWeight Weight)[] expected = [.. Flatten(layers[i])];
            if (names.Length != expected.Length)
                throw new InvalidDataException($"{layers[i]} has {names.Length} weights in the file; expected "
                    + $"{expected.Length} ({string.Join(", ", expected.Select(e => e.Weight.Kind).Distinct())})");
            foreach ((string name, (KerasLayer layer, KerasWeight weight)) in names.Zip(expected))
            {
                if (!KindOf(name).EndsWith(weight.Kind, StringComparison.Ordinal))
                    throw new InvalidDataException($"{layer} has the weight '{name}' in place of {weight.Kind}");
                Add(layer, weight.Kind, $"{Legacy}/{groups[i]}/{name}");
            }
        }
    }

    /// <summary>A layer's weights in the order of Keras's lists; a frozen layer trains none.</summary>
    private static IEnumerable<(KerasLayer, KerasWeight)> Flatten(KerasLayer layer)
    {
        KerasLayer[] leaves = [.. Leaves(layer)];
        return [.. Part(trainable: true), .. Part(trainable: false)];

        IEnumerable<(KerasLayer, KerasWeight)> Part(bool trainable) => leaves.SelectMany(l =>
            Own(l).OrderBy(w => !w.IsTrainable)
                .Where(w => (w.IsTrainable && l.Config.Flag("trainable", true)) == trainable).Select(w => (l, w)));
    }

    private static IEnumerable<KerasLayer> Leaves(KerasLayer layer) =>
        layer.Model is { } model ? model.Layers.SelectMany(Leaves) : [layer];

    /// <summary>Long lists are divided: weight_names0, weight_names1 …</summary>
    private string[] Texts(string group, string attribute)
    {
        if (_file.Texts(group, attribute) is { } all)
            return [.. all];
        List<string> parts = [];
        for (int i = 0; _file.Texts(group, $"{attribute}{i}") is { Count: > 0 } part; i++)
            parts.AddRange(part);
        return [.. parts];
    }

    /// <summary>Counters and random states.</summary>
    private static bool IsState(string name) =>
        KindOf(name) is "count" or "seed_generator_state" or "rng_state" or "StateVar" or "state_var";

    /// <summary>A name's last part without TensorFlow's number of the output and counter.</summary>
    private static string KindOf(string name) =>
        Counter().Replace(name[(name.LastIndexOf('/') + 1)..].Split(':')[0], "");

    private void AssignByClasses(KerasModel model, string path)
    {
        KerasLayer[] layers = [.. model.Layers.Where(HasWeights)];
        HashSet<string> classes = [.. Leaves(model).Where(l => Own(l).Count > 0).Select(GroupName)];
        string? container = Containers.Select(c => path.Length > 0 ? $"{path}/{c}" : c)
            .FirstOrDefault(c => HasVariables(c, classes, 0));
        if (container is null)
        {
            if (layers.Length > 0)
                throw new InvalidDataException($"it has no weights of {layers[0]}");
            return;
        }
        foreach (IGrouping<string, KerasLayer> group in layers.GroupBy(GroupName, StringComparer.Ordinal))
        {
            string[] found = [.. _file.Children(container).Select(c => (Name: c, Number: NumberOf(c, group.Key)))
                .Where(c => c.Number >= 0).OrderBy(c => c.Number).Select(c => $"{container}/{c.Name}")
                .Where(c => group.First().Model is null ? IsOwner(c) : HasVariables(c, classes, 0))];
            if (found.Length != group.Count())
                throw new InvalidDataException($"it has weights of {found.Length} layers '{group.Key}' in "
                    + $"'{container}'; expected {group.Count()}, first {group.First()}");
            foreach ((KerasLayer layer, string at) in group.Zip(found))
                if (layer.Model is { } inner)
                    AssignByClasses(inner, at);
                else
                    foreach ((KerasWeight weight, int i) in Own(layer).Select((w, i) => (w, i)))
                        Add(layer, weight.Kind, $"{at}/vars/{i}");
        }
    }

    private static IEnumerable<KerasLayer> Leaves(KerasModel model) => model.Layers.SelectMany(Leaves);

    private bool IsOwner(string path) => _file.Children($"{path}/vars").Count > 0;

    /// <summary>Whether layers of some classes below a group have variables.</summary>
    private bool HasVariables(string path, HashSet<string> classes, int depth)
    {
        if (depth > 64)
            return false;
        foreach (string child in _file.Children(path))
        {
            string below = $"{path}/{child}";
            if (classes.Contains(Counter().Replace(child, "")) && IsOwner(below))
                return true;
            if (child != "vars" && HasVariables(below, classes, depth + 1))
                return true;
        }
        return false;
    }

    /// <summary>The class's name as Keras names groups: DepthwiseConv2D is <c>depthwise_conv2d</c>.</summary>
    private static string GroupName(KerasLayer layer)
    {
        string name = layer.ClassName == "Model" ? "Functional" : layer.ClassName;
        return LowerUpper().Replace(Word().Replace(name, "$1_$2"), "$1_$2").ToLowerInvariant();
    }

    /// <summary>conv2d is 0, conv2d_3 is 3; others are -1.</summary>
    private static int NumberOf(string child, string group) => child == group ? 0
        : child.StartsWith($"{group}_", StringComparison.Ordinal)
            && int.TryParse(child.AsSpan(group.Length + 1), out int number) ? number : -1;

    private void Add(KerasLayer layer, string kind, string path)
    {
        if (!_paths.TryGetValue(layer, out Dictionary<string, string>? kinds))
            _paths[layer] = kinds = new(StringComparer.Ordinal);
        kinds[kind] = path;
    }

    [GeneratedRegex("_[0-9]+$")]
    private static partial Regex Counter();

    [GeneratedRegex("(.)([A-Z][a-z]+)")]
    private static partial Regex Word();

    [GeneratedRegex("([a-z])([A-Z])")]
    private static partial Regex LowerUpper();
}
