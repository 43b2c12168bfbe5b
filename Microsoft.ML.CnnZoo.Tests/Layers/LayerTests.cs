using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Layers;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Layers;

/// <summary>Layers: variables, shapes, and the difference between training and inference.</summary>
public class LayerTests
{
    [Fact]
    public void BatchNormalization_Training_RegistersBothStatistics()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Training, 8, 8, 3);
        NodeOutput y = g.BatchNormalization(x, "bn", epsilon: 1e-3f, momentum: 0.75f);
        Assert.Equal(["bn/update_mean", "bn/update_variance"], g.Updates.Select(u => u.Name));
        Assert.Equal([1, 2], g.Updates.Select(u => u.Inputs[1].Port));
        Assert.Equal(["bn/moving_mean", "bn/moving_variance"],
            g.Updates.Select(u => u.Inputs[0].Node.Attributes["shared_name"].String));
        Assert.Equal(0.25f, y.Node.Attributes["exponential_avg_factor"].Float);
        Assert.Equal(["bn/gamma", "bn/beta", "bn/moving_mean", "bn/moving_variance"], g.Variables.Select(v => v.Name));
        Assert.Equal([true, true, false, false], g.Variables.Select(v => v.IsTrainable));
    }

    [Fact]
    public void BatchNormalization_Inference_UpdatesNothing()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Inference, 8, 8, 3);
        Assert.False(g.BatchNormalization(x, "bn").Node.Attributes["is_training"].Bool);
        Assert.Empty(g.Updates);
    }

    [Fact]
    public void Dropout_InferenceOrRateZero_AddsNothing()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Inference, 8, 8, 3);
        Assert.Equal(x, g.Dropout(x, 0.5f, "drop"));
        (g, x) = Image(GraphMode.Training, 8, 8, 3);
        Assert.Equal(x, g.Dropout(x, 0, "drop"));
        Assert.Single(g.Nodes);
    }

    [Fact]
    public void Dropout_TwoLayers_ShareTheStepAndNotTheKey()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Training, 8, 8, 3);
        NodeOutput y = g.Dropout(g.Dropout(x, 0.5f, "a"), 0.5f, "b");
        Assert.Equal(x.Spec, y.Spec);
        Assert.Single(g.Nodes, n => n.Name == "step");
        Assert.NotEqual(Key(g, "a"), Key(g, "b"));
    }

    [Fact]
    public void Dropout_OtherSeed_OtherKey()
    {
        ulong KeyOf(long seed)
        {
            var g = new GraphBuilder(GraphMode.Training) { Seed = seed };
            g.Dropout(g.Placeholder("x", DataType.Float, new TensorShape(-1, 5)), 0.5f, "a");
            return Key(g, "a");
        }
        Assert.Equal(KeyOf(3), KeyOf(3));
        Assert.NotEqual(KeyOf(3), KeyOf(4));
    }

    [Theory]
    [InlineData(-0.1f)]
    [InlineData(1f)]
    public void Dropout_RateOutOfRange_Throws(float rate)
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Training, 8, 8, 3);
        Assert.Throws<ArgumentOutOfRangeException>(() => g.Dropout(x, rate, "drop"));
    }

    [Fact]
    public void Conv2D_Groups_KernelSeesAGroup()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Training, 8, 8, 6);
        NodeOutput y = g.Conv2D(x, 4, (3, 5), Padding.Same, "conv", strides: 2, options: new() { Groups = 2 });
        Assert.Equal(new TensorShape(-1, 4, 4, 4), y.Shape);
        Assert.Equal(["conv/kernel Float[3,5,3,4]", "conv/bias Float[4]"],
            g.Variables.Select(v => $"{v.Name} {v.Spec}"));
        GraphException error = Assert.Throws<GraphException>(() =>
            g.Conv2D(x, 4, 3, Padding.Same, "other", options: new() { Groups = 4 }));
        Assert.Contains("4 groups do not divide 6 channels", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SeparableConv2D_ParametersAndNames()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Training, 8, 8, 6);
        NodeOutput y = g.SeparableConv2D(x, 10, 3, Padding.Same, "sep", options: Conv2DOptions.NoBias);
        Assert.Equal(10, y.Channels);
        Assert.Equal(["sep/depthwise/kernel Float[3,3,6,1]", "sep/pointwise/kernel Float[1,1,6,10]"],
            g.Variables.Select(v => $"{v.Name} {v.Spec}"));
    }

    [Fact]
    public void MaskedConv2D_MaskIsTheTable()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Training, 8, 8, 3);
        g.MaskedConv2D(x, [[0, 2], [1]], 1, Padding.Valid, "c3", Conv2DOptions.NoBias);
        Assert.Equal([1f, 0, 0, 1, 1, 0], g.Find("c3/connections")!.Attributes["value"].Tensor.Values<float>()
            .ToArray());
        Assert.Equal(3, Assert.Single(g.Variables).ParameterCount);
        Assert.Throws<GraphException>(() => g.MaskedConv2D(x, [[3]], 1, Padding.Valid, "bad"));
    }

    [Fact]
    public void Dense_AfterDropoutOfAFlattenedImage_KnowsTheImage()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Training, 6, 5, 4);
        g.Dense(g.Dropout(g.Flatten(x, "flatten"), 0.5f, "drop"), 10, "fc1");
        VariableDefinition kernel = g.Variables.Single(v => v.Name == "fc1/kernel");
        Assert.Equal(new TensorShape(6, 5, 4), kernel.FlattenShape);
        Assert.Equal(new TensorShape(120, 10), kernel.Spec.Shape);
    }

    [Fact]
    public void Dense_OfAnImage_SaysToFlatten()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Training, 6, 5, 4);
        Assert.Contains("flatten the image first", Assert.Throws<GraphException>(() => g.Dense(x, 10, "fc")).Message,
            StringComparison.Ordinal);
    }

    // Output sizes of Caffe's and PyTorch's ceil_mode (golden README, section 4: SqueezeNet 1.0 and 1.1, GoogLeNet).
    [Theory]
    [InlineData(109, 3, 2, 0, 54)]
    [InlineData(54, 3, 2, 0, 27)]
    [InlineData(27, 3, 2, 0, 13)]
    [InlineData(112, 3, 2, 0, 56)]
    [InlineData(97, 3, 2, 0, 48)]
    [InlineData(28, 3, 2, 1, 15)]
    [InlineData(5, 2, 2, 1, 3)]
    public void MaxPool2D_CeilPadding_RoundsUp(int input, int window, int strides, int pixels, int expected)
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Inference, input, input, 1);
        Padding padding = PoolingLayers.CeilPadding(x, window, strides, pixels);
        Assert.Equal(expected, g.MaxPool2D(x, window, strides, padding, "pool").Height);
    }

    [Fact]
    public void AveragePool2D_ExplicitPadding_CountsZeros()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Inference, 8, 8, 2);
        NodeOutput y = g.AveragePool2D(x, 3, 1, Padding.Symmetric(1), "pool");
        Assert.Equal(x.Shape, y.Shape);
        Assert.Equal("Pad", y.Node.Inputs[0].Node.Op);
        Assert.Equal("VALID", y.Node.Attributes["padding"].String);
    }

    [Fact]
    public void LocalResponseNormalization_WindowOfFive_HasRadiusTwo()
    {
        (GraphBuilder g, NodeOutput x) = Image(GraphMode.Inference, 8, 8, 7);
        NodeDef node = g.LocalResponseNormalization(x, 5, k: 2, alpha: 1e-4f, beta: 0.75f, "lrn").Node;
        Assert.Equal((2L, 2f, 1e-4f, 0.75f), (node.Attributes["depth_radius"].Int, node.Attributes["bias"].Float,
            node.Attributes["alpha"].Float, node.Attributes["beta"].Float));
        Assert.Throws<ArgumentOutOfRangeException>(() => g.LocalResponseNormalization(x, 4, 1, 1, 1, "even"));
    }

    private static float Value(GraphBuilder g, string name) =>
        g.Find(name)!.Attributes["value"].Tensor.Values<float>()[0];

    private static ulong Key(GraphBuilder g, string layer) =>
        g.Find($"{layer}/key")!.Attributes["value"].Tensor.Values<ulong>()[0];

    private static (GraphBuilder, NodeOutput) Image(GraphMode mode, int h, int w, int c)
    {
        var g = new GraphBuilder(mode);
        return (g, g.Placeholder("x", DataType.Float, new TensorShape(-1, h, w, c)));
    }
}
