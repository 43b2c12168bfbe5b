using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Layers;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>
/// Networks that exist for golden training traces only: batch normalization between smooth units, and ReLU with max
/// pooling.
/// </summary>
internal static class TraceNetworks
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<CnnArchitecture> All { get; } = [new LeNet5BatchNormalized(), new VggMini()];

    /// <summary>A small network with dropout and an auxiliary head: what only training graphs have.</summary>
    public static CnnArchitecture DropoutAndAuxiliary { get; } = new DropoutAuxiliary();

    /// <summary>The golden tensor that a variable of theirs comes from.</summary>
    public static GoldenTensor Tensor(VariableDefinition variable, string torchName)
    {
        TensorShape s = variable.Spec.Shape;
        return variable.Name[(variable.Name.LastIndexOf('/') + 1)..] switch
        {
            "kernel" when s.Rank == 4 => new(torchName, "conv_w", [s[3], s[2], s[0], s[1]]),
            "kernel" => new(torchName, "linear_w", [s[1], s[0]]),
            "gamma" => new(torchName, "bn_w", [s[0]]),
            "beta" => new(torchName, "bn_b", [s[0]]),
            "moving_mean" => new(torchName, "bn_mean", [s[0]]),
            "moving_variance" => new(torchName, "bn_var", [s[0]]),
            _ => new(torchName, "bias", [s[0]]),
        };
    }

    private static ArchitectureFacts Describe(string name, int channels) =>
        new(name, name, 5, new ImageShape(32, 32, channels), 32, CnnArchitectures.LeNet5.Paper);

    /// <summary>LeNet-5 with bias-free convolutions and batch normalization between each and its tanh.</summary>
    private sealed class LeNet5BatchNormalized() : CnnArchitecture(Describe("lenet5_bn_tanh", 1))
    {
        internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
        {
            NodeOutput x = Stage(g, image, 6, 1);
            x = g.Flatten(Stage(g, x, 16, 2), "flatten");
            x = g.Tanh(g.Dense(x, 120, "fc1"), "act3");
            x = g.Tanh(g.Dense(x, 84, "fc2"), "act4");
            return new(x, g.Dense(x, classes, "fc3"), []);
        }

        private static NodeOutput Stage(GraphBuilder g, NodeOutput x, int filters, int number)
        {
            x = g.Conv2D(x, filters, 5, Padding.Valid, $"conv{number}", options: Conv2DOptions.NoBias);
            x = g.Tanh(g.BatchNormalization(x, $"bn{number}"), $"act{number}");
            return g.AveragePool2D(x, window: 2, strides: 2, Padding.Valid, $"pool{number}");
        }
    }

    /// <summary>Six convolutions with ReLU, three max pools, two dense layers.</summary>
    private sealed class VggMini() : CnnArchitecture(Describe("vggmini", 3))
    {
        internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
        {
            NodeOutput x = image;
            int index = 0;
            foreach (int filters in new[] { 16, 32, 64 })
            {
                for (int i = 0; i < 2; i++, index += 2)
                    x = g.Relu(g.Conv2D(x, filters, 3, Padding.Same, $"features/{index}"), $"relu{index}");
                x = g.MaxPool2D(x, window: 2, strides: 2, Padding.Valid, $"pool{index++}");
            }
            x = g.Relu(g.Dense(g.Flatten(x, "flatten"), 128, "classifier/0"), "relu_dense");
            return new(x, g.Dense(x, classes, "classifier/2"), []);
        }
    }

    /// <summary>Two convolutions, a head in the middle, dropout before the last layer.</summary>
    private sealed class DropoutAuxiliary() : CnnArchitecture(Describe("dropout_auxiliary", 1))
    {
        internal override NetworkBody BuildBody(GraphBuilder g, NodeOutput image, int classes)
        {
            NodeOutput x = g.Relu(g.Conv2D(image, 4, 5, Padding.Valid, "conv1", strides: 2), "relu1");
            AuxiliaryOutput[] auxiliary = g.Mode == GraphMode.Training
                ? [new AuxiliaryOutput(g.Dense(g.Flatten(x, "aux_flatten"), classes, "aux"), 0.3f)] : [];
            x = g.Relu(g.Conv2D(x, 8, 5, Padding.Valid, "conv2", strides: 2), "relu2");
            x = g.Dropout(g.Flatten(x, "flatten"), 0.5f, "dropout");
            return new(x, g.Dense(x, classes, "out"), auxiliary);
        }
    }
}
