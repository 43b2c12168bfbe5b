using Google.Protobuf;

namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>
/// TensorFlow's <c>GraphDef</c>: the serialized form of graphs, for TensorFlow, TensorFlow.NET, Netron and ML.NET's
/// LoadTensorFlowModel.
/// </summary>
/// <remarks>
/// Lossless for graphs written here: node order, ports, control inputs, all attributes. Properties of variables that
/// TensorFlow has no attributes for (role, initializer, parameter count) are stored in attributes of <c>VarHandleOp</c>
/// that begin with an underscore, which TensorFlow ignores. Values of variables are not stored.
/// </remarks>
public static class GraphDefFormat
{
    /// <summary>Serializes a graph.</summary>
    public static byte[] Write(NetworkGraph graph) => GraphDefWriter.ToProto(graph).ToByteArray();

    /// <summary>Serializes a graph to a stream.</summary>
    public static void Write(NetworkGraph graph, Stream stream) => GraphDefWriter.ToProto(graph).WriteTo(stream);

    /// <summary>Reads a serialized graph; its nodes may be in any order.</summary>
    /// <exception cref="GraphException">The bytes are not a GraphDef, or it holds an unsupported op, attribute, type or
    /// shape, or its nodes do not fit together.</exception>
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
