using System.Text.Json;

namespace Microsoft.ML.CnnZoo.Formats.Keras;

/// <summary>What a call of a layer gives.</summary>
/// <param name="Layer">Name of the layer.</param>
/// <param name="Call">Which of the layer's calls.</param>
/// <param name="Index">Which of its outputs.</param>
internal readonly record struct KerasTensor(string Layer, int Call, int Index);

/// <summary>What a layer is called with: a tensor, or numbers.</summary>
/// <param name="Tensor">The tensor, or null.</param>
/// <param name="Numbers">The numbers, or null.</param>
internal readonly record struct KerasArgument(KerasTensor? Tensor, float[]? Numbers);

/// <summary>One call of a layer: a layer that is shared has several.</summary>
/// <param name="Arguments">What it is called with.</param>
/// <param name="IsTraining">Whether it behaves as in training even when scoring.</param>
internal sealed record KerasCall(IReadOnlyList<KerasArgument> Arguments, bool IsTraining);

/// <summary>A layer of a model's configuration.</summary>
/// <param name="ClassName">Its class, for example <c>Conv2D</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Config">Its configuration.</param>
/// <param name="Model">The model that it is; null for other layers.</param>
internal sealed record KerasLayer(string ClassName, string Name, KerasConfig Config, KerasModel? Model)
{
    /// <summary>Where it is called.</summary>
    public required IReadOnlyList<KerasCall> Calls { get; init; }

    /// <summary>What messages call it.</summary>
    public override string ToString() => $"{ClassName} '{Name}'";
}

/// <summary>The configuration of a Sequential or functional model: its layers and how they are connected.</summary>
/// <param name="Layers">Layers in the file's order.</param>
/// <param name="Inputs">Its inputs, each of an InputLayer.</param>
/// <param name="Outputs">Its outputs.</param>
internal sealed record KerasModel(
    IReadOnlyList<KerasLayer> Layers, IReadOnlyList<KerasTensor> Inputs, IReadOnlyList<KerasTensor> Outputs)
{
    private const int DeepestModel = 16;

    /// <summary>Whether a class is a model of layers.</summary>
    public static bool IsModel(string className) => className is "Sequential" or "Functional" or "Model";

    /// <summary>Reads a model's configuration, of Keras 2.0 to 3.</summary>
    /// <param name="json">An object with <c>class_name</c> and <c>config</c>.</param>
    /// <exception cref="InvalidDataException">It is no such model, or contradicts itself.</exception>
    public static KerasModel Parse(JsonElement json) => ParseLayer(json, null, 0).Model
        ?? throw new InvalidDataException($"it is a {ClassOf(json)}; expected a Sequential or functional model: a "
            + "model of a class of your own is known to its Python code alone");

    /// <summary>The shape of an InputLayer, unknown sizes -1; null where it is not stated.</summary>
    public static int[]? ShapeOf(KerasConfig config) =>
        config.Integers("batch_input_shape") ?? config.Integers("batch_shape");

    private static KerasLayer ParseLayer(JsonElement json, string? defaultName, int depth)
    {
        string className = ClassOf(json);
        JsonElement element = Property(json, "config", "layer");
        var config = new KerasConfig(element);
        string name = new KerasConfig(json).Text("name") ?? config.Text("name") ?? defaultName ?? className;
        if (!IsModel(className))
            return new(className, name, config, null) { Calls = ParseCalls(json) };
        if (depth == DeepestModel)
            throw new InvalidDataException($"models lie in models, {DeepestModel} deep and deeper");
        KerasModel model = className == "Sequential" ? ParseSequential(element, depth)
            : ParseFunctional(element, depth);
        return new(className, name, config, model) { Calls = ParseCalls(json) };
    }

    private static KerasModel ParseSequential(JsonElement element, int depth)
    {
        // Before Keras 2.2 a bare list of layers.
        JsonElement list = element.ValueKind == JsonValueKind.Array ? element
            : Property(element, "layers", "Sequential model");
        List<KerasLayer> layers = [];
        foreach (JsonElement json in Items(list, "layers"))
            layers.Add(ParseLayer(json, $"layer_{layers.Count}", depth + 1));
        if (layers.Count == 0)
            throw new InvalidDataException("a Sequential model has no layers");
        if (layers[0].ClassName != "InputLayer")
        {
            KerasLayer first = layers[0];
            KerasConfig config = ShapeOf(first.Config) is not null ? first.Config
                : first.Model is { } model ? InputOf(model).Config : default;
            layers.Insert(0, new("InputLayer", $"{first.Name}_input", config, null) { Calls = [] });
        }
        for (int i = 1; i < layers.Count; i++)
            layers[i] = layers[i] with
            {
                Calls = [new([new(new(layers[i - 1].Name, 0, 0), null)], IsTraining: false)],
            };
        CheckNames(layers);
        return new(layers, [new(layers[0].Name, 0, 0)], [new(layers[^1].Name, 0, 0)]);
    }

    private static KerasLayer InputOf(KerasModel model) => model.Layers.First(l => l.Name == model.Inputs[0].Layer);

    private static KerasModel ParseFunctional(JsonElement element, int depth)
    {
        List<KerasLayer> layers = [];
        foreach (JsonElement json in Items(Property(element, "layers", "functional model"), "layers"))
            layers.Add(ParseLayer(json, null, depth + 1));
        CheckNames(layers);
        HashSet<string> names = [.. layers.Select(l => l.Name)];
        KerasTensor[] inputs = Tensors("input_layers"), outputs = Tensors("output_layers");
        return inputs.Length > 0 && outputs.Length > 0 ? new(layers, inputs, outputs)
            : throw new InvalidDataException("a functional model has no input or no output");

        KerasTensor[] Tensors(string name)
        {
            List<KerasArgument> found = [];
            bool isTraining = false;
            Collect(Property(element, name, "functional model"), found, ref isTraining);
            KerasTensor[] tensors = [.. found.Select(a => a.Tensor).OfType<KerasTensor>()];
            return tensors.FirstOrDefault(t => !names.Contains(t.Layer)) is { Layer: { } missing }
                ? throw new InvalidDataException($"its {name} name '{missing}', which is not among its layers")
                : tensors;
        }
    }

    private static void CheckNames(List<KerasLayer> layers)
    {
        if (layers.GroupBy(l => l.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidDataException($"two layers of a model are named '{twice.Key}'");
    }

    private static KerasCall[] ParseCalls(JsonElement layer)
    {
        if (new KerasConfig(layer).Find("inbound_nodes") is not { } nodes)
            return [];
        List<KerasCall> calls = [];
        foreach (JsonElement node in Items(nodes, "inbound_nodes"))
        {
            List<KerasArgument> arguments = [];
            bool isTraining = false;
            if (new KerasConfig(node).Find("args") is { } positional)
            {
                Collect(positional, arguments, ref isTraining);
                CollectNamed(Property(node, "kwargs", "call"), arguments, ref isTraining);
            }
            else
            {
                Collect(node, arguments, ref isTraining);
            }
            calls.Add(new(arguments, isTraining));
        }
        return [.. calls];
    }

    /// <summary>
    /// Tensors and numbers of a call. A tensor is a list of layer, call, index and named arguments in Keras 2, an
    /// object with a history in Keras 3.
    /// </summary>
    private static void Collect(JsonElement value, List<KerasArgument> arguments, ref bool isTraining)
    {
        value = KerasConfig.Plain(value);
        if (KerasConfig.Numbers(value) is { Length: > 0 } numbers)
        {
            arguments.Add(new(null, numbers));
            return;
        }
        switch (value.ValueKind)
        {
            case JsonValueKind.Array:
                JsonElement[] items = [.. value.EnumerateArray()];
                if (items is [{ ValueKind: JsonValueKind.String } layer, { ValueKind: JsonValueKind.Number } call, _,
                    ..]
                    && call.TryGetInt32(out int at))
                {
                    if (layer.GetString() == "_CONSTANT_VALUE")
                        Collect(items[2], arguments, ref isTraining);
                    else if (items[2].ValueKind == JsonValueKind.Number && items[2].TryGetInt32(out int index))
                        arguments.Add(new(new(layer.GetString()!, at, index), null));
                    if (items.Length > 3)
                        CollectNamed(items[3], arguments, ref isTraining);
                    return;
                }
                foreach (JsonElement item in items)
                    Collect(item, arguments, ref isTraining);
                break;
            case JsonValueKind.Object:
                if (new KerasConfig(value).Find("config") is { } config
                    && new KerasConfig(config).Find("keras_history") is { } history)
                    Collect(history, arguments, ref isTraining);
                else
                    foreach (JsonProperty property in value.EnumerateObject())
                        Collect(property.Value, arguments, ref isTraining);
                break;
        }
    }

    private static void CollectNamed(JsonElement named, List<KerasArgument> arguments, ref bool isTraining)
    {
        if (named.ValueKind != JsonValueKind.Object)
            return;
        foreach (JsonProperty argument in named.EnumerateObject())
            if (argument.Name == "training")
                isTraining |= argument.Value.ValueKind == JsonValueKind.True
                    || (argument.Value.ValueKind == JsonValueKind.Number && argument.Value.GetDouble() != 0);
            else if (argument.Name is "x" or "y" or "x1" or "x2" or "other" or "inputs")
                Collect(argument.Value, arguments, ref isTraining);
    }

    private static string ClassOf(JsonElement json) => new KerasConfig(json).Text("class_name")
        ?? throw new InvalidDataException("a layer has no class_name");

    private static JsonElement Property(JsonElement json, string name, string owner) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) ? value
            : throw new InvalidDataException($"a {owner} has no '{name}'");

    private static JsonElement.ArrayEnumerator Items(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Array ? json.EnumerateArray()
            : throw new InvalidDataException($"'{name}' is no list");
}
