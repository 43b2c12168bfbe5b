using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Execution.Planning;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>First weights that are rescaled by what layers make of images.</summary>
public class LayerStandardizationTests
{
    private const int Classes = 10;

    private static readonly TrainingOptions Options = new() { Epochs = 2, BatchSize = 16, Seed = 3, StandardizesLayers = true };

    /// <summary>Branches and auxiliary heads, groups, dropout, biases of 1, dense layers, depthwise kernels.</summary>
    [Theory]
    [InlineData("googlenet", 32)]
    [InlineData("alexnet", 67)]
    [InlineData("vgg11", 32)]
    [InlineData("nin", 16)]
    [InlineData("mobilenet_v2", 32)]
    public void Run_EveryLayer_GivesEachChannelVarianceOneAroundItsBias_ScoresATenthOfTheDeviation(string name, int side)
    {
        var image = new ImageShape(side, side, 1);
        var graphs = new ClassificationGraphs(CnnArchitectures.Find(name), image, Classes);
        ClassificationGraph graph = graphs.KernelOutputs(Options);
        using var variables = new VariableStore();
        VariableInitialization.Initialize(variables, graph.Graph.Variables, seed: 3);
        VariableDefinition[] kernels = [.. graph.Graph.Variables.Where(v => v.Role == VariableRole.Kernel)];
        Assert.Equal(kernels.Select(k => k.Name), graph.Fetches.Select(f => LayerStandardization.KernelOf(f.Node)));
        Dictionary<string, float> biases = graph.Graph.Variables.Where(v => v.Role == VariableRole.Bias)
            .ToDictionary(v => v.Name, v => variables[v.Name].Values<float>()[0]);
        var session = new Session(KernelSet.Shared);
        ImageCache<byte> cache = Cache(image);
        var reader = new BatchReader(cache, Options.BatchSize);
        new LayerStandardization(session, graph, variables, new()).Run(reader, Options.Order(cache, 1), default);

        using var plans = new PlanCache(session, graph, variables, new());
        List<float>[] values = [.. graph.Fetches.Select(_ => new List<float>())];
        foreach (Batch batch in reader.Read(Options.Order(cache, 1), epoch: 1))
        {
            Executable plan = plans.Run(batch.Images, batch.Count, step: 1);
            for (int i = 0; i < values.Length; i++)
                values[i].AddRange(plan.Fetch<float>(i));
        }
        for (int i = 0; i < values.Length; i++)
        {
            string bias = kernels[i].Name.Replace("kernel", "bias", StringComparison.Ordinal);
            AssertStandardized(kernels[i].Name, [.. values[i]], biases.TryGetValue(bias, out float center)
                ? variables[bias].Values<float>().ToArray() : null, center, graph.Fetches[i].Channels);
        }
    }

    /// <summary>A training that goes on must not have the weights that it has learned rescaled.</summary>
    [Fact]
    public void Train_Again_LeavesWeightsAsTheyAre()
    {
        float[] Kernel(bool standardizes, int trainings)
        {
            ImageCache<byte> cache = Cache(new(16, 16, 1));
            using var trainer = new NetworkTrainer(CnnArchitectures.NetworkInNetwork, cache.Image, Classes, KernelSet.Shared,
                Options with { StandardizesLayers = standardizes, LearningRate = 1e-30f });
            for (int i = 0; i < trainings; i++)
                trainer.Train(cache);
            return trainer.Variables["conv2/kernel"].Values<float>().ToArray();
        }
        Assert.Equal(Kernel(true, 1), Kernel(true, 2));
        Assert.NotEqual(Kernel(false, 1), Kernel(true, 1));
    }

    private static void AssertStandardized(string kernel, float[] values, float[]? bias, float center, int channels)
    {
        double[] means = new double[channels], variances = new double[channels];
        for (int i = 0; i < values.Length; i++)
            means[i % channels] += (double)values[i] * channels / values.Length;
        for (int i = 0; i < values.Length; i++)
            variances[i % channels] += Math.Pow(values[i] - means[i % channels], 2) * channels / values.Length;
        double deviation = channels == Classes ? 0.1 : 1;
        int[] standardized = [.. Enumerable.Range(0, channels).Where(c => variances[c] > 0)]; // others stay as they are
        Assert.NotEmpty(standardized);
        foreach (int c in standardized)
        {
            Assert.True(Math.Abs((Math.Sqrt(variances[c]) / deviation) - 1) < 0.01, $"{kernel}, channel {c}: variance {variances[c]}");
            Assert.True(bias is null || Math.Abs(means[c] + bias[c] - center) < 0.01 * deviation,
                $"{kernel}, channel {c}: mean {means[c]}");
        }
    }

    private static ImageCache<byte> Cache(ImageShape image)
    {
        var cache = new ImageCache<byte>(image) { Normalization = PixelNormalization.Uniform(1, 1 / 60f, -1) };
        var random = new Random(1);
        for (int i = 0; i < 40; i++)
        {
            var pixels = new byte[image.ValueCount];
            random.NextBytes(pixels);
            cache.Add(pixels, i % Classes);
        }
        return cache;
    }
}
