using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary><c>cnnzoo explain</c>.</summary>
public sealed class CnnZooExplainTests : IDisposable
{
    private readonly BarImages _images = new(each: 8);
    private readonly string _model;

    public CnnZooExplainTests()
    {
        _model = _images.At("bars.zip");
        CnnZooCommand.Run("train", "--data", _images.Folder, "--arch", "lenet5_relu", "--size", "28x28x1", "--epochs", "2",
            "--validation", "0", "--out", _model).AssertSuccess();
    }

    public void Dispose() => _images.Dispose();

    [Fact]
    public void Explain_EveryMethod_WritesPictures()
    {
        string folder = _images.At("why"), lying = _images.Image("lying"), standing = _images.Image("standing");
        foreach (string method in new[] { "gradcam", "saliency", "smoothgrad", "occlusion" })
        {
            string output = CnnZooCommand.Run("explain", "--model", _model, "--method", method, "--side", "96", "--out", folder,
                lying, standing).AssertSuccess().Output;
            Assert.Contains($"000-{method}.png: ", output, StringComparison.Ordinal);
            AssertSide(96, Path.Combine(folder, $"000-{method}.png"), Path.Combine(folder, $"000-2-{method}.png"));
        }
        foreach (string method in new[] { "deconvnet", "features" })
            Assert.Contains("layer conv1/", CnnZooCommand.Run("explain", "--model", _model, "--method", method, "--layer", "conv1",
                "--out", folder, lying).AssertSuccess().Output, StringComparison.Ordinal);
        CnnZooCommand.Run("explain", "--model", _model, "--method", "filters", "--out", folder).AssertSuccess();
        Assert.Equal(11, Directory.GetFiles(folder, "*.png").Length);
    }

    [Fact]
    public void Explain_Class_IsTheOneThatIsShown()
    {
        string output = CnnZooCommand.Run("explain", "--model", _model, "--class", "standing", "--out", _images.At("why"),
            _images.Image("lying")).AssertSuccess().Output;
        Assert.Contains("png: standing ", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_WhatCannotBe_SaysWhy()
    {
        string image = _images.Image("lying"), bad = _images.At("bad.png");
        File.WriteAllText(bad, "no image");
        CnnZooCommand Explain(params string[] arguments) =>
            CnnZooCommand.Run(["explain", "--model", _model, "--out", _images.At("why"), .. arguments]);
        Explain().AssertFailure(2, "At least one image is needed.");
        Explain("--method", "lime", image).AssertFailure(2, "--method needs one of gradcam, saliency");
        Explain("--layer", "conv9", image).AssertFailure(1, "The layer is 'conv9'; expected the name of a stage or layer: conv");
        Explain("--class", "sitting", image).AssertFailure(1, "expected one of the 2 classes, such as lying, standing");
        Explain(bad).AssertFailure(1, "its 8 bytes are no image");
    }

    private static void AssertSide(int side, params string[] pictures)
    {
        foreach (string path in pictures)
        {
            using MLImage picture = MLImage.CreateFromFile(path);
            Assert.Equal((side, side), (picture.Width, picture.Height));
        }
    }
}
