using Microsoft.ML.CnnZoo.Graph;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary><c>cnnzoo export</c>: what it writes gives the model's own predictions.</summary>
public sealed class CnnZooExportTests(TrainedModelFixture trained) : IClassFixture<TrainedModelFixture>
{
    [Theory]
    [InlineData("onnx", "bars.onnx")]
    [InlineData("tensorflow", "bars.pb")]
    [InlineData("savedmodel", "bars_savedmodel")]
    public void Export_ThenPredict_GivesTheModelsScores(string format, string name)
    {
        string file = trained.Images.At(name);
        try
        {
            Assert.Contains($"Saved {file}", CnnZooCommand.Run("export", "--model", trained.Model, "--format", format,
                "--out", file).AssertSuccess().Output, StringComparison.Ordinal);
            string[] labels = format == "tensorflow" ? ["--labels", Labels()] : [];
            Assert.Equal(Scores(trained.Model), Scores(file, labels));
        }
        finally
        {
            if (Directory.Exists(file))
                Directory.Delete(file, recursive: true);
            File.Delete(file);
            File.Delete(trained.Images.At("labels.txt"));
        }
    }

    [Fact]
    public void Export_NormalizedInput_LeavesNormalizationOut()
    {
        string file = trained.Images.At("bars.pb");
        try
        {
            CnnZooCommand.Run("export", "--model", trained.Model, "--format", "tensorflow", "--out", file,
                "--normalized-input").AssertSuccess();
            NetworkGraph graph = GraphDefFormat.Read(File.ReadAllBytes(file));
            Assert.Equal("image", graph["conv1/Conv2D"].Inputs[0].Node.Name);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Export_LayoutOfTensorFlow_IsRefused() => CnnZooCommand.Run("export", "--model", trained.Model, "--format",
        "tensorflow", "--layout", "nhwc", "--out", trained.Images.At("bars.pb")).AssertFailure(2, "--layout");

    [Fact]
    public void Export_OverAFolderOfOtherThings_IsRefused()
    {
        string[] before = Directory.GetFileSystemEntries(trained.Images.Root);
        CnnZooCommand.Run("export", "--model", trained.Model, "--format", "savedmodel", "--out", trained.Images.Root)
            .AssertFailure(1, "is no SavedModel");
        Assert.Equal(before, Directory.GetFileSystemEntries(trained.Images.Root));
    }

    private string Labels()
    {
        string path = trained.Images.At("labels.txt");
        File.WriteAllLines(path, ["lying", "standing"]);
        return path;
    }

    /// <summary>The scores of two images, rounded.</summary>
    private string[] Scores(string model, params string[] options) =>
    [
        .. CnnZooCommand.Run(["predict", "--model", model, trained.Images.Image("lying", 5),
            trained.Images.Image("standing", 7), "--top", "2", "--json", .. options]).Json().EnumerateArray()
            .SelectMany(image => image.GetProperty("classes").EnumerateArray())
            .Select(c => $"{c.GetProperty("class").GetString()} {c.GetProperty("score").GetDouble():f4}"),
    ];
}
