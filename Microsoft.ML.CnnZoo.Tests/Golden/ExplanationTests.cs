using System.Text.Json;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Explain;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;
using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>Grad-CAM, gradients of the image and occlusion on torchvision's networks against golden/judge.</summary>
public class ExplanationTests(GoldenReport errors, ITestOutputHelper log) : IClassFixture<GoldenReport>
{
    /// <summary>Of the largest value; PyTorch computed in float64.</summary>
    private const double Tolerance = 1e-4;

    public static TheoryData<string> Cases =>
        [.. GoldenFiles.All("judge").Where(f => Path.GetFileName(f).StartsWith("explain", StringComparison.Ordinal))
            .SelectMany(CaseNames)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Explanations_FilledWeightsAndInput_EqualGolden(string fileAndCase)
    {
        string[] parts = fileAndCase.Split('|');
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(parts[0]));
        JsonElement golden = document.RootElement.EnumerateArray().ElementAt(int.Parse(parts[1]));
        using var run = new ExplanationRun(golden);
        void Compare(string quantity, double[] expected, IEnumerable<double> actual)
        {
            double[] values = [.. actual];
            Assert.Equal(expected.Length, values.Length);
            double error = expected.Zip(values, (e, a) => Math.Abs(e - a)).Max() / expected.Max(Math.Abs);
            errors.Add(log, quantity, parts[2], error, Tolerance);
            Assert.True(error <= Tolerance, $"{parts[2]}, {quantity}: off by {error:0.0e0} of the largest value.");
        }

        Compare("logits", Numbers(golden, "logits"), run.Logits());
        float[][] cam = run.GradCam();
        Compare("Grad-CAM", Numbers(golden, "gradCam"), cam[0].Select(v => (double)v));
        Compare("Grad-CAM before its ReLU", Numbers(golden, "beforeRelu"), cam[1].Select(v => (double)v));
        float[][] saliency = run.Saliency();
        Compare("norms of input gradients", Numbers(golden, "inputGradientL2PerChannel"), run.NormsByChannel(saliency[1]));
        int pixels = saliency[0].Length / run.Images;
        Compare("sums of saliency", Numbers(golden, "saliencySum"),
            saliency[0].Chunk(pixels).Select(image => image.Sum(v => (double)v)));
        Compare("saliency", Numbers(golden, "saliencyFirst20"), saliency[0].Take(20).Select(v => (double)v));
        JsonElement occlusion = golden.GetProperty("occlusion");
        Assert.Equal(0, occlusion.GetProperty("value").GetDouble());
        Compare("occlusion", Numbers(occlusion, "drop"), run.Occlusion(occlusion.GetProperty("image").GetInt32(),
            occlusion.GetProperty("patch").GetInt32(), occlusion.GetProperty("stride").GetInt32()));
    }

    [Fact]
    public void Cases_OfTheCopy_AreAllKnown() => Assert.InRange(Cases.Count, 4, int.MaxValue);

    private static IEnumerable<string> CaseNames(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        return [.. document.RootElement.EnumerateArray().Select((c, i) => (Name: c.GetProperty("name").GetString()!, Index: i))
            .Where(c => GoldenNetwork.Find(c.Name) is not null).Select(c => $"{file}|{c.Index}|{c.Name}")];
    }

    private static double[] Numbers(JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(e => e.GetDouble())];
}
