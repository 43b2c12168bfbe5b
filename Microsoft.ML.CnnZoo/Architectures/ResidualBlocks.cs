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

/// <summary>Residual blocks with the activation after the sum. He et al. 2015, figures 2, 5; layers <c>a</c>, <c>b</c>, <c>c</c> and <c>shortcut</c>.</summary>
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
        int width = filters * variant.WidthMultiplier, first = variant.StridesInFirst ? strides : 1, second = variant.StridesInFirst ? 1 : strides;
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
                    [x, g.Constant(TensorLiteral.Vector(0, 0, 0, 0), "begin"), g.Constant(TensorLiteral.Vector(0, 0, 0, 0), "end"), g.Constant(TensorLiteral.Vector(1, strides, strides, 1), "strides")],
                    [new("begin_mask", AttributeValue.Of(15L)), new("end_mask", AttributeValue.Of(15L))], "StridedSlice").Output();
            int[] pads = [0, 0, 0, 0, 0, 0, 0, channels - x.Channels];
            return x.Channels == channels ? x
                : g.AddNode("Pad", [x, g.Constant(TensorLiteral.Of<int>(new TensorShape(4, 2), pads), "paddings")], name: "Pad").Output();
        }
    }

    private Padding Pad3(int strides) => strides == 1 ? Padding.Same : stridedPadding(1);
}

/// <summary>Names of residual networks' parts here and in PyTorch's libraries.</summary>
internal static class ResidualNames
{
    /// <summary><c>conv3_2/b/bn/gamma</c> → <c>layer2.1.bn2.weight</c>.</summary>
    public static string? TorchVariable(string variable)
    {
        string[] parts = variable.Split('/');
        bool normalization = parts.Length > 1 && parts[^2] == "bn";
        string leaf = TorchLeaf(parts[^1]);
        if (parts[0] is "fc" or "conv1")
            return normalization ? $"bn1.{leaf}" : $"{parts[0]}.{leaf}";
        string[] block = parts[0]["conv".Length..].Split('_');
        string layer = $"layer{int.Parse(block[0]) - 1}.{int.Parse(block[1]) - 1}";
        return parts[1] == "shortcut" ? $"{layer}.downsample.{(normalization ? 1 : 0)}.{leaf}"
            : $"{layer}.{(normalization ? "bn" : "conv")}{parts[1][0] - 'a' + 1}.{leaf}";
    }

    /// <summary>The last part of a variable's name as PyTorch has it.</summary>
    public static string TorchLeaf(string leaf) => leaf switch
    {
        "kernel" or "gamma" => "weight",
        "beta" => "bias",
        "moving_mean" => "running_mean",
        "moving_variance" => "running_var",
        _ => leaf,
    };

    /// <summary><c>layer2.1</c> → the node that ends the block.</summary>
    public static string Node(string module, int[] repeats)
    {
        string[] parts = module.Split('.');
        if (!parts[0].StartsWith("layer", StringComparison.Ordinal))
            return parts[0] switch { "conv1" => "conv1/Conv2D", "bn1" => "conv1/bn", "maxpool" => "pool1", _ => parts[0] };
        int stage = parts[0]["layer".Length] - '0';
        int block = parts.Length > 1 ? int.Parse(parts[1]) + 1 : repeats[stage - 1];
        string scope = $"conv{stage + 1}_{block}";
        if (parts.Length < 3)
            return $"{scope}/relu";
        string layer = parts[2] == "downsample" ? "shortcut" : $"{(char)('a' + parts[2][^1] - '1')}";
        return $"{scope}/{layer}/{(parts[2].StartsWith("bn", StringComparison.Ordinal) ? "bn" : "Conv2D")}";
    }
}
