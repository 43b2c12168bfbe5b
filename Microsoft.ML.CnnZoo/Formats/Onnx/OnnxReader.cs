using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>
/// Reads ONNX classifiers, operator sets 7 to 21 and what later ones share with them, into our graph: NHWC once, at the
/// input.
/// </summary>
internal sealed class OnnxReader
{
    private const int OldestOpset = 7, NewestOpset = 25, MostProblems = 8;
    // Operators behind the scores: class numbers, labels, maps of both.
    private static readonly HashSet<string> TailOps =
        ["ArgMax", "TopK", "ZipMap", "ArrayFeatureExtractor", "LabelEncoder", "CategoryMapper"];

    private readonly string _origin;
    private readonly ModelProto _model;
    private readonly OnnxTensors _tensors;
    private readonly ImageShape? _image;
    private readonly Dictionary<string, ImportedValue> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeProto> _producers = new(StringComparer.Ordinal);
    private readonly TensorArranger _arranger = new();
    private string[]? _labels;

    private OnnxReader(string origin, ModelProto model, string? folder, ImageShape? image) =>
        (_origin, _model, _tensors, _image) = (origin, model, new OnnxTensors(folder), image);

    private long Opset => _model.OpsetImport.Where(o => o.Domain is "" or "ai.onnx").Select(o => o.Version)
        .DefaultIfEmpty(1).Max();

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file; external data lie in its folder.</param>
    /// <param name="image">Size of the images where the file leaves it open.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or holds what is not supported: all of it is named.
    /// </exception>
    public static FrozenNetwork Read(string path, ImageShape? image = null)
    {
        ModelProto model;
        try
        {
            using FileStream file = File.OpenRead(path);
            model = Parse(file);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidDataException)
        {
            throw new InvalidDataException($"'{path}' is not an ONNX model: {e.Message}", e);
        }
        return Read(model, path, Path.GetDirectoryName(Path.GetFullPath(path)), image);
    }

    /// <summary>Reads a model in memory.</summary>
    public static FrozenNetwork Read(ModelProto model, string origin, string? folder, ImageShape? image)
    {
        try
        {
            return new OnnxReader(origin, model, folder, image).Read();
        }
        catch (Exception e) when (e is GraphException or OverflowException or ArgumentException or FormatException
            or IndexOutOfRangeException or KeyNotFoundException)
        {
            throw new InvalidDataException($"'{origin}' cannot be read: {e.Message}", e);
        }
    }

    private static ModelProto Parse(Stream file)
    {
        var input = CodedInputStream.CreateWithLimits(file, int.MaxValue, 64);
        var model = new ModelProto();
        model.MergeFrom(input);
        return model.Graph is { Node.Count: > 0 } ? model : throw new InvalidDataException("it has no graph with nodes.");
    }

    private FrozenNetwork Read()
    {
        if (Opset is < OldestOpset or > NewestOpset)
            throw Problem($"it uses operator set {Opset}; {OldestOpset} to {NewestOpset} are read. "
                + "Export it anew, or convert it with onnx.version_converter");
        foreach (TensorProto initializer in _model.Graph.Initializer)
            _values[initializer.Name] = ReadTensor(initializer);
        foreach (NodeProto node in _model.Graph.Node)
            foreach (string name in node.Output.Where(o => o.Length > 0))
                if (!_producers.TryAdd(name, node))
                    throw Problem($"two nodes give '{name}'");
        List<string> outputs = Outputs();
        List<NodeProto> needed = Needed(outputs[0]);
        (ValueInfoProto info, int[] shape) = Input(needed);
        bool channelsFirst = ChannelsFirst(info.Name, shape, needed);
        FileTensor input = AddInput(info, shape, channelsFirst);
        var operators = new OnnxOperators(_arranger, shape[0] > 0 ? shape[0] : 1);
        Evaluate(needed, operators);
        if (!_values.TryGetValue(outputs[0], out ImportedValue result) || result.Tensor is not { } scores)
            throw Problem($"its output '{outputs[0]}' does not depend on the image");
        ImportedTensor ordered = InFileOrder(scores);
        return new FrozenNetwork
        {
            Origin = _origin,
            Graph = _arranger.Graph.ToGraph(),
            Input = input,
            Output = ordered.ToFile(outputs[0]),
            Tensors = _values.Where(v => v.Value.Tensor is not null)
                .ToDictionary(v => v.Key, v => v.Value.Tensor!.ToFile(v.Key), StringComparer.Ordinal),
            Labels = _labels ?? OnnxMetadata.Labels(_model),
            Preprocessing = OnnxMetadata.Preprocessing(_model, info, _origin),
        };
    }

    private KnownArray ReadTensor(TensorProto initializer)
    {
        try
        {
            return _tensors.Read(initializer);
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException)
        {
            throw Problem(e.Message);
        }
    }

    /// <summary>The output that scores, first; what lies behind it is read for its labels and cut off.</summary>
    private List<string> Outputs()
    {
        List<string> scores = [], labelsOnly = [];
        foreach (string name in _model.Graph.Output.Select(o => o.Name))
        {
            string at = name;
            bool isLabel = false;
            while (_producers.TryGetValue(at, out NodeProto? node) && (TailOps.Contains(node.OpType)
                || (isLabel && node.OpType is "Cast" or "Reshape" or "Identity" or "Squeeze" or "Gather" && node.Input.Count > 0)))
            {
                isLabel |= node.OpType != "ZipMap";
                at = Behind(node);
            }
            (isLabel ? labelsOnly : scores).Add(at);
        }
        scores.AddRange(labelsOnly);
        return scores.Count > 0 ? scores : throw Problem("it has no output");
    }

    /// <summary>Notes a tail's labels; returns its input that comes from the scores.</summary>
    private string Behind(NodeProto node)
    {
        foreach (Protos.AttributeProto a in node.Attribute)
        {
            string[] found = a.Name is "classlabels_strings" or "classes_strings" or "values_strings" or "cats_strings"
                ? [.. a.Strings.Select(s => s.ToStringUtf8())]
                : a.Name is "classlabels_int64s" or "values_int64s" ? [.. a.Ints.Select(i => $"{i}")] : [];
            if (found.Length > 0)
                _labels ??= found;
        }
        foreach (string input in node.Input)
            if (_values.TryGetValue(input, out ImportedValue value) && value.Known is { Length: > 1 } known
                && node.OpType is "ArrayFeatureExtractor" or "Gather")
                _labels ??= known.Texts ?? [.. known.ToIntegers().Select(i => $"{i}")];
        return node.Input.FirstOrDefault(i => !_values.ContainsKey(i)) ?? node.Input[0];
    }

    /// <summary>The nodes that a tensor depends on, in order; refuses what is not known, all at once.</summary>
    private List<NodeProto> Needed(string output)
    {
        List<NodeProto> ordered = [];
        var state = new Dictionary<NodeProto, bool>(ReferenceEqualityComparer.Instance); // false: its inputs are awaited
        var path = new Stack<string>([output]);
        while (path.TryPeek(out string? name))
        {
            if (!_producers.TryGetValue(name, out NodeProto? node) || (state.TryGetValue(node, out bool done) && done))
            {
                path.Pop();
                continue;
            }
            if (!state.TryAdd(node, false))
            {
                path.Pop();
                state[node] = true;
                ordered.Add(node);
                continue;
            }
            foreach (string input in node.Input)
                if (_producers.TryGetValue(input, out NodeProto? before) && !(state.TryGetValue(before, out done) && done))
                {
                    if (state.ContainsKey(before))
                        throw Problem($"{Describe(node)} depends on itself through '{input}'");
                    path.Push(input);
                }
        }
        return ordered;
    }

    private void Evaluate(List<NodeProto> nodes, OnnxOperators operators)
    {
        List<string> problems = [.. nodes.Where(n => n.Domain is not ("" or "ai.onnx") || !operators.Knows(n.OpType))
            .GroupBy(n => n.Domain.Length > 0 ? $"{n.Domain}.{n.OpType}" : n.OpType, StringComparer.Ordinal)
            .Select(g => $"the operator {g.Key} ({Count(g.Count())}, first '{g.First().Name}'; operator set {Opset})")];
        if (problems.Count > 0)
            throw Problem($"it uses what is not supported: {List(problems)}");
        foreach (NodeProto node in nodes)
        {
            if (node.Input.FirstOrDefault(i => i.Length > 0 && !_values.ContainsKey(i)) is { } missing)
            {
                // What depends on a refused node is not refused itself.
                if (_producers.ContainsKey(missing))
                    continue;
                throw Problem($"{Describe(node)} reads '{missing}', which nothing gives");
            }
            ImportedValue?[] inputs = [.. node.Input.Select(i => i.Length > 0 ? _values[i] : (ImportedValue?)null)];
            _arranger.Scope = node.Name.Length > 0 ? node.Name : node.Output[0];
            try
            {
                IReadOnlyList<ImportedValue> outputs =
                    operators.Evaluate(new OnnxNode(node, Opset, inputs, _tensors));
                for (int i = 0; i < Math.Min(outputs.Count, node.Output.Count); i++)
                    if (node.Output[i].Length > 0)
                        _values[node.Output[i]] = outputs[i];
            }
            catch (Exception e) when (e is InvalidDataException or GraphException or OverflowException
                or IndexOutOfRangeException or ArgumentException)
            {
                problems.Add($"{Describe(node)}: {e.Message.TrimEnd('.')}");
            }
        }
        if (problems.Count > 0)
            throw Problem($"it cannot be used as it is: {List(problems)}");
    }

    private (ValueInfoProto Info, int[] Shape) Input(List<NodeProto> needed)
    {
        HashSet<string> read = [.. needed.SelectMany(n => n.Input)];
        ValueInfoProto[] inputs = [.. _model.Graph.Input.Where(i => !_values.ContainsKey(i.Name) && read.Contains(i.Name))];
        if (inputs.Length != 1)
            throw Problem($"its scores depend on {inputs.Length} inputs ({string.Join(", ", inputs.Select(i => i.Name))}); "
                + "expected one, of images");
        ValueInfoProto info = inputs[0];
        TypeProto.Types.Tensor? tensor = info.Type?.TensorType;
        int[] shape = tensor?.Shape is null ? [-1, -1, -1, -1]
            : [.. tensor.Shape.Dim.Select(d => d.DimValue is > 0 and <= int.MaxValue ? (int)d.DimValue : -1)];
        return shape.Length == 4 ? (info, shape)
            : throw Problem($"its input '{info.Name}' has the shape {KnownArray.Text(shape)}; expected images of rank 4");
    }

    /// <summary>
    /// NCHW, ONNX's order, unless the sizes or the first node that orders dimensions say otherwise.
    /// </summary>
    private static bool ChannelsFirst(string input, int[] shape, List<NodeProto> needed)
    {
        HashSet<string> images = [input];
        foreach (NodeProto node in needed.Where(n => n.Input.Any(images.Contains)))
            switch (node.OpType)
            {
                case "Transpose":
                    return node.Attribute.FirstOrDefault(a => a.Name == "perm") is not { Ints: [0, 3, 1, 2] };
                case "Conv" or "MaxPool" or "AveragePool" or "BatchNormalization" or "GlobalAveragePool":
                    return true;
                default:
                    images.UnionWith(node.Output);
                    break;
            }
        return shape[1] is 1 or 3 || shape[3] is not (1 or 3);
    }

    private FileTensor AddInput(ValueInfoProto info, int[] shape, bool channelsFirst)
    {
        (int h, int w, int c) = channelsFirst ? (shape[2], shape[3], shape[1]) : (shape[1], shape[2], shape[3]);
        if (_image is { } wanted)
        {
            if ((h > 0 && h != wanted.Height) || (w > 0 && w != wanted.Width) || (c > 0 && c != wanted.Channels))
                throw Problem($"it takes images of {Size(h)}x{Size(w)}x{Size(c)}, received {wanted}");
            (h, w, c) = (wanted.Height, wanted.Width, wanted.Channels);
        }
        if (c < 0)
            c = 3;
        if (h < 0 || w < 0)
            throw Problem($"it leaves the size of its images open ({Size(h)}x{Size(w)}x{c}): state it "
                + "(CnnImportOptions.Image)");
        NodeOutput image = _arranger.Graph.Placeholder(CnnArchitecture.ImageInput, DataType.Float,
            new TensorShape(TensorShape.Unknown, h, w, c));
        ImportedTensor tensor = channelsFirst ? ImportedTensor.OfImage(image)
            : ImportedTensor.Of(image, [ImportedTensor.Batch, h, w, c]);
        _values[info.Name] = tensor;
        return tensor.ToFile(info.Name);

        static string Size(int size) => size < 0 ? "?" : $"{size}";
    }

    private ImportedTensor InFileOrder(ImportedTensor tensor)
    {
        _arranger.Scope = "output";
        return _arranger.InFileOrder(tensor);
    }

    private static string Describe(NodeProto node) =>
        $"{node.OpType} '{(node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault() ?? "")}'";

    private static string Count(int count) => count == 1 ? "one node" : $"{count} nodes";

    private static string List(List<string> problems) => string.Join("; ", problems.Take(MostProblems))
        + (problems.Count > MostProblems ? $"; and {problems.Count - MostProblems} more" : "");

    private InvalidDataException Problem(string problem) => new($"'{_origin}' cannot be read: {problem}.");
}
