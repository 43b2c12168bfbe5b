using Google.Protobuf;
using Google.Protobuf.Collections;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Checkpoints;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Protos;
using Microsoft.ML.CnnZoo.Graph;
using GraphProtos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>What a file holds before its nodes are looked at: a graph, its inputs and outputs, its variables.</summary>
internal sealed record NetworkSource
{
    private const string ModelFile = "saved_model.pb";
    private const string DefaultSignature = "serving_default";
    private const string ServingTag = "serve";

    public required string Path { get; init; }
    public required GraphProtos.GraphDef Graph { get; init; }
    public required VariableValues Variables { get; init; }

    /// <summary>Names of the outputs for callers, and their tensors: the main one first.</summary>
    public required IReadOnlyList<(string Key, string Tensor)> Outputs { get; init; }

    /// <summary>Names of the inputs for callers, and their tensors.</summary>
    public IReadOnlyList<(string Key, string Tensor)> Inputs { get; init; } = [];

    /// <summary>Shapes of the inputs that stand outside of the graph, by node.</summary>
    public IReadOnlyDictionary<string, int[]?> Shapes { get; init; } = new Dictionary<string, int[]?>();

    /// <summary>Text files that may name the classes: a SavedModel's assets, <c>labels.txt</c> beside a GraphDef.
    /// </summary>
    public IReadOnlyList<string> LabelFiles { get; init; } = [];

    /// <summary>Opens a GraphDef, or a SavedModel by its folder or its <c>saved_model.pb</c>.</summary>
    public static NetworkSource Open(string path, string? signature)
    {
        if (Directory.Exists(path))
            return OpenModel(path, System.IO.Path.Combine(path, ModelFile), signature);
        using (FileStream stream = File.OpenRead(path))
            if (stream.ReadByte() == 8) // field 1 as a number: the version of a SavedModel's schema
                return OpenModel(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!, path, signature);
        if (signature is not null)
            throw new InvalidDataException($"'{path}' is a GraphDef, without signatures such as '{signature}'.");
        string labels = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!,
            "labels.txt");
        return Of(Parse(GraphProtos.GraphDef.Parser, path, "GraphDef"), path) with
        {
            LabelFiles = File.Exists(labels) ? [labels] : [],
        };
    }

    /// <summary>A graph without signatures.</summary>
    public static NetworkSource Of(GraphProtos.GraphDef graph, string path) => graph.Node.Count == 0
        ? throw new InvalidDataException($"'{path}' is not a GraphDef or holds no nodes.")
        : new()
        {
            Path = path, Graph = graph, Variables = new(graph, null),
            Outputs = [.. GraphOutputs.Find(graph).Select(o => (o, o))],
        };

    private static NetworkSource OpenModel(string folder, string file, string? name)
    {
        if (!File.Exists(file))
            throw new FileNotFoundException($"'{folder}' is not a SavedModel: it has no file {ModelFile}.", file);
        MetaGraphDef model = Choose(Parse(SavedModel.Parser, file, "SavedModel"), file);
        SignatureDef signature = Choose(model, name, file);
        GraphProtos.GraphDef graph = model.GraphDef ?? new();
        string prefix = System.IO.Path.Combine(folder, "variables", "variables");
        string assets = System.IO.Path.Combine(folder, "assets");
        return new()
        {
            Path = folder, Graph = graph, Inputs = Tensors(signature.Inputs),
            Variables = new(graph, File.Exists($"{prefix}.index") ? Checkpoint.Open(prefix) : null),
            Outputs = Tensors(Ordered(signature.Outputs, file)),
            Shapes = signature.Inputs.Values.Where(i => i.Name.Length > 0)
                .DistinctBy(i => TensorReference.Parse(i.Name).Node)
                .ToDictionary(i => TensorReference.Parse(i.Name).Node, i => SourceRules.Dimensions(i.TensorShape),
                    StringComparer.Ordinal),
            LabelFiles = !Directory.Exists(assets) ? []
                : [.. Directory.EnumerateFiles(assets, "*.txt").Order(StringComparer.Ordinal)],
        };
    }

    private static MetaGraphDef Choose(SavedModel model, string file)
    {
        MetaGraphDef[] serving = [.. model.MetaGraphs.Where(g => g.MetaInfoDef?.Tags.Contains(ServingTag) == true)];
        if (serving.Length >= 1)
            return serving[0];
        return model.MetaGraphs.Count == 1 ? model.MetaGraphs[0]
            : throw new InvalidDataException($"'{file}' holds {model.MetaGraphs.Count} graphs and none has the tag " +
                $"'{ServingTag}'; tags are " + string.Join("; ", model.MetaGraphs.Select(g =>
                    string.Join(", ", (g.MetaInfoDef?.Tags ?? []).Select(t => $"'{t}'")))) + ".");
    }

    private static SignatureDef Choose(MetaGraphDef model, string? name, string file)
    {
        var signatures = model.SignatureDef.Where(s => !s.Key.StartsWith("__saved_model", StringComparison.Ordinal))
            .OrderBy(s => s.Key, StringComparer.Ordinal).ToArray();
        if (model.SignatureDef.TryGetValue(name ?? DefaultSignature, out SignatureDef? signature))
            return signature;
        return name is null && signatures.Length == 1 ? signatures[0].Value
            : throw new InvalidDataException($"'{file}' has no signature '{name ?? DefaultSignature}'; it has " +
                (signatures.Length == 0 ? "none" : string.Join(", ", signatures.Select(s => $"'{s.Key}'"))) + ".");
    }

    /// <summary>The outputs: logits first, else scores per class in the file's order, then the rest.</summary>
    private static IEnumerable<KeyValuePair<string, TensorInfo>> Ordered(
        MapField<string, TensorInfo> outputs, string file)
    {
        if (outputs.Count == 0)
            throw new InvalidDataException($"'{file}' has a signature without outputs.");
        return outputs.OrderBy(o => ((DataType)o.Value.Dtype).IsFloating() ? 0 : 1)
            .ThenBy(o => o.Key.Contains("logits", StringComparison.OrdinalIgnoreCase) ? 0 : 1)
            .ThenBy(o => o.Value.TensorShape?.Dim.Count == 2 ? 0 : 1);
    }

    private static (string Key, string Tensor)[] Tensors(IEnumerable<KeyValuePair<string, TensorInfo>> tensors) =>
        [.. tensors.Where(t => t.Value.Name.Length > 0).Select(t => (t.Key, t.Value.Name))];

    private static T Parse<T>(MessageParser<T> parser, string file, string kind) where T : IMessage<T>
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            return parser.WithDiscardUnknownFields(true).ParseFrom(stream);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"'{file}' is not a {kind}: {e.Message}", e);
        }
    }
}
