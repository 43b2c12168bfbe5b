using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>Pointwise non-linearities.</summary>
internal enum ActivationKind
{
    /// <summary>y = x.</summary>
    Linear,
    /// <summary>y = max(x, 0).</summary>
    Relu,
    /// <summary>y = min(max(x, 0), 6).</summary>
    Relu6,
    /// <summary>y = tanh x.</summary>
    Tanh,
    /// <summary>y = 1/(1 + e⁻ˣ).</summary>
    Sigmoid,
    /// <summary>y = 1.7159·tanh(2x/3). LeCun et al. 1998, appendix A.</summary>
    ScaledTanh,
}

/// <summary>Activations, sums and concatenations.</summary>
internal static class ActivationLayers
{
    /// <summary>The activation of that kind.</summary>
    public static NodeOutput Activation(
        this GraphBuilder g, NodeOutput x, ActivationKind kind, string name) => kind switch
    {
        ActivationKind.Linear => x,
        ActivationKind.Relu => g.Pointwise("Relu", x, name),
        ActivationKind.Relu6 => g.Pointwise("Relu6", x, name),
        ActivationKind.Tanh => g.Pointwise("Tanh", x, name),
        ActivationKind.Sigmoid => g.Pointwise("Sigmoid", x, name),
        ActivationKind.ScaledTanh => g.ScaledTanh(x, name),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>y = max(x, 0).</summary>
    public static NodeOutput Relu(this GraphBuilder g, NodeOutput x, string name) => g.Pointwise("Relu", x, name);

    /// <summary>y = min(max(x, 0), 6).</summary>
    public static NodeOutput Relu6(this GraphBuilder g, NodeOutput x, string name) => g.Pointwise("Relu6", x, name);

    /// <summary>y = tanh x.</summary>
    public static NodeOutput Tanh(this GraphBuilder g, NodeOutput x, string name) => g.Pointwise("Tanh", x, name);

    /// <summary>
    /// y = 1.7159·tanh(2x/3): f(1) = 1, f(−1) = −1, the greatest curvature at ±1. LeCun et al. 1998, appendix A.
    /// </summary>
    public static NodeOutput ScaledTanh(this GraphBuilder g, NodeOutput x, string name)
    {
        using (g.Scope(name))
        {
            NodeOutput inner = g.AddNode("Mul", [x, g.Constant(TensorLiteral.Scalar(2f / 3f), "slope")],
                name: "inner").Output();
            NodeOutput tanh = g.AddNode("Tanh", [inner], name: "Tanh").Output();
            return g.AddNode("Mul", [tanh, g.Constant(TensorLiteral.Scalar(1.7159f), "amplitude")],
                name: "Mul").Output();
        }
    }

    /// <summary>Probabilities over the last dimension.</summary>
    public static NodeOutput Softmax(this GraphBuilder g, NodeOutput x, string name) => g.Pointwise("Softmax", x, name);

    /// <summary>y = a + b: a residual's sum.</summary>
    public static NodeOutput Add(this GraphBuilder g, NodeOutput a, NodeOutput b, string name)
    {
        using (g.Scope(name))
            return g.AddNode("AddV2", [a, b], name: "AddV2").Output();
    }

    /// <summary>y = factor·x: a residual branch scaled down. Szegedy et al. 2016, arXiv:1602.07261, §3.3.</summary>
    public static NodeOutput Scale(this GraphBuilder g, NodeOutput x, float factor, string name)
    {
        using (g.Scope(name))
            return g.AddNode("Mul", [x, g.Constant(TensorLiteral.Scalar(factor), "factor")], name: "Mul").Output();
    }

    /// <summary>Concatenates images along their channels, in the given order.</summary>
    /// <returns>[N,H,W,ΣC].</returns>
    public static NodeOutput Concat(this GraphBuilder g, IReadOnlyList<NodeOutput> inputs, string name)
    {
        using (g.Scope(name))
        {
            NodeOutput axis = g.Constant(TensorLiteral.Scalar(inputs[0].Shape.Rank - 1), "axis");
            return g.AddNode("ConcatV2", [.. inputs, axis], [new("N", AttributeValue.Of((long)inputs.Count))],
                "ConcatV2").Output();
        }
    }

    private static NodeOutput Pointwise(this GraphBuilder g, string op, NodeOutput x, string name)
    {
        using (g.Scope(name))
            return g.AddNode(op, [x], name: op).Output();
    }
}
