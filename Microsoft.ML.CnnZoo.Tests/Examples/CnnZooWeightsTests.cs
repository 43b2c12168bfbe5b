using System.Text.Json;
using CnnZoo.Cli;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Tests.Weights;
using Microsoft.ML.CnnZoo.Weights;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary><c>cnnzoo weights</c> and <c>cnnzoo run --arch --weights</c> on published files.</summary>
public sealed class CnnZooWeightsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cnnzoo-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("state_dict.pth")]
    [InlineData("model.safetensors.index.json")]
    public void Convert_WithoutArchitecture_KeepsNamesAndTypes(string file)
    {
        CnnZooCommand.Run("weights", "convert", PyTorchFile(file), "--out", At("w.safetensors")).AssertSuccess();
        using var copy = SafetensorsFile.Open(At("w.safetensors"));
        Assert.Equal("F16", copy.Find("bn1.weight")!.DataType);
        Assert.Equal("I64", copy.Find("bn1.num_batches_tracked")!.DataType);
        using Stream elements = copy.OpenTensor("bn1.num_batches_tracked");
        Assert.Equal(12345, new BinaryReader(elements).ReadInt64());
        Assert.Equal([6L, 4], copy.Find("transposed.weight")!.Shape);
    }

    [Theory]
    [InlineData("whole_module.pt", "torch.save(model.state_dict(), 'weights.pth')")]
    [InlineData("executes_code.pth", "posix.system")]
    [InlineData("truncated.pth", "is not a valid file of torch.save")]
    public void Weights_FileToBeRefused_EndsWithCode2AndTheReason(string file, string expected)
    {
        foreach (string[] verb in (string[][])[["weights", "list", PyTorchFile(file)],
            ["weights", "convert", PyTorchFile(file), "--out", At("w.safetensors")],
            ["weights", "convert", PyTorchFile(file), "--arch", "resnet18", "--out", At("w.safetensors")]])
        {
            CnnZooCommand run = CnnZooCommand.Run(verb);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(expected, run.Errors);
        }
        Assert.False(File.Exists(At("w.safetensors")));
    }

    [Fact]
    public void List_PublishedWeights_ShowsTensorsLabelsPreprocessingAndWhatTheyFit()
    {
        Write("names", "fc_squeezenet1_1", "model.safetensors");
        File.WriteAllText(At("config.json"), """{"id2label": {"0": "cat", "1": "dog"} }""");
        File.WriteAllText(At("preprocessor_config.json"), """{"image_mean": [0, 0, 0], "image_std": [1, 1, 1]}""");
        string text = CnnZooCommand.Run("weights", "list", At("model.safetensors")).AssertSuccess().Output;
        Assert.Contains("52 tensors, 727,626 elements", text);
        Assert.Contains("2 labels: cat, dog", text);
        Assert.Contains("Preprocessing: pixels · (0.003921569, 0.003921569, 0.003921569) + (", text);
        Assert.Contains("red, green, blue (preprocessor_config.json)", text);
        Assert.Contains("classifier.1.weight", text);
        Assert.Contains("[10,512,1,1]", text);
        Assert.Contains("Fits squeezenet1_1, 10 classes", text);
        Assert.Single(text.Split('\n'), line => line.StartsWith("Fits ", StringComparison.Ordinal));
        using JsonDocument json = JsonDocument.Parse(
            CnnZooCommand.Run("weights", "list", At("model.safetensors"), "--json").AssertSuccess().Output);
        Assert.Equal(52, json.RootElement.GetProperty("tensors").GetArrayLength());
        Assert.Equal("squeezenet1_1",
            json.RootElement.GetProperty("fits")[0].GetProperty("architecture").GetString());
    }

    [Fact]
    public void Run_ArchitectureWithWeights_GivesTheLibrarysLogits()
    {
        JsonElement golden = Write("names", "fc_squeezenet1_1", "w.safetensors");
        WriteInput(golden);
        string text = CnnZooCommand.Run("run", "--arch", "squeezenet1_1", "--weights", At("w.safetensors"), "--input",
            At("x.npy"), "--output", At("y.npy")).AssertSuccess().Output;
        Assert.Contains("52 tensors fit", text);
        Check(golden, "logits");
    }

    /// <summary>Once as Keras has it, once converted to PyTorch's names and layout, with Keras' epsilon.</summary>
    [Fact]
    public void Convert_KerasWeights_RunAsBefore()
    {
        JsonElement golden = Write("keras-names", "densenet121", "keras.safetensors");
        float[] image = WriteInput(golden);
        Run("keras.safetensors");
        Check(golden, "first");
        string text = CnnZooCommand.Run("weights", "convert", At("keras.safetensors"), "--arch", "densenet121", "--out",
            At("torch.safetensors")).AssertSuccess().Output;
        Assert.Contains("Of the weights: Keras' names; batch normalization's epsilon is 1.001E-05.", text);
        int[] nhwc = [.. golden.GetProperty("inputShape").EnumerateArray().Select(d => d.GetInt32())];
        NpyFile.Write(At("x.npy"), KnownArray.Of(nhwc, image).Transpose([0, 3, 1, 2]));
        Run("torch.safetensors");
        Check(golden, "first");
        using var converted = SafetensorsFile.Open(At("torch.safetensors"));
        Assert.Equal([64L, 3, 7, 7], converted.Find("features.conv0.weight")!.Shape);

        void Run(string weights) => CnnZooCommand.Run("run", "--arch", "densenet121", "--weights", At(weights),
            "--input", At("x.npy"), "--output", At("y.npy")).AssertSuccess();
    }

    [Theory]
    [InlineData("run", "--arch", "resnet18")]
    [InlineData("run", "--weights", "w.pth")]
    [InlineData("run", "--arch", "resnet18", "--weights", "w.pth", "--model", "m.onnx")]
    [InlineData("weights", "convert", "w.pth")]
    public void Weights_ArgumentsThatDoNotGoTogether_AreRefused(params string[] arguments)
    {
        CnnZooCommand run = CnnZooCommand.Run([.. arguments, .. arguments[0] == "run"
            ? (string[])["--input", "x.npy", "--output", "y.npy"] : []]);
        Assert.Equal(2, run.ExitCode);
        Assert.Matches("needs either --model, or --arch with --weights|--out", run.Errors);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private static string PyTorchFile(string name) =>
        Path.Combine(GoldenFiles.Folder, "interop", "pytorch-files", name);

    private JsonElement Write(string folder, string name, string file)
    {
        using JsonDocument document = GoldenFiles.Read($"interop/{folder}/all.json");
        JsonElement golden = document.RootElement.EnumerateArray()
            .Single(e => e.GetProperty("name").GetString() == name).Clone();
        using var source = new FormulaTensors(golden.GetProperty("weights"));
        SafetensorsWriter.Copy(At(file), source);
        return golden;
    }

    private float[] WriteInput(JsonElement golden)
    {
        int[] shape = [.. golden.GetProperty("inputShape").EnumerateArray().Select(d => d.GetInt32())];
        float[] image = GoldenFill.Input("input", shape.Aggregate(1L, (a, b) => a * b));
        NpyFile.Write(At("x.npy"), KnownArray.Of(shape, image));
        return image;
    }

    private void Check(JsonElement golden, string values)
    {
        double[] expected = [.. golden.GetProperty(values).EnumerateArray().Select(v => v.GetDouble())];
        float[] actual = NpyFile.Read(At("y.npy")).ToFloats();
        double largest = expected.Max(Math.Abs);
        Assert.All(expected.Zip(actual), pair =>
            Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 2e-5 * largest));
    }
}
