using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Architectures;

/// <summary>
/// LeNet-5 as it is taught today: full C3, average pooling, softmax. After LeCun, Bottou, Bengio, Haffner 1998.
/// </summary>
/// <remarks>
/// Image [N,32,32,1] → conv1 6@5x5 → pool → conv2 16@5x5 → pool → 120 → 84 → classes. 61,706 parameters with ten
/// classes. Departs from the paper: see <see cref="LeNet5"/>.
/// </remarks>
internal sealed class LeNet5Modern : CnnArchitecture
{
    private readonly ActivationKind _activation;
    private readonly Initializer _initializer;

    private LeNet5Modern(string name, string displayName, ActivationKind activation, Initializer initializer)
        : base(new(name, displayName, 5, new(32, 32, 1), 16, LeNet5.Publication)) =>
        (_activation, _initializer) = (activation, initializer);

    /// <summary>With ReLU.</summary>
    public static LeNet5Modern Relu { get; } = new("lenet5_relu", "LeNet-5 (ReLU)", ActivationKind.Relu,
        Initializer.HeNormal);

    /// <summary>With tanh.</summary>
    public static LeNet5Modern Tanh { get; } = new("lenet5_tanh", "LeNet-5 (tanh)", ActivationKind.Tanh,
        Initializer.GlorotUniform);

    /// <inheritdoc/>
    internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
    {
        NodeOutput x = ConvolveAndPool(g, image, filters: 6, 1);
        x = ConvolveAndPool(g, x, filters: 16, 2);
        x = g.Flatten(x, "flatten");
        x = g.Activation(g.Dense(x, 120, "fc1", kernelInitializer: _initializer), _activation, "act3");
        x = g.Activation(g.Dense(x, 84, "fc2", kernelInitializer: _initializer), _activation, "act4");
        return new(x, g.Dense(x, classes, "fc3", kernelInitializer: _initializer), []);
    }

    private NodeOutput ConvolveAndPool(GraphBuilder g, NodeOutput x, int filters, int number)
    {
        x = g.Conv2D(x, filters, kernel: 5, Padding.Valid, $"conv{number}",
            options: new() { KernelInitializer = _initializer });
        x = g.Activation(x, _activation, $"act{number}");
        return g.AveragePool2D(x, window: 2, strides: 2, Padding.Valid, $"pool{number}");
    }
}
