using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo;

/// <summary>The part of the image that one element of a layer's output can depend on.</summary>
/// <remarks>
/// A window of k pixels with dilation d widens a field of size r and stride s to r + (k−1)·d·s, and multiplies s by its
/// own stride. Where branches join, the largest counts. Padding is not taken off: a field may be larger than the image.
/// Global pooling, flattening and dense layers see the whole image: its size is then field and stride.
/// </remarks>
/// <param name="Height">Rows, ≥ 1.</param>
/// <param name="Width">Columns, ≥ 1.</param>
/// <param name="StrideHeight">Rows of the image between neighboring outputs, ≥ 1.</param>
/// <param name="StrideWidth">Columns of the image between neighboring outputs, ≥ 1.</param>
/// <param name="IsWholeImage">Whether every output sees all pixels.</param>
public readonly record struct ReceptiveField(int Height, int Width, int StrideHeight, int StrideWidth,
    bool IsWholeImage = false)
{
    /// <summary>The longer side.</summary>
    public int Size => Math.Max(Height, Width);

    /// <summary>The longer step.</summary>
    public int Stride => Math.Max(StrideHeight, StrideWidth);

    /// <summary>For example <c>196x196/16</c>, or <c>image</c>.</summary>
    public override string ToString() => IsWholeImage ? "image"
        : $"{Height}x{Width}/{(StrideHeight == StrideWidth ? $"{StrideHeight}" : $"{StrideHeight},{StrideWidth}")}";

    /// <summary>The receptive fields of all nodes that depend on an image: a placeholder of rank 4.</summary>
    /// <param name="graph">Any graph.</param>
    /// <returns>One entry for each node between the image and an output; weights and shapes have none.</returns>
    public static IReadOnlyDictionary<NodeDef, ReceptiveField> Of(NetworkGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var fields = new Dictionary<NodeDef, ReceptiveField>();
        ReceptiveField whole = default;
        foreach (NodeDef node in graph.Nodes.Where(n => n.Outputs.Count > 0 && n.Op != "Shape"))
        {
            TensorShape shape = node.Outputs[0].Shape;
            if (node.Op == "Placeholder" && shape.Rank == 4)
            {
                whole = new(shape[1], shape[2], shape[1], shape[2], IsWholeImage: true);
                fields[node] = new(1, 1, 1, 1);
                continue;
            }
            List<NodeOutput> inputs = [.. node.Inputs.Where(i => fields.ContainsKey(i.Node))];
            if (inputs.Count == 0)
                continue;
            ReceptiveField widest = inputs.Select(i => fields[i.Node]).Aggregate(Widest);
            fields[node] = widest.IsWholeImage || shape.Rank != 4 ? whole : widest.Through(node, whole);
        }
        return fields;
    }

    private static ReceptiveField Widest(ReceptiveField a, ReceptiveField b) =>
        a.IsWholeImage || b.IsWholeImage ? (a.IsWholeImage ? a : b)
        : new(Math.Max(a.Height, b.Height), Math.Max(a.Width, b.Width), Math.Max(a.StrideHeight, b.StrideHeight),
            Math.Max(a.StrideWidth, b.StrideWidth));

    private ReceptiveField Through(NodeDef node, ReceptiveField whole)
    {
        switch (node.Op)
        {
            case "Conv2D" or "_FusedConv2D" or "DepthwiseConv2dNative":
                Conv2DAttributes convolution = Conv2DAttributes.From(node);
                TensorShape kernel = node.Inputs[1].Shape;
                return Window((kernel[0] - 1) * convolution.DilationHeight, (kernel[1] - 1) * convolution.DilationWidth,
                    convolution.StrideHeight, convolution.StrideWidth);
            case "MaxPool" or "AvgPool":
                Pool2DAttributes pool = Pool2DAttributes.From(node);
                return Window(pool.WindowHeight - 1, pool.WindowWidth - 1, pool.StrideHeight, pool.StrideWidth);
            case "StridedSlice":
                long[] steps = node.ConstantInput(3);
                return Window(0, 0, (int)steps[1], (int)steps[2]);
            case "Mean":
                long[] axes = node.ConstantInput(1);
                (bool rows, bool columns) = (axes.Contains(1), axes.Contains(2));
                return rows && columns ? whole : Window(rows ? node.Inputs[0].Height - 1 : 0, columns
                    ? node.Inputs[0].Width - 1 : 0, 1, 1);
            default:
                return this;
        }
    }

    /// <summary>The field after a window that reaches so many pixels beyond its first.</summary>
    private ReceptiveField Window(int reachHeight, int reachWidth, int stepHeight, int stepWidth) =>
        new(Height + (reachHeight * StrideHeight), Width + (reachWidth * StrideWidth), StrideHeight * stepHeight,
            StrideWidth * stepWidth);
}
