using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Onnx;

/// <summary>What a model's structure must satisfy, as ONNX's checker asks, and a little more.</summary>
internal static class OnnxChecker
{
    // Attributes that opset 17 has, by operator. consumed_inputs, is_test, spatial and their like are gone.
    private static readonly Dictionary<string, string[]> Attributes = new()
    {
        ["Conv"] = ["kernel_shape", "strides", "pads", "dilations", "group"],
        ["MaxPool"] = ["kernel_shape", "strides", "pads"], ["AveragePool"] = ["kernel_shape", "strides", "pads"],
        ["BatchNormalization"] = ["epsilon"], ["LRN"] = ["size", "alpha", "beta", "bias"], ["LeakyRelu"] = ["alpha"],
        ["Gemm"] = ["transA", "transB"], ["Flatten"] = ["axis"], ["Concat"] = ["axis"], ["Transpose"] = ["perm"],
        ["Softmax"] = ["axis"], ["LogSoftmax"] = ["axis"], ["ArgMax"] = ["axis", "keepdims"], ["Pad"] = ["mode"],
        ["ReduceMean"] = ["axes", "keepdims"], ["ReduceMax"] = ["axes", "keepdims"],
        ["ReduceMin"] = ["axes", "keepdims"], ["ReduceSum"] = ["keepdims"],
    };

    private static readonly string[] WithoutAttributes =
    [
        "Abs", "Add", "Clip", "Div", "Elu", "Erf", "Exp", "Expand", "Floor", "GlobalAveragePool", "GlobalMaxPool", "Log",
        "Max", "Min", "Mul", "Neg", "Pow", "Reciprocal", "Relu", "Reshape", "Selu", "Sigmoid", "Sign", "Slice", "Softplus",
        "Softsign", "Sqrt", "Sub", "Sum", "Tanh", "Tile",
    ];

    /// <summary>Asserts.</summary>
    public static void Check(ModelProto model)
    {
        Assert.Equal(8, model.IrVersion);
        Assert.Equal(("", 17L), (Assert.Single(model.OpsetImport).Domain, model.OpsetImport[0].Version));
        Assert.Equal(model.MetadataProps.Count, model.MetadataProps.Select(p => p.Key).Distinct().Count());
        GraphProto graph = model.Graph;
        Assert.NotEmpty(graph.Name);
        Assert.Equal(graph.Node.Count, graph.Node.Select(n => n.Name).Distinct().Count());
        var defined = new HashSet<string>();
        foreach (string name in graph.Input.Select(i => i.Name).Concat(graph.Initializer.Select(i => i.Name)))
            Assert.True(name.Length > 0 && defined.Add(name), $"'{name}' is defined twice");
        var described = graph.ValueInfo.Concat(graph.Output).ToDictionary(v => v.Name);
        var used = new HashSet<string>(graph.Output.Select(o => o.Name));
        foreach (NodeProto node in graph.Node)
        {
            Assert.All(node.Input, i => Assert.True(defined.Contains(i), $"{node.Name} reads '{i}' before it is there"));
            used.UnionWith(node.Input);
            CheckNode(node);
            string output = Assert.Single(node.Output);
            Assert.True(defined.Add(output), $"'{output}' is defined twice");
            Assert.True(described.ContainsKey(output), $"'{output}' has no shape");
        }
        Assert.All(defined, name => Assert.True(used.Contains(name), $"nobody reads '{name}'"));
        foreach (ValueInfoProto value in described.Values.Concat(graph.Input))
            CheckValue(value, defined);
        foreach (TensorProto tensor in graph.Initializer)
            Assert.Equal(tensor.Dims.Aggregate(1L, (p, d) => p * d) * (tensor.DataType == 1 ? 4 : 8), tensor.RawData.Length);
    }

    private static void CheckNode(NodeProto node)
    {
        Assert.Equal("", node.Domain);
        string[] allowed = Attributes.GetValueOrDefault(node.OpType, []);
        Assert.True(allowed.Length > 0 || WithoutAttributes.Contains(node.OpType), $"{node.OpType} is not of opset 17");
        Assert.All(node.Attribute, a => Assert.Contains(a.Name, allowed));
        Assert.Equal(node.Attribute.Count, node.Attribute.Select(a => a.Name).Distinct().Count());
        Assert.All(node.Attribute, a => Assert.NotEqual(AttributeProto.Types.AttributeType.Undefined, a.Type));
    }

    private static void CheckValue(ValueInfoProto value, HashSet<string> defined)
    {
        Assert.Contains(value.Name, defined);
        TypeProto.Types.Tensor tensor = value.Type.TensorType;
        Assert.Contains(tensor.ElemType, new[] { 1, 7 });
        Assert.All(tensor.Shape.Dim.Index(), d =>
        {
            if (d.Item.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam)
                Assert.Equal((0, "batch"), (d.Index, d.Item.DimParam));
            else
                Assert.True(d.Item.DimValue > 0);
        });
    }
}
