using System.Text.Json;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Xunit;
using Xunit.Abstractions;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Onnx;

/// <summary>Networks as ONNX files, run by ONNX Runtime.</summary>
public sealed class OnnxExportTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-5;

    /// <summary>One small network of each kind; all with CNNZOO_FULL=1.</summary>
    private static readonly string[] Few =
    [
        "lenet1", "lenet5", "lenet5_relu", "alexnet", "nin", "googlenet", "squeezenet1_1", "resnet20_cifar", "resnet110_v2_cifar",
        "resnet18_option_a", "mobilenet_v2", "densenet40_k12_cifar",
    ];

    public static TheoryData<string> Networks => [.. CnnArchitectures.All.Select(a => a.Name)
        .Where(n => TestScope.IsFull || Few.Contains(n))];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Write_EveryNetwork_ScoresAlikeInOnnxRuntime(string name)
    {
        using CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find(name));
        (double logits, double scores) = Compare(model, new OnnxExportOptions());
        output.WriteLine($"{name}: logits {logits:E1}, probabilities {scores:E1}");
        Assert.InRange(logits, 0, Tolerance);
        Assert.InRange(scores, 0, Tolerance);
    }

    [Theory]
    [InlineData("resnet20_cifar")]
    [InlineData("lenet5_relu")]
    public void Write_EveryOption_ScoresAlike(string name)
    {
        using CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find(name));
        foreach (OnnxInputLayout layout in Enum.GetValues<OnnxInputLayout>())
            foreach (bool normalizes in new[] { true, false })
                foreach (bool folds in new[] { true, false })
                {
                    var options = new OnnxExportOptions
                    {
                        InputLayout = layout, NormalizesPixels = normalizes, FoldsBatchNorms = folds,
                        InputName = "conv1", ProbabilitiesName = "scores/Softmax", ClassName = "best class",
                    };
                    Assert.InRange(Compare(model, options).Logits, 0, Tolerance);
                }
    }

    [Fact]
    public void Write_BatchNormsKept_AreNodes()
    {
        using CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find("resnet20_cifar"));
        int Norms(bool folds) => OnnxWriter.Write(model, Names, new OnnxExportOptions { FoldsBatchNorms = folds }).Graph.Node
            .Count(n => n.OpType == "BatchNormalization");
        Assert.Equal(0, Norms(folds: true));
        Assert.Equal(model.Graphs.Scoring().Graph.Nodes.Count(n => n.Op == "FusedBatchNormV3"), Norms(folds: false));
    }

    [Theory]
    [InlineData("alexnet")]
    [InlineData("resnet20_cifar")]
    [InlineData("lenet5")]
    public void Write_ChannelsFirst_TransposesNothing(string name)
    {
        using CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find(name));
        Assert.DoesNotContain(OnnxWriter.Write(model, Names, new OnnxExportOptions()).Graph.Node,
            n => n.OpType == "Transpose");
    }

    [Fact]
    public void Write_Metadata_SayHowImagesComeIn()
    {
        using CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find("squeezenet1_1"));
        string[] names = [.. Names.SkipLast(1), "Ä \"quoted\", with comma"];
        Dictionary<string, string> entries = OnnxWriter.Write(model, names, new OnnxExportOptions()).MetadataProps
            .ToDictionary(p => p.Key, p => p.Value);
        Assert.Equal(names, JsonSerializer.Deserialize<string[]>(entries["classes"]));
        Assert.Equal(("squeezenet1_1", "Rgb8", "NominalRange_0_255"),
            (entries["network"], entries["Image.BitmapPixelFormat"], entries["Image.NominalPixelRange"]));
        Assert.NotEmpty(entries["version"]);
        JsonElement preprocessing = JsonDocument.Parse(entries["preprocessing"]).RootElement;
        Assert.Equal("RGB", preprocessing.GetProperty("channels").GetString());
        Assert.True(preprocessing.GetProperty("normalized_in_graph").GetBoolean());
        Assert.Equal(model.Image.Height, preprocessing.GetProperty("crop").GetProperty("height").GetInt32());
        Assert.Equal(123.675, preprocessing.GetProperty("mean")[0].GetDouble(), 1e-3);
        Assert.Equal(PixelNormalization.ImageNet.Scale[2], preprocessing.GetProperty("scale")[2].GetSingle());
    }

    [Fact]
    public void Write_NamesNotDistinct_IsRefused()
    {
        using CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find("lenet1"));
        Assert.Throws<ArgumentException>(() => OnnxWriter.Write(model, Names, new OnnxExportOptions { ClassName = "image" }));
    }

    private static string[] Names => [.. Enumerable.Range(0, RandomNetwork.Classes).Select(i => $"class {i}")];

    /// <summary>Runs a batch of two images both ways and checks the file.</summary>
    private static (double Logits, double Scores) Compare(CnnClassificationModel model, OnnxExportOptions options)
    {
        const int batch = 2;
        ImageShape size = model.Image;
        float[] pixels = RandomNetwork.Pixels(batch * size.ValueCount);
        (float[] logits, float[] scores) = RandomNetwork.Run(model, pixels);

        ModelProto file = OnnxWriter.Write(model, Names, options);
        OnnxChecker.Check(file);
        ValueInfoProto softmax = file.Graph.ValueInfo.Single(v =>
            v.Name == file.Graph.Node.Single(n => n.OpType == "Softmax").Input[0]);
        file.Graph.ValueInfo.Remove(softmax);
        file.Graph.Output.Add(softmax);
        float[] input = pixels;
        if (!options.NormalizesPixels)
            model.Normalization.Apply(pixels, input = new float[pixels.Length]);
        bool planar = options.InputLayout == OnnxInputLayout.Nchw;
        Dictionary<string, Array> results = planar
            ? OnnxRun.Run(file, OnnxRun.ToChannelsFirst(input, size), batch, size.Channels, size.Height, size.Width)
            : OnnxRun.Run(file, input, batch, size.Height, size.Width, size.Channels);
        var probabilities = (float[])results[options.ProbabilitiesName];
        Assert.Equal(probabilities.Chunk(RandomNetwork.Classes).Select(p => (long)Array.IndexOf(p, p.Max())),
            (long[])results[options.ClassName]);
        return (OnnxRun.Difference(logits, (float[])results[softmax.Name]), OnnxRun.Difference(scores, probabilities));
    }
}
