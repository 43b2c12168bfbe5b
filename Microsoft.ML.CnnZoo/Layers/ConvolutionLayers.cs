using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>
/// Convolutions. Variables are <c>name/kernel</c> (HWIO; depthwise [kh,kw,C,m]) and <c>name/bias</c>.
/// </summary>
internal static class ConvolutionLayers
{
    /// <summary>Convolution: <c>Conv2D</c>, then <c>BiasAdd</c> unless the options disable the bias.</summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="filters">Output channels.</param>
    /// <param name="kernel">Size of the filters.</param>
    /// <param name="padding">SAME, VALID or explicit; without a default because papers and libraries differ.</param>
    /// <param name="name">The layer's scope.</param>
    /// <param name="strides">Pixels between outputs.</param>
    /// <param name="options">Bias, groups, dilation, initializers.</param>
    /// <returns>[N,H',W',filters].</returns>
    /// <exception cref="GraphException">Channels, groups or sizes do not fit.</exception>
    public static NodeOutput Conv2D(this GraphBuilder g, NodeOutput x, int filters, KernelSize kernel, Padding padding,
        string name, int strides = 1, Conv2DOptions? options = null)
    {
        options ??= Conv2DOptions.Default;
        using (g.Scope(name))
        {
            if (options.Groups < 1 || x.Channels % options.Groups != 0 || filters % options.Groups != 0)
                throw new GraphException($"Conv2D '{g.FullName("Conv2D")}': {options.Groups} groups do not divide " +
                    $"{x.Channels} channels and {filters} filters.");
            var shape = new TensorShape(kernel.Height, kernel.Width, x.Channels / options.Groups, filters);
            NodeOutput weights = g.Variable("kernel", x.Type, shape, VariableRole.Kernel, options.KernelInitializer);
            return g.Convolve("Conv2D", x, weights, padding, strides, options);
        }
    }

    /// <summary>
    /// Convolution with a connection table: each filter reads only some of the channels. LeCun et al. 1998, table I.
    /// </summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="connections">One entry per filter: the channels that it reads.</param>
    /// <param name="kernel">Size of the filters.</param>
    /// <param name="padding">SAME, VALID or explicit.</param>
    /// <param name="name">The layer's scope.</param>
    /// <param name="options">Initializers, bias; no groups.</param>
    /// <returns>[N,H',W',filters].</returns>
    /// <remarks>
    /// The kernel is a full one times a constant mask of 0 and 1, so that weights that are not connected stay zero and
    /// are not trained; <see cref="VariableDefinition.ParameterCount"/> counts the connected weights.
    /// </remarks>
    public static NodeOutput MaskedConv2D(this GraphBuilder g, NodeOutput x,
        IReadOnlyList<IReadOnlyList<int>> connections, KernelSize kernel, Padding padding, string name,
        Conv2DOptions? options = null)
    {
        options ??= Conv2DOptions.Default;
        int channels = x.Channels, filters = connections.Count, taps = kernel.Height * kernel.Width;
        using (g.Scope(name))
        {
            if (connections.Any(c => c.Any(i => i < 0 || i >= channels) || c.Distinct().Count() != c.Count
                || c.Count == 0))
                throw new GraphException($"Conv2D '{g.FullName("Conv2D")}': every filter must read at least one of " +
                    $"the channels 0 to {channels - 1}, each once.");
            var shape = new TensorShape(kernel.Height, kernel.Width, channels, filters);
            var mask = new float[shape.ElementCount];
            for (int f = 0; f < filters; f++)
                foreach (int c in connections[f])
                    for (int t = 0; t < taps; t++)
                        mask[(((t * channels) + c) * filters) + f] = 1;
            NodeOutput weights = g.ReadVariable(new(g.FullName("kernel"), new(x.Type, shape), VariableRole.Kernel,
                options.KernelInitializer)
            {
                ParameterCount = (long)taps * connections.Sum(c => c.Count),
            });
            NodeOutput connected = g.AddNode("Mul",
                [weights, g.Constant(TensorLiteral.Of<float>(shape, mask), "connections")], name: "connected").Output();
            return g.Convolve("Conv2D", x, connected, padding, 1, options);
        }
    }

    /// <summary>Depthwise convolution: every channel has <paramref name="multiplier"/> filters of its own.</summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="kernel">Size of the filters.</param>
    /// <param name="padding">SAME, VALID or explicit.</param>
    /// <param name="name">The layer's scope.</param>
    /// <param name="strides">Pixels between outputs.</param>
    /// <param name="multiplier">Filters per channel.</param>
    /// <param name="options">Bias, dilation, initializers; no groups.</param>
    /// <returns>[N,H',W',C·multiplier].</returns>
    public static NodeOutput DepthwiseConv2D(this GraphBuilder g, NodeOutput x, KernelSize kernel, Padding padding,
        string name, int strides = 1, int multiplier = 1, Conv2DOptions? options = null)
    {
        options ??= Conv2DOptions.Default;
        using (g.Scope(name))
        {
            var shape = new TensorShape(kernel.Height, kernel.Width, x.Channels, multiplier);
            NodeOutput weights = g.Variable("kernel", x.Type, shape, VariableRole.Kernel, options.KernelInitializer);
            return g.Convolve("DepthwiseConv2dNative", x, weights, padding, strides, options);
        }
    }

    /// <summary>
    /// Depthwise separable convolution: a depthwise one without bias (<c>name/depthwise</c>), then a 1×1 one
    /// (<c>name/pointwise</c>), nothing between. Chollet 2016, arXiv:1610.02357.
    /// </summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">Image [N,H,W,C].</param>
    /// <param name="filters">Output channels.</param>
    /// <param name="kernel">Size of the depthwise filters.</param>
    /// <param name="padding">SAME, VALID or explicit, of the depthwise step.</param>
    /// <param name="name">The layer's scope.</param>
    /// <param name="strides">Pixels between outputs.</param>
    /// <param name="options">Initializers of both kernels; bias of the pointwise step; dilation of the depthwise
    /// step.</param>
    /// <returns>[N,H',W',filters].</returns>
    public static NodeOutput SeparableConv2D(this GraphBuilder g, NodeOutput x, int filters, KernelSize kernel,
        Padding padding, string name, int strides = 1, Conv2DOptions? options = null)
    {
        options ??= Conv2DOptions.Default;
        using (g.Scope(name))
        {
            NodeOutput spatial = g.DepthwiseConv2D(x, kernel, padding, "depthwise", strides, 1,
                options with { UseBias = false });
            return g.Conv2D(spatial, filters, 1, Padding.Valid, "pointwise", 1, options with { DilationRate = 1 });
        }
    }

    private static NodeOutput Convolve(this GraphBuilder g, string op, NodeOutput x, NodeOutput weights,
        Padding padding, int strides, Conv2DOptions options)
    {
        var attributes = new Conv2DAttributes(strides, strides, padding, options.DilationRate, options.DilationRate);
        NodeOutput y = g.AddNode(op, [x, weights], attributes.ToAttributes(), op).Output();
        return options.UseBias ? g.AddBias(y, options.BiasInitializer) : y;
    }
}
