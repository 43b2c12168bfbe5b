namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>
/// The attribute <c>fused_ops</c> of the fused ops: "BiasAdd", then "Add" or nothing, then one activation or nothing.
/// </summary>
internal static class FusedOps
{
    /// <summary>Index of the side tensor: after two operands and the bias.</summary>
    public const int SideInput = 3;

    private static readonly string[] Activations = ["Relu", "Relu6", "Tanh", "Sigmoid"];

    /// <summary>The attributes that the fused ops share.</summary>
    public static AttributeSpec[] Schema =>
    [
        new("num_args", AttributeKind.Int), new("fused_ops", AttributeKind.StringList, AttributeValue.OfStrings()),
        new("epsilon", AttributeKind.Float, AttributeValue.Of(0.0001f)),
        new("leakyrelu_alpha", AttributeKind.Float, AttributeValue.Of(0.2f)),
    ];

    /// <summary>Whether a node adds a side tensor.</summary>
    public static bool AddsSideTensor(NodeDef node) => node.Attributes["fused_ops"].Strings.Contains("Add");

    /// <summary>Checks the sequence of ops and that the arguments fit it.</summary>
    public static void Check(in ShapeContext c, TensorSpec output)
    {
        System.Collections.Immutable.ImmutableArray<string> ops = c.Attribute("fused_ops").Strings;
        bool adds = ops.Length > 1 && ops[1] == "Add";
        int activation = adds ? 2 : 1;
        if (ops.Length == 0 || ops[0] != "BiasAdd" || ops.Length > activation + 1
            || (ops.Length == activation + 1 && !Activations.Contains(ops[activation])))
            throw c.Error($"'fused_ops' must be BiasAdd, then optionally Add, then optionally one of " +
                $"{string.Join(", ", Activations)}; received {c.Attribute("fused_ops")}");
        int arguments = c.Inputs.Count - 2;
        if (c.Attribute("num_args").Int != arguments || arguments != (adds ? 2 : 1))
            throw c.Error($"'fused_ops' {c.Attribute("fused_ops")} needs {(adds ? 2 : 1)} arguments, received " +
                $"{arguments} with 'num_args' {c.Attribute("num_args")}");
        c.RequireShape(2, new TensorShape(output.Shape[^1]));
        if (adds)
            c.RequireShape(SideInput, output.Shape);
    }
}
