using System.Globalization;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary><c>cnnzoo features</c>.</summary>
public sealed class CnnZooFeaturesTests : IDisposable
{
    private static readonly string Pretrained = Path.Combine(AppContext.BaseDirectory, "ResNet18.onnx");
    private readonly BarImages _images = new(each: 2);

    public void Dispose() => _images.Dispose();

    [Fact]
    public void Features_OfANetworkFromAFile_AreTheSameInBothForms()
    {
        string table = _images.At("features.csv"), array = _images.At("features.npy");
        foreach (string path in new[] { table, array })
            Assert.Contains("4 images, 512 features each", CnnZooCommand.Run("features", "--arch", Pretrained, "--preprocessing",
                "kerascaffe", "--out", path, _images.Folder).AssertSuccess().Output, StringComparison.Ordinal);
        string[] lines = File.ReadAllLines(table);
        Assert.StartsWith("image,f0,f1,", lines[0], StringComparison.Ordinal);
        Assert.Equal(5, lines.Length);
        float[] numbers = [.. lines.Skip(1).SelectMany(l => l.Split(',').Skip(1))
            .Select(n => float.Parse(n, CultureInfo.InvariantCulture))];
        byte[] file = File.ReadAllBytes(array);
        Assert.Contains("'shape': (4, 512)", System.Text.Encoding.Latin1.GetString(file, 0, 128), StringComparison.Ordinal);
        Assert.Equal(numbers, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(file.AsSpan(^(4 * 512 * 4)..)).ToArray());
        Assert.True(numbers.Max() > 1);
    }

    [Fact]
    public void Features_OfAModel_OfALayer()
    {
        string model = _images.At("bars.zip"), table = _images.At("features.csv");
        CnnZooCommand.Run("train", "--data", _images.Folder, "--arch", "lenet5_relu", "--epochs", "1", "--validation", "0",
            "--out", model).AssertSuccess();
        CnnZooCommand.Run("features", "--model", model, "--layer", "conv2", "--out", table, _images.Image("lying", 0))
            .AssertSuccess();
        Assert.Equal(17, File.ReadAllLines(table)[1].Split(',').Length);
        CnnZooCommand.Run("features", "--model", model, "--layer", "conv22", "--out", table, _images.Image("lying", 0))
            .AssertFailure(1, "The layer is 'conv22'; expected the name of a stage or layer: conv2");
    }

    [Fact]
    public void Features_WrongArguments_SayWhatIsNeeded()
    {
        CnnZooCommand.Run("features", "--out", _images.At("f.csv"), _images.Folder)
            .AssertFailure(2, "Either --model or --arch is needed");
        CnnZooCommand.Run("features", "--arch", Pretrained, "--out", _images.At("f.txt"), _images.Folder)
            .AssertFailure(2, "ends with .csv or .npy");
    }
}
