using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>Pooling.</summary>
internal static class PoolingLayers
{
    /// <summary>Maximum over each window; padded pixels are ignored.</summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="window">Size of the window.</param>
    /// <param name="strides">Pixels between outputs.</param>
    /// <param name="padding">SAME, VALID, explicit, or <see cref="CeilPadding"/> for Caffe's rounding.</param>
    /// <param name="name">The layer's scope.</param>
    /// <returns>[N,H',W',C].</returns>
    public static NodeOutput MaxPool2D(this GraphBuilder g, NodeOutput x, KernelSize window, int strides,
        Padding padding, string name) =>
        g.Pool("MaxPool", x, window, strides, padding, name);

    /// <summary>
    /// Mean over each window. With SAME only real pixels count; explicit padding adds zeros that do count (Caffe's and
    /// PyTorch's <c>count_include_pad</c>).
    /// </summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="window">Size of the window.</param>
    /// <param name="strides">Pixels between outputs.</param>
    /// <param name="padding">SAME, VALID or explicit.</param>
    /// <param name="name">The layer's scope.</param>
    /// <returns>[N,H',W',C].</returns>
    public static NodeOutput AveragePool2D(this GraphBuilder g, NodeOutput x, KernelSize window, int strides,
        Padding padding, string name)
    {
        if (padding.Kind != PaddingKind.Explicit)
            return g.Pool("AvgPool", x, window, strides, padding, name);
        return g.Pool("AvgPool", g.ZeroPadding2D(x, padding, $"{name}_padding"), window, strides, Padding.Valid, name);
    }

    /// <summary>Mean over height and width. Lin, Chen, Yan 2013, arXiv:1312.4400, §3.2.</summary>
    /// <returns>[N,C].</returns>
    public static NodeOutput GlobalAveragePool2D(this GraphBuilder g, NodeOutput x, string name)
    {
        using (g.Scope(name))
            return g.AddNode("Mean", [x, g.Constant(TensorLiteral.Vector(1, 2), "axes")], name: "Mean").Output();
    }

    /// <summary>
    /// Mean over bins of an image of any size; the result has a fixed size: bin i of n along an axis of size s covers
    /// pixels ⌊i·s/n⌋ … ⌈(i+1)·s/n⌉ − 1 (PyTorch's adaptive average pooling).
    /// </summary>
    /// <remarks>
    /// An <c>AvgPool</c> where the size divides evenly; slices, means and concatenations along each axis otherwise.
    /// </remarks>
    /// <param name="g">The graph.</param>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="size">Height and width of the result, ≥ 1.</param>
    /// <param name="name">The layer's scope.</param>
    /// <returns>[N,size.Height,size.Width,C].</returns>
    public static NodeOutput AdaptiveAveragePool2D(this GraphBuilder g, NodeOutput x, KernelSize size, string name)
    {
        if (x.Height % size.Height == 0 && x.Width % size.Width == 0 && x.Height / size.Height == x.Width / size.Width)
            return g.Pool("AvgPool", x, (x.Height / size.Height, x.Width / size.Width), x.Height / size.Height,
                Padding.Valid, name);
        using (g.Scope(name))
            return g.MeanOfBins(g.MeanOfBins(x, axis: 1, size.Height, "rows"), axis: 2, size.Width, "columns");
    }

    /// <summary>Pads an image with zeros.</summary>
    /// <returns>[N,H+top+bottom,W+left+right,C].</returns>
    public static NodeOutput ZeroPadding2D(this GraphBuilder g, NodeOutput x, Padding padding, string name)
    {
        using (g.Scope(name))
        {
            int[] pads = [0, 0, padding.Top, padding.Bottom, padding.Left, padding.Right, 0, 0];
            return g.AddNode("Pad", [x, g.Constant(TensorLiteral.Of<int>(new TensorShape(4, 2), pads), "paddings")],
                name: "Pad").Output();
        }
    }

    /// <summary>
    /// The explicit padding that rounds a pool's output up, as Caffe does (PyTorch's <c>ceil_mode</c>): a last window
    /// that starts inside the image or its padding is kept.
    /// </summary>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="window">Size of the window.</param>
    /// <param name="strides">Pixels between outputs.</param>
    /// <param name="pixels">Symmetric padding in addition.</param>
    public static Padding CeilPadding(NodeOutput x, KernelSize window, int strides, int pixels = 0)
    {
        int bottom = Overhang(x.Height, window.Height, strides, pixels),
            right = Overhang(x.Width, window.Width, strides, pixels);
        return pixels + bottom + right == 0 ? Padding.Valid
            : Padding.Explicit(pixels, pixels + bottom, pixels, pixels + right);
    }

    /// <summary>
    /// Trainable subsampling: y = coefficient·(sum of the window) + bias, one of each per map. LeCun et al. 1998,
    /// layers S2 and S4.
    /// </summary>
    /// <remarks>
    /// Variables <c>name/coef</c> and <c>name/bias</c> [C]. The coefficient starts at 1/(pixels of the window), an
    /// average. No activation is applied here.
    /// </remarks>
    /// <returns>[N,⌊H/window⌋,⌊W/window⌋,C].</returns>
    public static NodeOutput TrainableSubsampling(this GraphBuilder g, NodeOutput x, int window, string name)
    {
        using (g.Scope(name))
        {
            float pixels = window * window;
            var attributes = new Pool2DAttributes(window, window, window, window, Padding.Valid);
            NodeOutput mean = g.AddNode("AvgPool", [x], attributes.ToAttributes(), "AvgPool").Output();
            NodeOutput coefficient = g.Variable("coef", x.Type, new TensorShape(x.Channels), VariableRole.Normalization,
                Initializer.Constant(1 / pixels));
            NodeOutput ofSum = g.AddNode("Mul", [coefficient, g.Constant(TensorLiteral.Scalar(pixels), "pixels")],
                name: "coef_of_mean").Output();
            return g.AddBias(g.AddNode("Mul", [mean, ofSum], name: "Mul").Output(), Initializer.Zeros);
        }
    }

    /// <summary>The means of overlapping bins along an axis, concatenated.</summary>
    private static NodeOutput MeanOfBins(this GraphBuilder g, NodeOutput x, int axis, int bins, string name)
    {
        using (g.Scope(name))
        {
            NodeOutput axisOf = g.Constant(TensorLiteral.Scalar(axis), "axis"),
                step = g.Constant(TensorLiteral.Vector(1, 1, 1, 1), "step");
            var means = new List<NodeOutput>();
            int size = x.Shape[axis], others = 0b1111 & ~(1 << axis);
            for (int i = 0; i < bins; i++)
            {
                int[] begin = new int[4], end = new int[4];
                (begin[axis], end[axis]) = (i * size / bins, (((i + 1) * size) + bins - 1) / bins);
                NodeOutput bin = g.AddNode("StridedSlice",
                    [x, g.Constant(TensorLiteral.Vector(begin), $"begin{i}"),
                        g.Constant(TensorLiteral.Vector(end), $"end{i}"), step],
                    [new("begin_mask", AttributeValue.Of((long)others)),
                        new("end_mask", AttributeValue.Of((long)others))], $"bin{i}").Output();
                means.Add(g.AddNode("Mean", [bin, axisOf], [new("keep_dims", AttributeValue.Of(true))],
                    $"mean{i}").Output());
            }
            return g.AddNode("ConcatV2", [.. means, axisOf], [new("N", AttributeValue.Of((long)bins))],
                "join").Output();
        }
    }

    private static int Overhang(int size, int window, int strides, int pixels)
    {
        int room = size + (2 * pixels) - window;
        int outputs = ((room + strides - 1) / strides) + 1;
        if ((outputs - 1) * strides >= size + pixels)
            outputs--;
        return Math.Max(0, ((outputs - 1) * strides) - room);
    }

    private static NodeOutput Pool(this GraphBuilder g, string op, NodeOutput x, KernelSize window, int strides,
        Padding padding, string name)
    {
        using (g.Scope(name))
            return g.AddNode(op, [x], new Pool2DAttributes(window.Height, window.Width, strides, strides, padding)
                .ToAttributes(), op).Output();
    }
}
