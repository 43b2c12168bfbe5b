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
/// What a fused kernel does with a product while it is in registers or in the cache: + bias, + side tensor, activation.
/// </summary>
internal sealed unsafe class ProductEpilogue
{
    private readonly FusedActivation _activation;
    private readonly bool _hasBias;
    private readonly int _sideRow;

    private ProductEpilogue()
    {
    }

    private ProductEpilogue(KernelRequest request)
    {
        if (!request.Node.Op.StartsWith("_Fused", StringComparison.Ordinal))
            return;
        foreach (string op in request.Attribute("fused_ops").Strings)
            if (op == "BiasAdd")
                _hasBias = true;
            else if (op == "Add")
                (HasSide, _sideRow) = (true, request.Inputs[3].Pitch);
            else
                _activation = Enum.Parse<FusedActivation>(op);
    }

    /// <summary>
    /// From <c>fused_ops</c>: BiasAdd, optional Add, optional activation; a node without them has an empty one.
    /// </summary>
    public static ProductEpilogue From(KernelRequest request) => new(request);

    /// <summary>Nothing.</summary>
    public static ProductEpilogue None { get; } = new();

    /// <summary>Whether a tensor of the product's shape is added.</summary>
    public bool HasSide { get; }

    /// <summary>Whether there is something that <see cref="Finish"/> cannot do: tanh and the logistic function.</summary>
    public bool HasCurve => _activation is FusedActivation.Tanh or FusedActivation.Sigmoid;

    /// <summary>The bias of the product's first column; null for none.</summary>
    public float* Bias { get; set; }

    /// <summary>The side tensor's element that belongs to the product's first; null for none.</summary>
    public float* Side { get; set; }

    /// <summary>Sets the addresses of one run.</summary>
    /// <param name="bias">The node's third input, or null.</param>
    /// <param name="side">Its fourth input, or null.</param>
    /// <param name="column">The first column of the product.</param>
    public void Begin(float* bias, float* side, int column)
    {
        Bias = _hasBias ? bias + column : null;
        Side = HasSide ? side + column : null;
    }

    /// <summary>What a tile does with its sums, but for bias and side tensor.</summary>
    public TileFinish Finish => new()
    {
        SideRow = _sideRow, Clamps = _activation is FusedActivation.Relu or FusedActivation.Relu6,
        Ceiling = _activation == FusedActivation.Relu6 ? 6 : float.PositiveInfinity,
    };

    /// <summary>
    /// Applies all of it to rows [row, …) and columns [column, …) of the product at <paramref name="c"/> (its element
    /// (0, 0)).
    /// </summary>
    public void Apply(float* c, nint ldc, int row, int rows, int column, int columns)
    {
        for (int i = row; i < row + rows; i++)
        {
            float* y = c + (i * ldc) + column;
            if (HasSide)
                FloatSpans.Add(y, Side + ((nint)i * _sideRow) + column, columns);
            if (_hasBias)
                FloatSpans.Add(y, Bias + column, columns);
            if (_activation == FusedActivation.Relu)
                ElementwiseLoops.Map<ReluOperator>(y, y, columns);
            else if (_activation == FusedActivation.Relu6)
                ElementwiseLoops.Map<Relu6Operator>(y, y, columns);
            else
                Bend(y, columns);
        }
    }

    /// <summary>Applies what <see cref="Finish"/> cannot.</summary>
    public void Bend(float* y, long n)
    {
        if (_activation == FusedActivation.Tanh)
            ElementwiseLoops.Map<TanhOperator>(y, y, n);
        else if (_activation == FusedActivation.Sigmoid)
            ElementwiseLoops.Map<SigmoidOperator>(y, y, n);
    }
}
