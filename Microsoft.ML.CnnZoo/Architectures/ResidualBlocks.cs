using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>What tells one residual network from another.</summary>
internal sealed record Variant
{
    public static Variant Basic { get; } = new() { Expansion = 1 };
    public static Variant Bottleneck { get; } = new() { Expansion = 4 };
    public static Variant BottleneckV1 { get; } = new() { Expansion = 4, StridesInFirst = true };

    /// <summary>Blocks per stage.</summary>
    public int[] Repeats { get; init; } = [];
    /// <summary>Output channels over filters: 1 for two 3x3 convolutions, 4 for 1x1, 3x3, 1x1.</summary>
    public required int Expansion { get; init; }
    /// <summary>Whether a bottleneck strides in its first 1x1 (the paper) rather than in its 3x3.</summary>
    public bool StridesInFirst { get; init; }
    public Shortcut Shortcut { get; init; } = Shortcut.Projection;
    /// <summary>Width of a bottleneck's 3x3 over the paper's.</summary>
    public int WidthMultiplier { get; init; } = 1;
    /// <summary>Groups of a bottleneck's 3x3.</summary>
    public int Cardinality { get; init; } = 1;
}

/// <summary>
/// Residual blocks with the activation after the sum. He et al. 2015, figures 2, 5; layers <c>a</c>, <c>b</c>, <c>c</c>
/// and <c>shortcut</c>.
/// </summary>
internal sealed class ResidualBlocks(GraphBuilder g, Variant variant, Func<int, Padding> stridedPadding, float epsilon)
{
    public float Epsilon => epsilon;

    /// <summary>relu(F(x) + shortcut).</summary>
    public NodeOutput Add(NodeOutput x, int filters, int strides, string name)
    {
        using (g.Scope(name))
        {
            NodeOutput residual = variant.Expansion == 1 ? Basic(x, filters, strides) : Bottleneck(x, filters, strides);
            NodeOutput? shortcut = BuildShortcut(x, filters * variant.Expansion, strides);
            return g.Relu(shortcut is NodeOutput s ? g.Add(residual, s, "sum") : residual, "relu");
        }
    }

    private NodeOutput Basic(NodeOutput x, int filters, int strides)
    {
        x = g.ConvBnRelu(x, filters, 3, Pad3(strides), "a", strides, epsilon);
        return g.ConvBn(x, filters, 3, Padding.Same, "b", 1, epsilon);
    }

    private NodeOutput Bottleneck(NodeOutput x, int filters, int strides)
    {
        int width = filters * variant.WidthMultiplier, first = variant.StridesInFirst ? strides : 1,
            second = variant.StridesInFirst ? 1 : strides;
        x = g.ConvBnRelu(x, width, 1, Padding.Valid, "a", first, epsilon);
        x = g.ConvBnRelu(x, width, 3, Pad3(second), "b", second, epsilon, variant.Cardinality);
        return g.ConvBn(x, filters * variant.Expansion, 1, Padding.Valid, "c", 1, epsilon);
    }

    private NodeOutput? BuildShortcut(NodeOutput x, int channels, int strides)
    {
        bool changes = strides != 1 || x.Channels != channels;
        return variant.Shortcut switch
        {
            Shortcut.None => null,
            Shortcut.Identity => changes ? SubsampleAndPad(g, x, channels, strides) : x,
            Shortcut.Projection when !changes => x,
            _ => g.ConvBn(x, channels, 1, Padding.Valid, "shortcut", strides, epsilon),
        };
    }

    /// <summary>Option A: every second pixel, zeros for the new channels at the end.</summary>
    public static NodeOutput SubsampleAndPad(GraphBuilder g, NodeOutput x, int channels, int strides)
    {
        using (g.Scope("shortcut"))
        {
            if (strides != 1)
                x = g.AddNode("StridedSlice",
                    [x, g.Constant(TensorLiteral.Vector(0, 0, 0, 0), "begin"),
                        g.Constant(TensorLiteral.Vector(0, 0, 0, 0), "end"),
                        g.Constant(TensorLiteral.Vector(1, strides, strides, 1), "strides")],
                    [new("begin_mask", AttributeValue.Of(15L)), new("end_mask", AttributeValue.Of(15L))],
                        "StridedSlice").Output();
            int[] pads = [0, 0, 0, 0, 0, 0, 0, channels - x.Channels];
            return x.Channels == channels ? x
                : g.AddNode("Pad", [x, g.Constant(TensorLiteral.Of<int>(new TensorShape(4, 2), pads), "paddings")],
                    name: "Pad").Output();
        }
    }

    private Padding Pad3(int strides) => strides == 1 ? Padding.Same : stridedPadding(1);
}
