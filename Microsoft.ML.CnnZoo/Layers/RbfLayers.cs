using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>Euclidean radial basis functions.</summary>
internal static class RbfLayers
{
    /// <summary>
    /// One penalty per class: the squared distance from the class's fixed code, yᵢ = Σⱼ (xⱼ − codeᵢⱼ)². LeCun et al.
    /// 1998, equation 7. The smallest penalty is the most likely class.
    /// </summary>
    /// <remarks>
    /// Variable <c>name/code</c> [classes, in], ±1, drawn once and never trained; the paper's are 7×12 bitmaps of the
    /// characters.
    /// </remarks>
    /// <param name="g">The graph.</param>
    /// <param name="x">Features [N,in].</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="name">The layer's scope.</param>
    /// <returns>[N,classes].</returns>
    public static NodeOutput RbfOutput(this GraphBuilder g, NodeOutput x, int classes, string name)
    {
        using (g.Scope(name))
        {
            NodeOutput code = g.Variable("code", x.Type, new TensorShape(classes, x.Channels), VariableRole.Fixed,
                Initializer.RandomSigns);
            NodeOutput rows = g.AddNode("ExpandDims", [x, g.Constant(TensorLiteral.Scalar(1), "axis")],
                name: "ExpandDims").Output();
            NodeOutput squares = g.AddNode("SquaredDifference", [rows, code], name: "SquaredDifference").Output();
            return g.AddNode("Sum", [squares, g.Constant(TensorLiteral.Vector(2), "features")], name: "Sum").Output();
        }
    }
}
