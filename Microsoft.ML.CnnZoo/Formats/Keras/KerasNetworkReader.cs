using System.Text.Json;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Keras;

/// <summary>Makes our graph of a Keras model's configuration and weights, which is NHWC already.</summary>
internal sealed class KerasNetworkReader
{
    private const int MostCalls = 100_000, MostProblems = 8;
    // Models in models multiply JSON's depth.
    private static readonly JsonDocumentOptions Json = new() { MaxDepth = 256 };

    private readonly string _origin;
    private readonly KerasModel _model;
    private readonly TensorArranger _arranger = new();
    private readonly KerasOperators _operators;
    private readonly Dictionary<string, FileTensor> _tensors = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private int _calls;

    private KerasNetworkReader(string origin, KerasModel model, KerasWeights weights, bool isKeras3)
    {
        (_origin, _model) = (origin, model);
        _operators = new KerasOperators(_arranger, weights, new KerasActivations(_arranger, isKeras3));
    }

    /// <summary>Reads a model.</summary>
    /// <param name="config">Its configuration in JSON, with <c>class_name</c> and <c>config</c>.</param>
    /// <param name="version">Version of Keras that wrote it; null: before 3.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="origin">The file, for messages.</param>
    /// <param name="image">Size of the images where the file leaves it open.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or holds what is not supported: all of it is named.
    /// </exception>
    public static FrozenNetwork Read(string config, string? version, IGroupFile weights, string origin,
        ImageShape? image)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(config, Json);
            KerasModel model = KerasModel.Parse(document.RootElement);
            string[] unsupported = [.. Unsupported(model, [model.Outputs[0]]).Distinct()];
            if (unsupported.Length > 0)
                throw new InvalidDataException($"it uses what is not supported: {List(unsupported)}");
            bool isKeras3 = int.TryParse(version?.Split('.')[0], out int major) && major >= 3;
            return new KerasNetworkReader(origin, model, KerasWeights.Of(model, weights), isKeras3).Read(image);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or GraphException or OverflowException
            or ArgumentException or FormatException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{origin}' cannot be read: {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>What the outputs depend on and is not supported.</summary>
    private static IEnumerable<string> Unsupported(KerasModel model, IReadOnlyList<KerasTensor> outputs) =>
        Needed(model, outputs).Select(n => n.Layer).Distinct().SelectMany(l => l.Model is { } inner
            ? Unsupported(inner, inner.Outputs) : KerasOperators.Problem(l) is { } problem ? [problem] : []);

    private FrozenNetwork Read(ImageShape? image)
    {
        KerasTensor output = _model.Outputs[0];
        HashSet<string> needed = [.. Needed(_model, [output]).Select(n => n.Layer.Name)];
        KerasTensor[] inputs = [.. _model.Inputs.Where(i => needed.Contains(i.Layer))];
        if (inputs.Length != 1)
            throw new InvalidDataException($"its scores depend on {inputs.Length} inputs "
                + $"({string.Join(", ", inputs.Select(i => i.Layer))}); expected one, of images");
        KerasLayer layer = _model.Layers.First(l => l.Name == inputs[0].Layer);
        NodeOutput placeholder = AddInput(layer, image);
        NodeOutput?[] results = Evaluate(_model, [output], new() { [new(layer.Name, 0, 0)] = placeholder }, "");
        if (_problems.Count > 0)
            throw new InvalidDataException($"it cannot be used as it is: {List(_problems)}");
        FileTensor input = Tensor(layer.Name, placeholder);
        _tensors[layer.Name] = input;
        return new FrozenNetwork
        {
            Origin = _origin,
            Graph = _arranger.Graph.ToGraph(),
            Input = input,
            Output = Tensor(output.Layer, results[0]!.Value),
            Tensors = _tensors,
        };
    }

    private NodeOutput AddInput(KerasLayer layer, ImageShape? image)
    {
        int[] shape = KerasModel.ShapeOf(layer.Config) ?? [-1, -1, -1, -1];
        if (shape.Length != 4)
            throw new InvalidDataException($"its input '{layer.Name}' has the shape {KnownArray.Text(shape)}; expected "
                + "images of rank 4");
        (int h, int w, int c) = (shape[1], shape[2], shape[3]);
        if (image is { } wanted)
        {
            if ((h > 0 && h != wanted.Height) || (w > 0 && w != wanted.Width) || (c > 0 && c != wanted.Channels))
                throw new InvalidDataException($"it takes images of {Size(h)}x{Size(w)}x{Size(c)}, received {wanted}");
            (h, w, c) = (wanted.Height, wanted.Width, wanted.Channels);
        }
        if (c < 0)
            c = 3;
        return h > 0 && w > 0 && c > 0 ? _arranger.Graph.Placeholder(CnnArchitecture.ImageInput, DataType.Float,
            new TensorShape(TensorShape.Unknown, h, w, c))
            : throw new InvalidDataException($"it leaves the size of its images open ({Size(h)}x{Size(w)}x{c}): state "
                + "it (CnnImportOptions.Image)");

        static string Size(int size) => size < 0 ? "?" : $"{size}";
    }

    /// <summary>The calls that tensors depend on, in order.</summary>
    private static List<(KerasLayer Layer, int Call)> Needed(KerasModel model, IReadOnlyList<KerasTensor> outputs)
    {
        Dictionary<string, KerasLayer> layers = model.Layers.ToDictionary(l => l.Name, StringComparer.Ordinal);
        List<(KerasLayer, int)> ordered = [];
        var done = new Dictionary<(string, int), bool>(); // false: its inputs are awaited
        var path = new Stack<KerasTensor>(outputs.Reverse());
        while (path.TryPeek(out KerasTensor tensor))
        {
            if (!layers.TryGetValue(tensor.Layer, out KerasLayer? layer))
                throw new InvalidDataException($"a layer is called with '{tensor.Layer}', which is no layer");
            int call = CallOf(layer, tensor.Call);
            if (done.TryGetValue((layer.Name, call), out bool finished))
            {
                path.Pop();
                if (!finished)
                {
                    done[(layer.Name, call)] = true;
                    ordered.Add((layer, call));
                }
                continue;
            }
            done.Add((layer.Name, call), false);
            foreach (KerasTensor input in Inputs(layer, call))
                if (!done.TryGetValue((input.Layer, layers.TryGetValue(input.Layer, out KerasLayer? before)
                    ? CallOf(before, input.Call) : 0), out finished))
                    path.Push(input);
                else if (!finished)
                    throw new InvalidDataException($"{layer} depends on itself through '{input.Layer}'");
        }
        return ordered;
    }

    private static IEnumerable<KerasTensor> Inputs(KerasLayer layer, int call) => layer.Calls.Count == 0 ? []
        : layer.Calls[call].Arguments.Select(a => a.Tensor).OfType<KerasTensor>();

    /// <summary>
    /// A call's place in the list. A layer that was called outside the model before counts those calls, too, in files
    /// of old versions: with one call in the list there is no doubt.
    /// </summary>
    private static int CallOf(KerasLayer layer, int call) => layer.Calls.Count <= 1 ? 0
        : call >= 0 && call < layer.Calls.Count ? call
        : throw new InvalidDataException($"{layer} has {layer.Calls.Count} calls; its call {call} is used");

    /// <summary>Adds the nodes of a model; null for outputs of layers that cannot be used.</summary>
    private NodeOutput?[] Evaluate(KerasModel model, IReadOnlyList<KerasTensor> outputs,
        Dictionary<KerasTensor, NodeOutput?> values, string scope)
    {
        Dictionary<string, KerasLayer> layers = model.Layers.ToDictionary(l => l.Name, StringComparer.Ordinal);
        foreach ((KerasLayer layer, int call) in Needed(model, outputs))
        {
            if (++_calls > MostCalls)
                throw new InvalidDataException($"it calls more than {MostCalls} layers");
            string name = layer.Calls.Count > 1 && call > 0 ? $"{scope}{layer.Name}:{call}" : scope + layer.Name;
            if (layer.Calls.Count == 0)
            {
                if (!values.ContainsKey(new(layer.Name, 0, 0)))
                    throw new InvalidDataException($"{layer} is called with nothing");
                continue;
            }
            KerasInput[] inputs = [.. layer.Calls[call].Arguments.Select(a => a.Tensor is { } tensor
                ? new KerasInput(Value(tensor), null)
                : new KerasInput(null, KnownArray.Of(a.Numbers!.Length == 1 ? [] : [a.Numbers.Length], a.Numbers)))];
            if (inputs.Any(i => i.Tensor is null && i.Numbers is null))
                continue; // what depends on a refused layer is not refused itself
            NodeOutput?[] results = Call(layer, inputs, name, layer.Calls[call].IsTraining);
            for (int i = 0; i < results.Length; i++)
                values[new(layer.Name, call, i)] = results[i];
        }
        return [.. outputs.Select(Value)];

        NodeOutput? Value(KerasTensor tensor) => values.GetValueOrDefault(tensor with
        {
            Call = CallOf(layers[tensor.Layer], tensor.Call),
        });
    }

    private NodeOutput?[] Call(KerasLayer layer, KerasInput[] inputs, string name, bool isTraining)
    {
        if (layer.Model is { } model)
        {
            NodeOutput[] tensors = [.. inputs.Select(i => i.Tensor).OfType<NodeOutput>()];
            if (tensors.Length != model.Inputs.Count)
                throw new InvalidDataException($"{layer} is called with {tensors.Length} tensors; expected "
                    + $"{model.Inputs.Count}");
            return Evaluate(model, model.Outputs, model.Inputs.Zip(tensors).ToDictionary(
                p => new KerasTensor(p.First.Layer, 0, 0), p => (NodeOutput?)p.Second), $"{name}/");
        }
        _arranger.Scope = name;
        try
        {
            if (isTraining && (layer.ClassName.Contains("Normalization", StringComparison.Ordinal)
                || layer.ClassName.Contains("Dropout", StringComparison.Ordinal)))
                throw new InvalidDataException("it is called with training=True, which is not supported");
            NodeOutput result = _operators.Evaluate(new KerasLayerCall(layer, inputs));
            _tensors[name] = Tensor(name, result);
            return [result];
        }
        catch (Exception e) when (e is InvalidDataException or GraphException or OverflowException or ArgumentException)
        {
            _problems.Add($"{layer.ClassName} '{name}': {e.Message.TrimEnd('.')}");
            return [];
        }
    }

    private static FileTensor Tensor(string name, NodeOutput tensor) =>
        new(name, tensor, [.. Enumerable.Range(0, tensor.Shape.Rank)]);

    private static string List(IReadOnlyList<string> problems) => string.Join("; ", problems.Take(MostProblems))
        + (problems.Count > MostProblems ? $"; and {problems.Count - MostProblems} more" : "");
}
