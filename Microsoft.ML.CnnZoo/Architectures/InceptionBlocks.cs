using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// One layer in a branch of an inception module. Without a name it is called by its place: <c>branch2</c>, or
/// <c>branch2/1</c> in a branch of several layers.
/// </summary>
internal abstract record BranchStep(string? Name)
{
    /// <summary>A convolution with normalization and ReLU; SAME unless it strides or says otherwise.</summary>
    public static ConvStep Conv(int filters, KernelSize kernel, int strides = 1, string? name = null,
        Padding? padding = null) => new(filters, kernel, strides, padding, name);

    /// <summary>The same, named.</summary>
    public static ConvStep Conv(string name, int filters, KernelSize kernel, int strides = 1) =>
        new(filters, kernel, strides, null, name);

    /// <summary>3x3 max pooling.</summary>
    public static PoolStep MaxPool(int strides = 1, string? name = null) => new(Average: false, strides, name);

    /// <summary>3x3 average pooling of every pixel.</summary>
    public static PoolStep AveragePool(string? name = null) => new(Average: true, 1, name);

    /// <summary>Two convolutions of the same input, joined.</summary>
    public static SplitStep Split(ConvStep first, ConvStep second) => new(first, second);
}

/// <inheritdoc cref="BranchStep.Conv(int, KernelSize, int, string?, Padding?)"/>
internal sealed record ConvStep(int Filters, KernelSize Kernel, int Strides, Padding? Padding, string? Name)
    : BranchStep(Name);

/// <summary>3x3 pooling.</summary>
internal sealed record PoolStep(bool Average, int Strides, string? Name) : BranchStep(Name);

/// <inheritdoc cref="BranchStep.Split"/>
internal sealed record SplitStep(ConvStep First, ConvStep Second) : BranchStep((string?)null);

/// <summary>
/// Inception modules: branches that read the same image, joined along their channels. Szegedy et al. 2014, figure 2.
/// </summary>
/// <param name="g">The graph.</param>
/// <param name="epsilon">Batch normalization's after each convolution; null: a bias of 0.2 instead, as Caffe's
/// GoogLeNet starts.</param>
/// <param name="stridedPadding">Of layers with strides.</param>
/// <param name="averagePadding">Of average pools: SAME leaves the padding out of the mean, symmetric padding counts it
/// as zeros.</param>
/// <param name="kernelInitializer">Of the convolutions.</param>
internal sealed class InceptionBlocks(GraphBuilder g, float? epsilon, Padding stridedPadding, Padding averagePadding,
    Initializer kernelInitializer)
{
    /// <summary>Convolution, batch normalization or bias, ReLU.</summary>
    public NodeOutput Conv(NodeOutput x, string name, int filters, KernelSize kernel, int strides = 1,
        Padding? padding = null)
    {
        Padding place = padding ?? (strides == 1 ? Padding.Same : stridedPadding);
        var options = new Conv2DOptions
        {
            UseBias = epsilon is null,
            BiasInitializer = Initializer.Constant(0.2f),
            KernelInitializer = kernelInitializer,
        };
        NodeOutput y = g.Conv2D(x, filters, kernel, place, name, strides, options);
        return g.Relu(epsilon is float e ? g.BatchNormalization(y, $"{name}/bn", e) : y, $"{name}/relu");
    }

    /// <summary>A module: its branches' results side by side, in their order.</summary>
    public NodeOutput Module(NodeOutput x, string name, BranchStep[][] branches)
    {
        using (g.Scope(name))
            return g.Concat(Branches(x, branches), "concat");
    }

    /// <summary>
    /// A residual module: relu(x + scale·expand(branches)), the expansion 1x1 and linear. Szegedy et al. 2016,
    /// arXiv:1602.07261, figure 20.
    /// </summary>
    public NodeOutput Residual(NodeOutput x, string name, BranchStep[][] branches, float scale, bool relu = true)
    {
        using (g.Scope(name))
        {
            NodeOutput joined = g.Concat(Branches(x, branches), "concat");
            NodeOutput expanded = g.Conv2D(joined, x.Channels, 1, Padding.Valid, "conv2d",
                options: new() { KernelInitializer = kernelInitializer });
            NodeOutput sum = g.Add(x, scale == 1 ? expanded : g.Scale(expanded, scale, "scale"), "sum");
            return relu ? g.Relu(sum, "relu") : sum;
        }
    }

    private List<NodeOutput> Branches(NodeOutput x, BranchStep[][] branches)
    {
        var outputs = new List<NodeOutput>();
        for (int b = 0; b < branches.Length; b++)
        {
            BranchStep[] steps = branches[b];
            NodeOutput y = x;
            for (int s = 0; s < steps.Length; s++)
            {
                string place = steps.Length == 1 ? $"branch{b}" : $"branch{b}/{s}";
                if (steps[s] is not SplitStep split)
                    y = Step(y, steps[s], steps[s].Name ?? place);
                else
                    y = g.Concat([Step(y, split.First, split.First.Name ?? $"{place}a"),
                        Step(y, split.Second, split.Second.Name ?? $"{place}b")], $"branch{b}_concat");
            }
            outputs.Add(y);
        }
        return outputs;
    }

    private NodeOutput Step(NodeOutput x, BranchStep step, string name) => step switch
    {
        ConvStep c => Conv(x, name, c.Filters, c.Kernel, c.Strides, c.Padding),
        PoolStep { Average: true } => g.AveragePool2D(x, window: 3, strides: 1, averagePadding, name),
        PoolStep p => g.MaxPool2D(x, window: 3, p.Strides, p.Strides == 1 ? Padding.Same : stridedPadding, name),
        _ => throw new ArgumentOutOfRangeException(nameof(step)),
    };
}
