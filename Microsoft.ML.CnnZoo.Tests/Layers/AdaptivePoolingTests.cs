using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Layers;

/// <summary>Average pooling to a fixed size against its definition.</summary>
public class AdaptivePoolingTests
{
    public static TheoryData<int, int, int> Sizes =>
        new() { { 14, 14, 4 }, { 8, 8, 4 }, { 7, 9, 4 }, { 3, 5, 4 }, { 1, 1, 4 }, { 13, 8, 3 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void AdaptiveAveragePool2D_AnySize_IsTheMeanOfEachBin(int height, int width, int bins)
    {
        const int channels = 3;
        var g = new GraphBuilder();
        NodeOutput image = g.Placeholder("image", DataType.Float, new TensorShape(-1, height, width, channels));
        NodeOutput pooled = g.AdaptiveAveragePool2D(image, bins, "pool");
        Assert.Equal(new TensorShape(-1, bins, bins, channels), pooled.Shape);
        using var variables = new VariableStore();
        var feeds = new Dictionary<string, TensorShape> { ["image"] = new(2, height, width, channels) };
        using Executable plan = new Session(KernelSet.Shared)
            .Compile(g.ToGraph(), feeds, [pooled], [], variables);
        float[] pixels = GoldenFill.Input("pixels", 2L * height * width * channels);
        pixels.CopyTo(plan.Feed<float>("image"));
        plan.Run();
        float[] actual = plan.Fetch<float>(0).ToArray();
        for (int i = 0; i < actual.Length; i++)
        {
            (int c, int x, int y, int n) =
                (i % channels, i / channels % bins, i / channels / bins % bins, i / channels / bins / bins);
            var bin = from r in Bin(y, bins, height)
                      from q in Bin(x, bins, width)
                      select (double)pixels[(((((n * height) + r) * width) + q) * channels) + c];
            Assert.Equal(bin.Average(), actual[i], 1e-6);
        }
    }

    private static IEnumerable<int> Bin(int index, int bins, int size)
    {
        int begin = (int)Math.Floor((double)index * size / bins), end = (int)Math.Ceiling((index + 1.0) * size / bins);
        return Enumerable.Range(begin, end - begin);
    }
}
