using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels.Elementwise;
using Microsoft.ML.CnnZoo.Kernels.Vectors;

namespace Microsoft.ML.CnnZoo.Kernels.Product;

/// <summary>An activation at the end of a fused kernel.</summary>
internal enum FusedActivation
{
    /// <summary>None.</summary>
    Identity,
    /// <summary>max(x, 0).</summary>
    Relu,
    /// <summary>min(max(x, 0), 6).</summary>
    Relu6,
    /// <summary>Hyperbolic tangent.</summary>
    Tanh,
    /// <summary>Logistic function.</summary>
    Sigmoid,
}

/// <summary>
/// Applied to a block of a product while it is still in the cache: + bias, + side tensor, activation.
/// </summary>
internal sealed unsafe class GemmEpilogue
{
    private readonly FusedActivation _activation;
    private readonly bool _hasBias;

    private GemmEpilogue(bool hasBias, bool hasSide, FusedActivation activation) =>
        (_hasBias, HasSide, _activation) = (hasBias, hasSide, activation);

    /// <summary>Whether a tensor of the output's shape is added.</summary>
    public bool HasSide { get; }

    /// <summary>Bias of column 0 of the product.</summary>
    public float* Bias { get; set; }

    /// <summary>Side tensor's element (0, 0), with the product's row stride.</summary>
    public float* Side { get; set; }

    /// <summary>
    /// From <c>fused_ops</c>: BiasAdd, optional Add, optional activation; null for a node without them.
    /// </summary>
    public static GemmEpilogue? From(KernelRequest request)
    {
        if (!request.Node.Op.StartsWith("_Fused", StringComparison.Ordinal))
            return null;
        var activation = FusedActivation.Identity;
        bool bias = false, side = false;
        foreach (string op in request.Attribute("fused_ops").Strings)
            if (op == "BiasAdd")
                bias = true;
            else if (op == "Add")
                side = true;
            else
                activation = Enum.Parse<FusedActivation>(op);
        return new GemmEpilogue(bias, side, activation);
    }

    /// <summary>
    /// Applies the epilogue to rows [row, …) and columns [column, …) of the product at <paramref name="c"/> (its
    /// element (0, 0)).
    /// </summary>
    public void Apply(float* c, nint ldc, int row, int rows, int column, int columns)
    {
        for (int i = row; i < row + rows; i++)
        {
            float* y = c + (i * ldc) + column;
            if (_hasBias)
                FloatSpans.Add(y, Bias + column, columns);
            if (HasSide)
                FloatSpans.Add(y, Side + (i * ldc) + column, columns);
            Activate(y, columns);
        }
    }

    private void Activate(float* y, int n)
    {
        switch (_activation)
        {
            case FusedActivation.Relu:
                ElementwiseLoops.Map<ReluOperator>(y, y, n);
                break;
            case FusedActivation.Relu6:
                ElementwiseLoops.Map<Relu6Operator>(y, y, n);
                break;
            case FusedActivation.Tanh:
                ElementwiseLoops.Map<TanhOperator>(y, y, n);
                break;
            case FusedActivation.Sigmoid:
                ElementwiseLoops.Map<SigmoidOperator>(y, y, n);
                break;
        }
    }
}
