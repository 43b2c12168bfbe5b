using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Explain;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Training;
using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Explain;

/// <summary>Gradients of inference graphs, against differences of logits and against what is known in closed form.</summary>
public class ExplanationGraphTests(ITestOutputHelper log)
{
    private const int Classes = 5;

    /// <summary>Of each family the network with the fewest weights.</summary>
    public static TheoryData<string> Networks =>
    [
        "lenet1", "lenet5", "lenet5_relu", "alexnet", "zfnet", "nin_cifar10", "vgg11", "vgg11_lrn", "vgg11_bn", "googlenet",
        "googlenet_original", "inception_v2", "inception_v3", "inception_v4", "inception_resnet_v1", "inception_resnet_v2",
        "xception", "resnet18", "resnet18_option_a", "resnet20_cifar", "resnet164_v2_cifar", "resnet50_v2",
        "densenet_bc40_k12_cifar", "densenet121", "squeezenet1_1", "mobilenet_v2",
    ];

    public static TheoryData<string> Catalog => [.. CnnArchitectures.All.Select(a => a.Name)];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Saliency_AlongTheGradient_EqualsTheLogitsChange(string name)
    {
        using var run = new FilledNetwork(name);
        double[] logits = run.Logits(run.Image);
        int target = Array.IndexOf(logits, logits.Max());
        float[] gradient = run.Explain(new ExplanationGraphs(run.Graphs).Saliency(), target)[1];
        double norm = Math.Sqrt(gradient.Sum(g => (double)g * g)), change = double.NaN;
        Assert.True(norm > 0 && double.IsFinite(norm));
        // A network of many ReLUs bends: the step is made smaller until the slope is that of the point.
        double Change(double step) => (run.Logits(run.Moved(gradient, step / norm))[target]
            - run.Logits(run.Moved(gradient, -step / norm))[target]) / (2 * step);
        for (double step = 0.01 * Math.Abs(logits[target]) / norm; step > 1e-7 && !(Math.Abs(change - norm) < 0.02 * norm); step /= 4)
            change = Change(step);
        log.WriteLine($"{name}: norm of the gradient {norm:g6}, change of the logit {change:g6}");
        Assert.InRange(change, 0.98 * norm, 1.02 * norm);
    }

    [Theory]
    [MemberData(nameof(Catalog))]
    public void GradCam_EveryNetworkOfTheCatalog_HasALastLayerAndAllGradients(string name)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        var graphs = new ExplanationGraphs(new(network, network.DefaultInput, Classes));
        ClassificationGraph cam = graphs.GradCam(null, out NodeDef maps);
        Assert.Equal([-1, maps.Outputs[0].Shape[1], maps.Outputs[0].Shape[2]], cam.Fetches[0].Shape.Dimensions.ToArray());
        Assert.InRange(maps.Outputs[0].Shape[1], 2, 60);
        graphs.Saliency();
        ClassificationGraph projection = graphs.Projection(maps.Name, out _);
        Assert.DoesNotContain(projection.Graph.Nodes, n => n.Op == "ReluGrad");
        log.WriteLine($"{name}: {maps.Name} {maps.Outputs[0].Shape}");
    }

    [Fact]
    public void GradCam_GlobalAverageAndDenseLayer_IsTheClassActivationMap()
    {
        using var run = new FilledNetwork("resnet20_cifar");
        var graphs = new ExplanationGraphs(run.Graphs);
        float[] cam = run.Explain(graphs.GradCam(null, out NodeDef maps), 3)[1];
        float[] activations = run.Explain(graphs.FeatureMaps(maps.Name, out _), 3)[0];
        ReadOnlySpan<float> kernel = run.Weights["fc/kernel"].Values<float>();
        int channels = activations.Length / cam.Length;
        for (int pixel = 0; pixel < cam.Length; pixel++)
        {
            double sum = 0; // Zhou et al. 2015: the dense layer's weights of the class, by the pixels that are averaged
            for (int c = 0; c < channels; c++)
                sum += activations[pixel * channels + c] * kernel[c * Classes + 3] / cam.Length;
            Assert.Equal(sum, cam[pixel], 1e-5 * cam.Max(Math.Abs));
        }
    }

    [Fact]
    public void Projection_ThroughAReLU_DropsNegativeValuesNotThoseOfIdlePixels()
    {
        using var run = new FilledNetwork("vggmini");
        var graphs = new ExplanationGraphs(run.Graphs);
        float[] activations = run.Explain(graphs.FeatureMaps("relu2", out NodeDef maps), 0)[0];
        using var explainer = new NetworkExplainer(run.Graphs, new Session(KernelSet.Shared), run.Weights);
        FeatureMap[] projections = explainer.Projections(run.Image, "relu2", 3);
        Assert.Equal((activations.Max(), Array.IndexOf(activations, activations.Max())),
            (projections[0].Peak, projections[0].PeakIndex));
        foreach (FeatureMap projection in projections)
        {
            int channels = maps.Outputs[0].Shape[3], pixel = projection.PeakIndex / channels, size = run.Graphs.Image.Width;
            float[] expected = Projected(run, projection.Channel, pixel / size, pixel % size);
            Assert.All(expected.Zip(projection.Values), p => Assert.Equal(p.First, p.Second, 1e-5f * expected.Max(Math.Abs)));
        }
    }

    /// <summary>Two transposed 3x3 convolutions, SAME, with a ReLU between: what a deconvnet does with one element.</summary>
    private static float[] Projected(FilledNetwork run, int channel, int row, int column)
    {
        ReadOnlySpan<float> first = run.Weights["features/0/kernel"].Values<float>(),
            second = run.Weights["features/2/kernel"].Values<float>();
        int size = run.Graphs.Image.Width, maps = first.Length / 27, outputs = second.Length / 9 / maps;
        var image = new float[size * size * 3];
        for (int at = 0; at < 9 * 9 * maps; at++)
        {
            (int tap2, int tap1, int map) = (at / maps / 9, at / maps % 9, at % maps);
            int y1 = row + tap2 / 3 - 1, x1 = column + tap2 % 3 - 1, y = y1 + tap1 / 3 - 1, x = x1 + tap1 % 3 - 1;
            bool inside = Math.Min(Math.Min(y1, x1), Math.Min(y, x)) >= 0 && Math.Max(Math.Max(y1, x1), Math.Max(y, x)) < size;
            float passed = Math.Max(0, second[(tap2 * maps + map) * outputs + channel]);
            for (int c = 0; c < 3 && inside; c++)
                image[(y * size + x) * 3 + c] += passed * first[(tap1 * 3 + c) * maps + map];
        }
        return image;
    }

    [Fact]
    public void Layer_UnknownOrNotSpatial_NamesThoseThatAre()
    {
        var graphs = new ExplanationGraphs(new(CnnArchitectures.Vgg11, CnnArchitectures.Vgg11.DefaultInput, 10));
        string unknown = Assert.Throws<ArgumentOutOfRangeException>(() => graphs.GradCam("conv5_9", out _)).Message;
        Assert.Contains("'conv5_9'; expected the name of a stage or layer: conv5_1, conv5_2", unknown, StringComparison.Ordinal);
        string flat = Assert.Throws<ArgumentOutOfRangeException>(() => graphs.GradCam("fc7", out _)).Message;
        Assert.Contains("'fc7', which gives Float", flat, StringComparison.Ordinal);
        Assert.Contains("expected one that gives feature maps, such as conv5_2", flat, StringComparison.Ordinal);
        graphs.GradCam(null, out NodeDef last);
        Assert.Equal("conv5_2/relu/Relu", last.Name);
        graphs.GradCam("conv4", out NodeDef stage);
        Assert.Equal("conv4_2/relu/Relu", stage.Name);
    }
}
