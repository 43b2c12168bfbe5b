using Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using GraphProtos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow;

/// <summary>
/// Reads convolutional networks from TensorFlow's files: frozen GraphDefs, and SavedModels of TensorFlow 1 and 2 with
/// their variables.
/// </summary>
internal static class TensorFlowReader
{
    private const long GreatestLabelFile = 1 << 24;

    /// <summary>Reads a network.</summary>
    /// <param name="path">A GraphDef (<c>.pb</c>), a SavedModel's folder, or its <c>saved_model.pb</c>.</param>
    /// <param name="signature">A SavedModel's signature; null for <c>serving_default</c>, or the only one.</param>
    /// <param name="image">The images' size where the file leaves it open.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or holds what is not supported: all of it is listed.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no such file, or a part of the SavedModel is missing.
    /// </exception>
    public static FrozenNetwork Read(string path, string? signature = null, ImageShape? image = null) =>
        Read(path, () => NetworkSource.Open(path, signature), image);

    /// <summary>Reads a network from a graph in memory.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="origin">Where it comes from, for messages.</param>
    /// <param name="image">The images' size where the graph leaves it open.</param>
    /// <exception cref="InvalidDataException">As for a file.</exception>
    public static FrozenNetwork Read(GraphProtos.GraphDef graph, string origin, ImageShape? image = null) =>
        Read(origin, () => NetworkSource.Of(graph, origin), image);

    private static FrozenNetwork Read(string origin, Func<NetworkSource> open, ImageShape? image)
    {
        try
        {
            return Read(open(), image);
        }
        catch (GraphException e)
        {
            throw new InvalidDataException($"'{origin}' cannot be read: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static FrozenNetwork Read(NetworkSource source, ImageShape? image)
    {
        var lowering = new GraphLowering(source.Variables, source.Shapes, image);
        var interpreter = new GraphInterpreter(source.Graph, lowering);
        (_, string main) = source.Outputs is [var first, ..] ? first
            : throw new GraphException("it has no outputs");
        Value result = interpreter.Evaluate(main);
        if (!lowering.Problems.IsEmpty)
            throw lowering.Problems.ToException(source.Path);
        if (result is not TensorValue output || lowering.Input is not (ImageValue Image, NodeOutput Tensor) input)
            throw new GraphException($"its output '{main}' does not depend on an image");
        var outputs = new List<(string Key, string Tensor, NodeOutput Output)>
        {
            (source.Outputs[0].Key, main, output.Tensor),
        };
        foreach ((string key, string tensor) in source.Outputs.Skip(1))
            if (TryEvaluate(interpreter, tensor) is TensorValue further)
                outputs.Add((key, tensor, further.Tensor));
        Dictionary<NodeDef, NodeDef> copies = Prune(lowering.Builder, [.. outputs.Select(o => o.Output), input.Tensor],
            out NetworkGraph graph);
        var names = new TensorNames(copies);
        foreach (Frame frame in interpreter.Frames)
            names.Add(frame, input.Image, input.Tensor);
        foreach ((string key, string tensor) in source.Inputs)
            if (TensorReference.Parse(tensor).Node == TensorReference.Parse(input.Image.Tensor).Node)
                names.Add(key, input.Tensor);
        foreach ((string key, string tensor, NodeOutput further) in outputs)
        {
            names.Add(tensor, further);
            names.Add(key, further);
        }
        FileTensor scores = names.Of(main, output.Tensor);
        return new FrozenNetwork
        {
            Origin = source.Path, Graph = graph, Tensors = names.All, Output = scores,
            Input = names.Of(input.Image.Tensor, input.Tensor) with
            {
                Axes = input.Image.ChannelsFirst ? [0, 3, 1, 2] : [0, 1, 2, 3],
            },
            Labels = ReadLabels(source.LabelFiles, scores.Tensor),
        };
    }

    private static Value? TryEvaluate(GraphInterpreter interpreter, string tensor)
    {
        try
        {
            return interpreter.Evaluate(tensor);
        }
        catch (GraphException)
        {
            return null; // an output beside the main one, which the network does not need
        }
    }

    /// <summary>The graph of what some tensors depend on.</summary>
    private static Dictionary<NodeDef, NodeDef> Prune(GraphBuilder builder, IReadOnlyList<NodeOutput> tensors,
        out NetworkGraph graph)
    {
        HashSet<NodeDef> needed = [.. tensors.Select(t => t.Node)];
        foreach (NodeDef node in builder.Nodes.Reverse())
            if (needed.Contains(node))
                needed.UnionWith(node.Inputs.Select(i => i.Node));
        var pruned = new GraphBuilder();
        var copies = new Dictionary<NodeDef, NodeDef>();
        foreach (NodeDef node in builder.Nodes.Where(needed.Contains))
            copies.Add(node, pruned.Add(OpCatalog.Get(node.Op), node.Name,
                [.. node.Inputs.Select(i => copies[i.Node].Output(i.Port))], node.Attributes, []));
        graph = pruned.ToGraph();
        return copies;
    }

    /// <summary>Class names from a text file with one line per class.</summary>
    private static string[]? ReadLabels(IReadOnlyList<string> files, NodeOutput scores)
    {
        foreach (string file in files)
        {
            if (new FileInfo(file).Length > GreatestLabelFile || scores.Shape.Rank < 2)
                continue;
            string[] lines = [.. File.ReadLines(file).Select(l => l.Trim())];
            int count = lines.Length;
            while (count > 0 && lines[count - 1].Length == 0)
                count--;
            if (count == scores.Channels && lines.Take(count).Distinct(StringComparer.Ordinal).Count() == count)
                return lines[..count];
        }
        return null;
    }
}
