namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>
/// Integer tensors whose value is known before running: constants and shapes. Shape rules and kernels read axes and
/// target shapes from it.
/// </summary>
internal static class ConstantValues
{
    /// <summary>
    /// The elements of an integer tensor, or null when they are known only at run time. Unknown dimensions read -1.
    /// </summary>
    public static long[]? TryGet(NodeOutput tensor) => TryGet(tensor, t => t.Shape);

    /// <summary>
    /// As <see cref="TryGet(NodeOutput)"/>, with other shapes for the tensors (of a compiled batch size).
    /// </summary>
    public static long[]? TryGet(NodeOutput tensor, Func<NodeOutput, TensorShape> shapeOf)
    {
        NodeDef node = tensor.Node;
        switch (node.Op)
        {
            case "Const":
                TensorLiteral value = node.Attributes["value"].Tensor;
                return value.Spec.Type switch
                {
                    DataType.Int32 => Array.ConvertAll(value.Values<int>().ToArray(), v => (long)v),
                    DataType.Int64 => value.Values<long>().ToArray(),
                    _ => null,
                };
            case "Shape":
                return Array.ConvertAll(shapeOf(node.Inputs[0]).Dimensions.ToArray(), d => (long)d);
            case "Identity":
                return TryGet(node.Inputs[0], shapeOf);
            default:
                return null;
        }
    }
}
