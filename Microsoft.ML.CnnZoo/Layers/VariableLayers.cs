using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>Shared by layers with variables.</summary>
internal static class VariableLayers
{
    /// <summary>The value of a variable named within the current scope.</summary>
    public static NodeOutput Variable(this GraphBuilder g, string name, DataType type, TensorShape shape,
        VariableRole role, Initializer initializer) =>
        g.ReadVariable(new VariableDefinition(g.FullName(name), new TensorSpec(type, shape), role, initializer));

    /// <summary>Adds a variable <c>bias</c>, one value per channel.</summary>
    public static NodeOutput AddBias(this GraphBuilder g, NodeOutput x, Initializer initializer) =>
        g.AddNode("BiasAdd",
            [x, g.Variable("bias", x.Type, new TensorShape(x.Channels), VariableRole.Bias, initializer)],
            name: "BiasAdd").Output();
}
