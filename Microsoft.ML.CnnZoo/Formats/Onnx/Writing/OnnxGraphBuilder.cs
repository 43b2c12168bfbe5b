using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using static Microsoft.ML.CnnZoo.Formats.Onnx.Protos.TensorProto.Types;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>Collects an ONNX graph: nodes in topological order, initializers and shapes, all under unique names.</summary>
/// <param name="opset">Version of the operators that nodes are written for, 11 or more.</param>
internal sealed class OnnxGraphBuilder(int opset)
{
    /// <summary>The name of the unknown batch size.</summary>
    public const string Batch = "batch";

    // Protocol buffers hold 2 GiB; the rest is for nodes, names and shapes.
    private const long MostInitializerBytes = int.MaxValue - (64L << 20);

    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private long _initializerBytes;

    /// <summary>Version of the operators.</summary>
    public int Opset { get; } = opset;

    /// <summary>The graph so far.</summary>
    public GraphProto Graph { get; } = new();

    /// <summary>Sets a name aside, with a number behind it where it is taken.</summary>
    public string Reserve(string name)
    {
        string candidate = name;
        for (int n = 1; !_names.Add(candidate); n++)
            candidate = $"{name}_{n}";
        return candidate;
    }

    /// <summary>Adds a node with one output, which has the node's name.</summary>
    /// <returns>The output's name.</returns>
    public string Add(string op, string name, IEnumerable<string> inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { Name = Reserve(name), OpType = op };
        node.Input.AddRange(inputs);
        node.Output.Add(node.Name);
        foreach (AttributeProto attribute in attributes)
            node.Attribute.Add(attribute);
        Graph.Node.Add(node);
        return node.Name;
    }

    /// <summary>Adds a constant of floats.</summary>
    /// <returns>Its name.</returns>
    /// <exception cref="InvalidOperationException">The file would exceed 2 GiB.</exception>
    public string AddInitializer(string name, IEnumerable<int> dimensions, float[] values) =>
        AddInitializer(name, DataType.Float, dimensions, MemoryMarshal.AsBytes<float>(values));

    /// <summary>Adds a vector of integers.</summary>
    /// <returns>Its name.</returns>
    public string AddInitializer(string name, IEnumerable<long> values)
    {
        long[] all = [.. values];
        return AddInitializer(name, DataType.Int64, [all.Length], MemoryMarshal.AsBytes<long>(all));
    }

    /// <summary>Adds a scalar.</summary>
    /// <returns>Its name.</returns>
    public string AddScalar(string name, float value) => AddInitializer(name, [], [value]);

    /// <summary>States type and shape of a tensor inside the graph.</summary>
    public void Describe(string name, DataType type, IEnumerable<int> dimensions) =>
        Graph.ValueInfo.Add(ValueInfo(name, type, dimensions));

    /// <summary>A tensor's name, type and shape; an unknown dimension is the batch.</summary>
    public static ValueInfoProto ValueInfo(string name, DataType type, IEnumerable<int> dimensions)
    {
        var shape = new TensorShapeProto();
        foreach (int d in dimensions)
            shape.Dim.Add(d < 0 ? new TensorShapeProto.Types.Dimension { DimParam = Batch }
                : new TensorShapeProto.Types.Dimension { DimValue = d });
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    /// <summary>Gives a tensor another name, which was set aside for it.</summary>
    public void Rename(string tensor, string name)
    {
        foreach (NodeProto node in Graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
                if (node.Input[i] == tensor)
                    node.Input[i] = name;
            for (int i = 0; i < node.Output.Count; i++)
                if (node.Output[i] == tensor)
                    node.Output[i] = name;
        }
        foreach (ValueInfoProto value in Graph.ValueInfo.Where(v => v.Name == tensor))
            value.Name = name;
    }

    private string AddInitializer(string name, DataType type, IEnumerable<int> dimensions, ReadOnlySpan<byte> bytes)
    {
        _initializerBytes += bytes.Length;
        if (_initializerBytes > MostInitializerBytes)
            throw new InvalidOperationException("The network cannot be written as ONNX: its weights take more than 2 GiB "
                + "(with the graph), which is all that an ONNX file can hold.");
        var tensor = new TensorProto { Name = Reserve(name), DataType = (int)type, RawData = ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(dimensions.Select(d => (long)d));
        Graph.Initializer.Add(tensor);
        return tensor.Name;
    }
}
