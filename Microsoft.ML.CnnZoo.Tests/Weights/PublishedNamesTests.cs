using System.Text.Json;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Weights;
using Microsoft.ML.CnnZoo.Weights.Names;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Weights;

/// <summary>
/// Weights with the names of transformers, timm and keras.applications give the logits that those libraries give.
/// </summary>
public class PublishedNamesTests
{
    private const double Tolerance = 2e-5;

    [Theory]
    [InlineData("names", "hf_resnet18", "resnet18", "transformers' names")]
    [InlineData("names", "hf_timm_resnet18", "resnet18", "")]
    [InlineData("names", "dataparallel_densenet121", "densenet121", "")]
    [InlineData("names", "fc_squeezenet1_1", "squeezenet1_1", "")]
    [InlineData("keras-names", "vgg16", "vgg16", "Keras' names")]
    [InlineData("keras-names", "resnet50", "resnet50_torchvision",
        "Keras' names; strides are those of 'resnet50'; batch normalization's epsilon is 1.001E-05")]
    [InlineData("keras-names", "resnet50", "resnet50", "Keras' names; batch normalization's epsilon is 1.001E-05")]
    [InlineData("keras-names", "xception", "xception",
        "Keras' names; batch normalization's epsilon is 0.001; padding is TensorFlow's")]
    [InlineData("keras-names", "densenet121", "densenet121",
        "Keras' names; batch normalization's epsilon is 1.001E-05")]
    public void FromWeights_PublishedNames_GivesTheLibrarysLogits(string folder, string file, string architecture,
        string remarks)
    {
        using JsonDocument document = GoldenFiles.Read($"interop/{folder}/all.json");
        JsonElement golden = document.RootElement.EnumerateArray()
            .Single(e => e.GetProperty("name").GetString() == file);
        using var source = new FormulaTensors(golden.GetProperty("weights"));
        int[] shape = [.. golden.GetProperty("inputShape").EnumerateArray().Select(d => d.GetInt32())];
        bool channelsFirst = folder == "names";
        using var network = LoadedNetwork.FromWeights(CnnArchitectures.Find(architecture), source,
            channelsFirst ? new(shape[2], shape[3], shape[1]) : new(shape[1], shape[2], shape[3]));
        Assert.Equal(remarks, string.Join("; ", network.Form.Remarks));
        Assert.Equal(channelsFirst, network.ChannelsFirst);
        Check(network, golden, shape, channelsFirst ? "logits" : "first");
    }

    /// <summary>Keras' names by order, batch norms without gamma, pools that leave the padding out.</summary>
    [Fact]
    public void FromWeights_KerasInceptionV3_GivesItsLogits()
    {
        using JsonDocument document = GoldenFiles.Read("interop/tensorflow-frozen/all.json");
        JsonElement golden = document.RootElement.EnumerateArray()
            .Single(e => e.GetProperty("name").GetString() == "k_inception_v3");
        using var source = new FormulaTensors(InceptionV3Tensors(golden.GetProperty("fills")));
        int[] shape = [.. golden.GetProperty("inputShape").EnumerateArray().Select(d => d.GetInt32())];
        using var network = LoadedNetwork.FromWeights(CnnArchitectures.InceptionV3, source,
            new(shape[1], shape[2], shape[3]));
        Assert.Contains("94 are ones, as the file leaves them out", network.Report);
        Check(network, golden, shape, "first");
    }

    [Theory]
    [InlineData("inception_v3")]
    [InlineData("inception_resnet_v2")]
    [InlineData("mobilenet_v2")]
    [InlineData("vgg19")]
    [InlineData("resnet152")]
    [InlineData("densenet201")]
    public void KerasNames_EveryVariable_HasALayerOfItsOwn(string name)
    {
        CnnArchitecture network = CnnArchitectures.Find(name);
        var names = new KerasNames(network, new KerasLayers(new FormulaTensors([])));
        VariableDefinition[] variables = [.. network.BuildGraph(2).Variables];
        string[] tensors = [.. variables.Select(names.Of)];
        Assert.Equal(tensors.Length, tensors.Distinct().Count());
        Assert.Equal(Expected(name), tensors.Where((_, i) => i < 2 || i >= tensors.Length - 3));
    }

    private static string[] Expected(string name) => name switch
    {
        "inception_v3" => ["conv2d/kernel", "batch_normalization/gamma", "batch_normalization_93/moving_variance",
            "predictions/kernel", "predictions/bias"],
        "inception_resnet_v2" => ["conv2d/kernel", "batch_normalization/gamma", "conv_7b_bn/moving_variance",
            "predictions/kernel", "predictions/bias"],
        "mobilenet_v2" => ["Conv1/kernel", "bn_Conv1/gamma", "Conv_1_bn/moving_variance", "predictions/kernel",
            "predictions/bias"],
        "vgg19" => ["block1_conv1/kernel", "block1_conv1/bias", "fc2/bias", "predictions/kernel", "predictions/bias"],
        "resnet152" => ["conv1_conv/kernel", "conv1_bn/gamma", "conv5_block3_3_bn/moving_variance",
            "predictions/kernel", "predictions/bias"],
        _ => ["conv1_conv/kernel", "conv1_bn/gamma", "bn/moving_variance", "predictions/kernel", "predictions/bias"],
    };

    [Fact]
    public void Resolve_TransformersMobileNetV2_HasItsEpsilonPaddingAndNames()
    {
        var names = new TransformersMobileNetV2Names(isWhole: true);
        CnnArchitecture network = CnnArchitectures.MobileNetV2;
        string[] tensors = [.. network.BuildGraph(2).Variables.Select(names.Of)];
        Assert.Equal(["mobilenet_v2.conv_stem.first_conv.convolution.weight",
            "mobilenet_v2.conv_stem.first_conv.normalization.weight"], tensors[..2]);
        Assert.Contains("mobilenet_v2.conv_stem.conv_3x3.convolution.weight", tensors);
        Assert.Contains("mobilenet_v2.conv_stem.reduce_1x1.normalization.running_var", tensors);
        Assert.Contains("mobilenet_v2.layer.0.expand_1x1.convolution.weight", tensors);
        Assert.Contains("mobilenet_v2.layer.15.reduce_1x1.convolution.weight", tensors);
        Assert.Equal(["mobilenet_v2.conv_1x1.normalization.running_var", "classifier.weight", "classifier.bias"],
            tensors[^3..]);
        var form = WeightsForm.Resolve(network,
            new FormulaTensors(tensors.Select(t => (t, new long[] { 1 }, 0.0, 0.0, t))));
        Assert.Equal(1e-3f, form.Architecture.BatchNormEpsilonOverride!.Value);
        Assert.True(form.Architecture.TensorFlowPadding);
    }

    [Theory]
    [InlineData("resnet50", false, "resnet50_torchvision")]
    [InlineData("resnet50_torchvision", false, "resnet50_torchvision")]
    [InlineData("resnet50_torchvision", true, "resnet50")]
    public void Resolve_TransformersResNet_StridesAsItsConfigurationSays(string asked, bool inFirst, string expected)
    {
        string folder = Directory.CreateTempSubdirectory("cnnzoo-").FullName;
        try
        {
            string path = Path.Combine(folder, "model.safetensors");
            SafetensorsWriter.Write(path, [new("resnet.embedder.embedder.convolution.weight", [1], [1])]);
            File.WriteAllText(Path.Combine(folder, "config.json"), $$"""
                {"downsample_in_bottleneck": {{(inFirst ? "true" : "false")}}, "id2label": {"1": "dog", "0": "cat"} }
                """);
            File.WriteAllText(Path.Combine(folder, "preprocessor_config.json"), """
                {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "do_rescale": true,
                "rescale_factor": 0.00392156862745098}
                """);
            using var source = SafetensorsFile.Open(path);
            var form = WeightsForm.Resolve(CnnArchitectures.Find(asked), source);
            Assert.Equal(expected, form.Architecture.Name);
            Assert.Equal(["cat", "dog"], form.Facts.Labels!);
            Assert.Equal(-1, form.Preprocessing!.Normalization.Offset[0]);
            Assert.Equal(1 / 127.5f, form.Preprocessing.Normalization.Scale[2], 1e-8f);
            File.WriteAllText(Path.Combine(folder, "config.json"), "{");
            Assert.Contains("config.json' beside the weights cannot be read",
                Assert.Throws<InvalidDataException>(() => WeightsForm.Resolve(form.Architecture, source)).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("names", "hf_resnet18", "vgg16", "names of transformers' ResNet")]
    [InlineData("names", "hf_resnet18", "resnet34",
        "missing: resnet.encoder.stages.0.layers.2.layer.0.convolution.weight")]
    [InlineData("keras-names", "vgg16", "vgg19", "missing: block3_conv4/kernel [3,3,256,256]")]
    [InlineData("keras-names", "resnet50", "resnet18", "names of Keras' layers, which are known for vgg16")]
    [InlineData("keras-names", "densenet121", "resnet50", "conv2_block1_2_bn/gamma")]
    public void FromWeights_AnotherNetworksNames_AreRefusedWithWhatIsExpected(string folder, string file,
        string architecture, string expected)
    {
        using JsonDocument document = GoldenFiles.Read($"interop/{folder}/all.json");
        JsonElement golden = document.RootElement.EnumerateArray()
            .Single(e => e.GetProperty("name").GetString() == file);
        using var source = new FormulaTensors(golden.GetProperty("weights"));
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() =>
            LoadedNetwork.FromWeights(CnnArchitectures.Find(architecture), source, new(64, 64, 3))).Message);
    }

    [Fact]
    public void FromWeights_Headless_SaysSoAndStartsATraining()
    {
        using FormulaTensors headless = Golden("names", "hf_resnet18").Select(n =>
            n.StartsWith("resnet.", StringComparison.Ordinal) ? n["resnet.".Length..] : null);
        Assert.Contains("no layer that gives the classes", Assert.Throws<InvalidDataException>(() =>
            LoadedNetwork.FromWeights(CnnArchitectures.ResNet18, headless)).Message);
        using var loaded = LoadedNetwork.FromWeights(CnnArchitectures.ResNet18, headless, allowHeadless: true);
        Assert.True(loaded.IsHeadless && !loaded.Variables.Contains("fc/kernel"));
        WeightsMatch match = new WeightsLoader(headless, CnnArchitectures.ResNet18, new(64, 64, 3), 5).Match();
        Assert.True(match.IsUsable, match.Problem());
        Assert.Equal(["classifier.1.weight (not there)", "classifier.1.bias (not there)"], match.Fresh);
    }

    [Fact]
    public void FromWeights_FlattenedImage_FindsItsSize()
    {
        using FormulaTensors source = Golden("keras-names", "vgg16");
        using var network = LoadedNetwork.FromWeights(CnnArchitectures.Vgg16, source);
        Assert.Equal((new ImageShape(64, 64, 3), 10), (network.Image, network.Classes));
    }

    [Theory]
    [InlineData("{0}:0")]
    [InlineData("model/{0}")]
    [InlineData("{1}/{0}:0")]
    public void Resolve_KerasNamesInOtherForms_MakesNoDifference(string form)
    {
        using FormulaTensors source = Golden("keras-names", "densenet121")
            .Select(n => string.Format(System.Globalization.CultureInfo.InvariantCulture, form, n, n.Split('/')[0]));
        Assert.True(Match(source, "densenet121").IsUsable);
    }

    [Fact]
    public void Resolve_KerasNumberedWeights_AreToldByTheirShapes()
    {
        using FormulaTensors source = Golden("keras-names", "xception").Select(n =>
        {
            string layer = n.Split('/')[0], weight = n.Split('/')[1];
            int number = weight switch { "pointwise_kernel" or "beta" or "bias" => 1, "moving_mean" => 2,
                "moving_variance" => 3, _ => 0 };
            return $"layers/{layer}/vars/{number}";
        });
        Assert.True(Match(source, "xception").IsUsable, Match(source, "xception").Problem());
    }

    [Fact]
    public void Resolve_FirstKerasNumberIsNotZero_MakesNoDifference()
    {
        using FormulaTensors source = Golden("keras-names", "xception").Select(n => n
            .Replace("conv2d_", "conv2d_1", StringComparison.Ordinal)
            .Replace("conv2d/", "conv2d_9/", StringComparison.Ordinal));
        Assert.True(Match(source, "xception").IsUsable, Match(source, "xception").Problem());
    }

    [Fact]
    public void Resolve_OldDenseNetFile_HasDotsInItsNames()
    {
        using FormulaTensors source = Golden("names", "dataparallel_densenet121").Select(n =>
            System.Text.RegularExpressions.Regex.Replace(n, @"(denselayer\d+\.)(norm|conv)(\d)", "$1$2.$3"));
        Assert.NotNull(source.Find("module.features.denseblock1.denselayer1.norm.1.weight"));
        Assert.True(Match(source, "densenet121").IsUsable, Match(source, "densenet121").Problem());
    }

    [Fact]
    public void CopyTo_ReversedColors_ExchangesRedAndBlueOfTheFirstLayer()
    {
        using FormulaTensors source = Golden("keras-names", "vgg16");
        var form = WeightsForm.Resolve(CnnArchitectures.Vgg16, source);
        Assert.True(form.IsReversed);
        using VariableStore plain = new(), reversed = new();
        var loader = new WeightsLoader(source, form, new(64, 64, 3), 10);
        loader.CopyTo(plain);
        loader.CopyTo(reversed, reverseColors: true);
        float[] a = plain["conv1_1/kernel"].Values<float>().ToArray(),
            b = reversed["conv1_1/kernel"].Values<float>().ToArray();
        Assert.All(Enumerable.Range(0, a.Length), i =>
            Assert.Equal(a[i], b[(i / 192 * 192) + ((2 - (i / 64 % 3)) * 64) + (i % 64)]));
        Assert.Equal(plain["conv1_2/kernel"].Values<float>().ToArray(),
            reversed["conv1_2/kernel"].Values<float>().ToArray());
    }

    private static WeightsMatch Match(ITensorSource source, string name) =>
        new WeightsLoader(source, CnnArchitectures.Find(name), new(103, 103, 3), 10).Match();

    private static FormulaTensors Golden(string folder, string name)
    {
        using JsonDocument document = GoldenFiles.Read($"interop/{folder}/all.json");
        return new(document.RootElement.EnumerateArray().Single(e => e.GetProperty("name").GetString() == name)
            .GetProperty("weights"));
    }

    private static void Check(LoadedNetwork network, JsonElement golden, int[] shape, string values)
    {
        long count = shape.Aggregate(1L, (a, b) => a * b);
        float[] image = GoldenFill.Input("input", count);
        if (network.ChannelsFirst)
            image = GoldenLayout.ToNhwc(image, shape[0], shape[1], shape[2], shape[3]);
        var g = new GraphBuilder();
        var batch = new TensorShape(shape[0], network.Image.Height, network.Image.Width, network.Image.Channels);
        NodeOutput logits = network.Architecture.Build(g, g.Placeholder("image", DataType.Float, batch),
            network.Classes).Output;
        using Executable plan = new Session(KernelSet.Shared).Compile(g.ToGraph(),
            new Dictionary<string, TensorShape> { ["image"] = batch }, [logits], [], network.Variables);
        image.CopyTo(plan.Feed<float>("image"));
        plan.Run();
        float[] actual = plan.Fetch<float>(0).ToArray();
        double[] expected = [.. golden.GetProperty(values).EnumerateArray().Select(v => v.GetDouble())];
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.InRange(Math.Abs(actual[i] - expected[i]), 0, Tolerance * largest);
        double norm = Math.Sqrt(actual.Sum(v => (double)v * v));
        Assert.InRange(norm / golden.GetProperty("l2").GetDouble(), 1 - 1e-5, 1 + 1e-5);
    }

    /// <summary>Keras' variables from the constants of its frozen graph, whose names the values go by.</summary>
    private static IEnumerable<(string, long[], double, double, string)> InceptionV3Tensors(JsonElement fills)
    {
        CnnArchitecture network = CnnArchitectures.InceptionV3.WithoutAuxiliaries();
        var names = new KerasNames(network, new KerasLayers(new FormulaTensors([])));
        foreach (VariableDefinition variable in network.BuildGraph(10).Variables)
        {
            string name = names.Of(variable);
            (string layer, string weight) = (name.Split('/')[0], name.Split('/')[1]);
            if (weight == "gamma")
                continue;
            string node = layer is "conv2d_1" or "batch_normalization_1" ? $"{layer}_2" : $"{layer}_1";
            string constant = $"inception_v3_1/{node}/" + weight switch
            {
                "kernel" => layer == "predictions" ? "Cast" : "convolution",
                "moving_mean" => "Cast",
                "moving_variance" => "Cast_1",
                "beta" => "Cast_2",
                _ => "BiasAdd",
            } + "/ReadVariableOp/resource";
            JsonElement fill = fills.GetProperty(constant);
            yield return (name, [.. variable.Spec.Shape.Dimensions.ToArray().Select(d => (long)d)], fill[0].GetDouble(),
                fill[1].GetDouble(), constant);
        }
    }
}
