using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>An imported network in the model file: its graph without weights, so that the file it came from need not be
/// there.</summary>
internal static class ImportedArchitectureFile
{
    private const int MostBytes = 1 << 28;

    /// <summary>Writes whether the network is imported, and if so its graph.</summary>
    public static void Write(BinaryWriter writer, CnnArchitecture architecture)
    {
        var imported = architecture as ImportedArchitecture;
        writer.Write(imported is not null);
        if (imported is null)
            return;
        byte[] graph = GraphDefFormat.Write(imported.Network.Graph);
        writer.Write(graph.Length);
        writer.Write(graph);
        writer.Write(imported.Network.Output.Node.Name);
        writer.Write(imported.Network.Classifier?.Name ?? "");
        writer.Write((int)imported.Preprocessing.Order);
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null for a network that is not imported.</summary>
    /// <exception cref="InvalidDataException">The graph is damaged.</exception>
    public static CnnArchitecture? Read(BinaryReader reader, string name)
    {
        if (!reader.ReadBoolean())
            return null;
        int length = reader.ReadInt32();
        if (length is < 1 or > MostBytes)
            throw CnnModelFile.Damaged(CnnModelFile.Block, $"its graph has {length} bytes");
        byte[] bytes = reader.ReadBytes(length);
        if (bytes.Length < length)
            throw new EndOfStreamException();
        NetworkGraph graph;
        try
        {
            graph = GraphDefFormat.Read(bytes);
        }
        catch (GraphException e)
        {
            throw CnnModelFile.Damaged(CnnModelFile.Block, $"its graph: {e.Message.TrimEnd('.')}", e);
        }
        NodeDef output = Find(graph, reader.ReadString());
        string classifier = reader.ReadString();
        var order = (ChannelOrder)reader.ReadInt32();
        if (graph.Nodes.Count(n => n.Op == "Placeholder" && n.Outputs[0].Shape.Rank == 4) != 1
            || output.Outputs[0].Shape.Rank != 2 || !Enum.IsDefined(order))
            throw CnnModelFile.Damaged(CnnModelFile.Block, "its graph is no classifier of images");
        return new ImportedArchitecture(name, new ImportedNetwork(graph, output.Output(),
            classifier.Length > 0 ? Find(graph, classifier) : null))
        {
            Preprocessing = new ImagePreprocessing(PixelNormalization.Identity(1), order),
        };
    }

    private static NodeDef Find(NetworkGraph graph, string name) => graph.Find(name)
        ?? throw CnnModelFile.Damaged(CnnModelFile.Block, $"its graph has no node '{name}'");
}
