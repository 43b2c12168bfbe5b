using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>Fully connected layers, flattening and dropout.</summary>
internal static class DenseLayers
{
    /// <summary>
    /// Fully connected layer: <c>MatMul</c>, then <c>BiasAdd</c>. Variables <c>name/kernel</c> [in,units] and
    /// <c>name/bias</c> [units].
    /// </summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">Features [N,in].</param>
    /// <param name="units">Outputs.</param>
    /// <param name="name">The layer's scope.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="kernelInitializer">The kernel's initializer; Glorot uniform by default.</param>
    /// <param name="biasInitializer">The bias's initializer; zeros by default.</param>
    /// <returns>[N,units].</returns>
    /// <exception cref="GraphException">x is not a matrix.</exception>
    public static NodeOutput Dense(this GraphBuilder g, NodeOutput x, int units, string name, bool useBias = true,
        Initializer? kernelInitializer = null, Initializer? biasInitializer = null)
    {
        using (g.Scope(name))
        {
            if (x.Shape.Rank != 2)
                throw new GraphException($"MatMul '{g.FullName("MatMul")}': a dense layer expects features [N,in], " +
                    $"received {x.Shape}; flatten the image first.");
            var kernel = new VariableDefinition(g.FullName("kernel"), new(x.Type, new TensorShape(x.Channels, units)),
                VariableRole.Kernel, kernelInitializer ?? Initializer.GlorotUniform)
            {
                FlattenShape = FlattenedFrom(x),
            };
            NodeOutput y = g.AddNode("MatMul", [x, g.ReadVariable(kernel)], name: "MatMul").Output();
            return useBias ? g.AddBias(y, biasInitializer ?? Initializer.Zeros) : y;
        }
    }

    /// <summary>Flattens an image into a row of features, in H, W, C order.</summary>
    /// <returns>[N,H·W·C].</returns>
    public static NodeOutput Flatten(this GraphBuilder g, NodeOutput x, string name)
    {
        long features = new TensorShape(x.Shape.Dimensions[1..]).ElementCount;
        using (g.Scope(name))
            return g.AddNode("Reshape", [x, g.Constant(TensorLiteral.Vector(-1, checked((int)features)), "shape")],
                name: "Reshape").Output();
    }

    /// <summary>
    /// Dropout, inverted: in training each element is zeroed with probability <paramref name="rate"/> and the others
    /// are divided by 1 − rate; the identity in inference. Srivastava et al. 2014.
    /// </summary>
    /// <remarks>
    /// The mask is a function of the graph's seed, the layer's name and the fed Int64 scalar placeholder <c>step</c>
    /// alone (Philox, counter-based): the same step gives the same mask for any thread count.
    /// AlexNet's paper scales at test time instead; the expectation is the same.
    /// </remarks>
    /// <param name="g">The graph.</param>
    /// <param name="x">Any tensor.</param>
    /// <param name="rate">In [0,1).</param>
    /// <param name="name">The layer's scope.</param>
    public static NodeOutput Dropout(this GraphBuilder g, NodeOutput x, float rate, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rate);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rate, 1);
        if (g.Mode == GraphMode.Inference || rate == 0 || g.Frozen.Contains(g.FullName(name)))
            return x;
        using (g.Scope(name))
        {
            NodeOutput uniform = g.RandomUniform(x);
            NodeOutput keep = g.AddNode("GreaterEqual", [uniform, g.Constant(TensorLiteral.Scalar(rate), "rate")],
                name: "keep").Output();
            NodeOutput mask = g.AddNode("Cast", [keep], [new("DstT", AttributeValue.Of(x.Type))], "mask").Output();
            NodeOutput scaled = g.AddNode("Mul", [x, g.Constant(TensorLiteral.Scalar(1 / (1 - rate)), "scale")],
                name: "scaled").Output();
            return g.AddNode("Mul", [scaled, mask], name: "Mul").Output();
        }
    }

    /// <summary>Uniform random numbers in [0,1) of a tensor's shape, new at every step.</summary>
    private static NodeOutput RandomUniform(this GraphBuilder g, NodeOutput x)
    {
        NodeOutput step;
        using (g.RootScope())
            step = g.Find("step")?.Output() ?? g.Placeholder("step", DataType.Int64, TensorShape.Scalar);
        NodeOutput high = g.AddNode("Cast", [step], [new("DstT", AttributeValue.Of(DataType.UInt64))], "high").Output();
        high = g.AddNode("Reshape", [high, g.Constant(TensorLiteral.Vector(1), "one")], name: "word").Output();
        NodeOutput counter = g.AddNode("ConcatV2",
            [g.Constant(TensorLiteral.Vector(0UL), "low"), high, g.Constant(TensorLiteral.Scalar(0), "axis")],
            [new("N", AttributeValue.Of(2L))], "counter").Output();
        NodeOutput key = g.Constant(TensorLiteral.Vector(StreamKey(g.Seed, g.FullName(""))), "key");
        NodeOutput shape = g.AddNode("Shape", [x], name: "shape").Output();
        return g.AddNode("StatelessRandomUniformV2",
            [shape, key, counter, g.Constant(TensorLiteral.Scalar(1), "algorithm")], name: "uniform").Output();
    }

    /// <summary>The random stream of a layer: FNV-1a of its name, mixed with the seed.</summary>
    private static ulong StreamKey(long seed, string name)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (byte b in System.Text.Encoding.UTF8.GetBytes(name))
            hash = (hash ^ b) * 0x100000001b3;
        return hash ^ unchecked((ulong)seed * 0x9E3779B97F4A7C15);
    }

    /// <summary>
    /// The [H,W,C] of the flattened image that a dense layer reads, looking through elementwise layers; null when there
    /// is none or it is a single pixel.
    /// </summary>
    private static TensorShape? FlattenedFrom(NodeOutput x)
    {
        NodeOutput at = x;
        while (at.Node.Op is "Mul" or "Relu" or "Tanh" or "Identity" && at.Node.Inputs[0].Shape.Equals(x.Shape))
            at = at.Node.Inputs[0];
        if (at.Node.Op != "Reshape" || at.Node.Inputs[0].Shape.Rank != 4)
            return null;
        NodeOutput image = at.Node.Inputs[0];
        return image.Height * image.Width == 1 ? null : new TensorShape(image.Height, image.Width, image.Channels);
    }
}
