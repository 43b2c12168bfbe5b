using Google.Protobuf;
using Microsoft.ML.CnnZoo.Execution.Passes;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Protos;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;

/// <summary>Writes frozen graphs as TensorFlow's GraphDef and SavedModel.</summary>
/// <remarks>
/// Weights are constants; ops and attributes are those of TensorFlow 2.3, which ML.NET and older TensorFlow.NET carry.
/// </remarks>
internal static class TensorFlowWriter
{
    private const string Version = "2.3.0", Tag = "serve", Signature = "serving_default",
        Method = "tensorflow/serving/predict", Labels = "labels.txt";

    /// <summary>The version of TensorFlow 2.3's graphs.</summary>
    private const int ProducerVersion = 440;

    /// <summary>What a message may be: protobuf counts its bytes in 31 bits.</summary>
    private const long MostBytes = int.MaxValue - (1 << 20);

    /// <summary>Names of the signature's input and output.</summary>
    private const string Image = "image", Scores = "scores";

    /// <summary>The network as a frozen GraphDef.</summary>
    /// <exception cref="GraphException">The graph holds what TensorFlow 2.3 did not know.</exception>
    /// <exception cref="InvalidOperationException">It is of 2 GiB or more.</exception>
    public static Graph.Protos.GraphDef ToGraphDef(FrozenGraph frozen)
    {
        NetworkGraph graph = new PortableOps().Apply(new GraphRequest(frozen.Graph, [frozen.Scores], [])).Graph;
        Check(graph);
        Graph.Protos.GraphDef proto = GraphDefWriter.ToProto(graph);
        proto.Versions.Producer = ProducerVersion;
        var names = new TensorFlowNames(graph);
        foreach ((Graph.Protos.NodeDef written, NodeDef node) in proto.Node.Zip(graph.Nodes))
        {
            foreach (string unknown in node.Attributes.Keys.Except(TensorFlowOps.Known(node)!))
                written.Attr.Remove(unknown);
            written.Name = names.Of(node);
            for (int i = 0; i < node.Inputs.Count; i++)
                written.Input[i] = names.Of(node.Inputs[i]);
        }
        return proto;
    }

    /// <summary>Writes a SavedModel, without variables: a new folder, or in place of a SavedModel.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="classNames">Names of the scores, one a line in <c>assets/labels.txt</c>.</param>
    /// <param name="folder">The SavedModel.</param>
    /// <exception cref="GraphException">The graph holds what TensorFlow 2.3 did not know.</exception>
    /// <exception cref="InvalidOperationException">It is of 2 GiB or more.</exception>
    /// <exception cref="IOException">
    /// The folder holds something else than a SavedModel, or cannot be written.
    /// </exception>
    public static void WriteSavedModel(FrozenGraph graph, IReadOnlyList<string> classNames, string folder)
    {
        SavedModel model = ToSavedModel(graph);
        SavedModelFolder.Replace(folder, target =>
        {
            using (var stream = new FileStream(Path.Combine(target, SavedModelFolder.ModelFile), FileMode.CreateNew))
                model.WriteTo(stream);
            string assets = Path.Combine(target, "assets");
            Directory.CreateDirectory(assets);
            File.WriteAllText(Path.Combine(assets, Labels),
                string.Concat(classNames.Select(name => name.ReplaceLineEndings(" ") + "\n")));
        });
    }

    private static SavedModel ToSavedModel(FrozenGraph graph)
    {
        var signature = new SignatureDef { MethodName = Method };
        signature.Inputs.Add(Image, Describe(graph.Image));
        signature.Outputs.Add(Scores, Describe(graph.Scores));
        var meta = new MetaGraphDef
        {
            MetaInfoDef = new() { TensorflowVersion = Version, Tags = { Tag } },
            GraphDef = ToGraphDef(graph),
            SignatureDef = { [Signature] = signature },
        };
        return new() { SavedModelSchemaVersion = 1, MetaGraphs = { meta } };
    }

    private static TensorInfo Describe(NodeOutput tensor) => new()
    {
        Name = $"{tensor.Node.Name}:{tensor.Port}",
        Dtype = (Graph.Protos.DataType)tensor.Type,
        TensorShape = AttributeProto.ToProto(tensor.Shape),
    };

    private static void Check(NetworkGraph graph)
    {
        string[] unknown = [.. graph.Nodes.Where(n => TensorFlowOps.Known(n) is null).Select(n => n.ToString())];
        if (unknown.Length > 0)
            throw new GraphException("The network cannot be written for TensorFlow: version 2.3 has no such ops, or no "
                + $"such forms of them: {string.Join(", ", unknown)}.");
        long bytes = graph.Nodes.Where(n => n.Op == "Const").Sum(n => n.Outputs[0].ByteLength);
        if (bytes > MostBytes)
            throw new InvalidOperationException($"The network cannot be written for TensorFlow: its weights are "
                + $"{bytes:N0} bytes, and a GraphDef holds less than 2 GiB.");
    }
}
