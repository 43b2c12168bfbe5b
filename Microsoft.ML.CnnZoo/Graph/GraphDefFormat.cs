using Google.Protobuf;

namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>TensorFlow's <c>GraphDef</c>: the serialized form of graphs, for TensorFlow, TensorFlow.NET, Netron and ML.NET's LoadTensorFlowModel.</summary>
/// <remarks>
/// Lossless for graphs written here: node order, ports, control inputs, all attributes. What a graph knows of its variables beyond TensorFlow's attributes (role, initializer,
/// parameter count) stands in attributes of <c>VarHandleOp</c> that begin with an underscore, which TensorFlow ignores. Values of variables are not part of it.
/// </remarks>
public static class GraphDefFormat
{
    /// <summary>Serializes a graph.</summary>
    public static byte[] Write(NetworkGraph graph) => GraphDefWriter.ToProto(graph).ToByteArray();

    /// <summary>Serializes a graph to a stream.</summary>
    public static void Write(NetworkGraph graph, Stream stream) => GraphDefWriter.ToProto(graph).WriteTo(stream);

    /// <summary>Reads a serialized graph; its nodes may stand in any order.</summary>
    /// <exception cref="GraphException">The bytes are no GraphDef, or it holds an op, attribute, type or shape that is not supported, or its nodes do not fit together.</exception>
    public static NetworkGraph Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return new GraphDefReader(Protos.GraphDef.Parser.ParseFrom(bytes)).Read();
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new GraphException($"The bytes are not a GraphDef: {e.Message}", e);
        }
    }

    /// <summary>Reads a serialized graph to the stream's end.</summary>
    /// <exception cref="GraphException">As for <see cref="Read(ReadOnlySpan{byte})"/>.</exception>
    public static NetworkGraph Read(Stream stream)
    {
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return Read(bytes.GetBuffer().AsSpan(0, checked((int)bytes.Length)));
    }
}
