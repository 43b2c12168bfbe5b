using System.Text.Json;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>A model that the command line tool trained on <see cref="BarImages"/>, for all tests of a class.</summary>
public sealed class TrainedModelFixture : IDisposable
{
    private readonly BarImages _images = new();

    /// <summary>Trains once.</summary>
    public TrainedModelFixture()
    {
        Training = CnnZooCommand.Run(
            "train", "--data", _images.Folder, "--arch", "lenet5_relu", "--out", Model, "--epochs", "15", "--batch", "16",
            "--lr", "0.02", "--seed", "1", "--validation", "0.2");
    }

    internal CnnZooCommand Training { get; }

    internal string Model => _images.At("bars.zip");

    internal BarImages Images => _images;

    /// <inheritdoc/>
    public void Dispose() => _images.Dispose();
}

/// <summary>The verbs of <c>cnnzoo</c>, each in a process of its own.</summary>
public sealed class CnnZooCliTests(TrainedModelFixture trained) : IClassFixture<TrainedModelFixture>
{
    [Fact]
    public void Train_FolderPerClass_ReportsEveryEpochAndWritesTheModelOnly()
    {
        trained.Training.AssertSuccess();
        Assert.True(File.Exists(trained.Model));
        Assert.Equal(
            15, trained.Training.Output.Split('\n').Count(line => line.StartsWith("epoch ", StringComparison.Ordinal)));
        Assert.DoesNotContain('\u001b', trained.Training.Output);
        Assert.Equal([trained.Model], Directory.GetFiles(trained.Images.Root));
    }

    [Fact]
    public void Train_Interrupted_SavesAModelThatWorks()
    {
        string model = Path.Combine(trained.Images.Folder, "interrupted.zip");
        CnnZooCommand run = CnnZooCommand.Interrupt(
            "epoch 2/", "train", "--data", trained.Images.Folder, "--arch", "lenet5_relu", "--out", model, "--epochs",
            "100000", "--batch", "16");
        try
        {
            Assert.Contains("Interrupted", run.AssertSuccess().Output, StringComparison.Ordinal);
            CnnZooCommand.Run("predict", "--model", model, trained.Images.Image("lying")).AssertSuccess();
        }
        finally
        {
            File.Delete(model);
        }
    }

    [Fact]
    public void Train_RefreshedStatistics_ScoresDifferentlyAndRecomputingDoesNot()
    {
        using var images = new BarImages(each: 8);
        double Loss(string name, params string[] options)
        {
            string model = images.At(name);
            CnnZooCommand.Run(
                ["train", "--data", images.Folder, "--arch", "resnet20_cifar", "--out", model, "--epochs", "2",
                "--batch", "8", "--validation", "0", .. options]).AssertSuccess();
            return CnnZooCommand.Run("evaluate", "--model", model, "--data", images.Folder, "--json").Json()
                .GetProperty("logLoss").GetDouble();
        }
        double plain = Loss("plain.zip");
        Assert.Equal(plain, Loss("recompute.zip", "--recompute"));
        Assert.NotEqual(plain, Loss("averages.zip", "--refresh-statistics", "false"), 1e-3);
    }

    [Fact]
    public void Evaluate_TrainingFolder_KnowsTheBars()
    {
        JsonElement result =
            CnnZooCommand.Run("evaluate", "--model", trained.Model, "--data", trained.Images.Folder, "--json").Json();
        Assert.Equal(80, result.GetProperty("images").GetInt32());
        Assert.InRange(result.GetProperty("microAccuracy").GetDouble(), 0.95, 1);
        Assert.Equal(
            ["lying", "standing"], result.GetProperty("classes").EnumerateArray()
            .Select(c => c.GetProperty("name").GetString()));
        Assert.Equal(
            [40.0, 40.0], result.GetProperty("confusion").EnumerateArray()
            .Select(row => row.EnumerateArray().Sum(count => count.GetDouble())));
    }

    [Fact]
    public void Evaluate_OneClassOnly_UndefinedNumbersAreNull()
    {
        using var images = new BarImages(each: 2);
        Directory.Delete(Path.Combine(images.Folder, "lying"), recursive: true);
        JsonElement result = CnnZooCommand.Run("evaluate", "--model", trained.Model, "--data", images.Folder, "--json")
            .Json();
        Assert.Equal(JsonValueKind.Null, result.GetProperty("logLossReduction").ValueKind);
        Assert.Equal(JsonValueKind.Number, result.GetProperty("logLoss").ValueKind);
    }

    [Fact]
    public void Evaluate_WithoutJson_PrintsMetricsAndConfusionTable()
    {
        CnnZooCommand run = CnnZooCommand.Run("evaluate", "--model", trained.Model, "--data", trained.Images.Folder)
            .AssertSuccess();
        Assert.Contains("MicroAccuracy", run.Output, StringComparison.Ordinal);
        Assert.Contains("standing", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_TwoImages_RanksTheClassesOfEach()
    {
        string lying = trained.Images.Image("lying", 5), standing = trained.Images.Image("standing", 7);
        JsonElement[] result = [
            .. CnnZooCommand.Run("predict", "--model", trained.Model, lying, standing, "--top", "2", "--json").Json()
            .EnumerateArray()];
        Assert.Equal([lying, standing], result.Select(image => image.GetProperty("image").GetString()));
        Assert.Equal(
            ["lying", "standing"],
            result.Select(image => image.GetProperty("classes")[0].GetProperty("class").GetString()));
        Assert.All(
            result, image =>
                Assert.Equal(
                    1, image.GetProperty("classes").EnumerateArray().Sum(c => c.GetProperty("score").GetDouble()),
                    1e-3));
    }

    [Fact]
    public void Predict_OneMissingImage_StillPredictsTheOther()
    {
        CnnZooCommand run = CnnZooCommand.Run(
            "predict", "--model", trained.Model, trained.Images.At("absent.png"), trained.Images.Image("lying"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("absent.png' cannot be used: the file does not exist", run.Errors, StringComparison.Ordinal);
        Assert.Contains("lying", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_TruncatedModel_SaysThatItIsNoModel()
    {
        string truncated = Path.Combine(trained.Images.Folder, "truncated.zip");
        File.WriteAllBytes(truncated, File.ReadAllBytes(trained.Model)[..200]);
        try
        {
            CnnZooCommand.Run("evaluate", "--model", truncated, "--data", trained.Images.Folder)
                .AssertFailure(1, "truncated.zip' is not a model");
        }
        finally
        {
            File.Delete(truncated);
        }
    }

    [Fact]
    public void Summary_LeNet5_CountsParametersAndMultiplyAdds()
    {
        JsonElement result = CnnZooCommand.Run("summary", "lenet5_relu", "--json").Json();
        Assert.Equal("lenet5_relu", result.GetProperty("name").GetString());
        Assert.Equal(61_706, result.GetProperty("parameters").GetInt64());
        Assert.Equal(0, result.GetProperty("nonTrainable").GetInt64());
        Assert.Equal(416_520, result.GetProperty("multiplyAdds").GetInt64());
        Assert.Equal(
            61_706, result.GetProperty("layers").EnumerateArray()
            .Sum(layer => layer.GetProperty("parameters").GetInt64()));
    }

    [Fact]
    public void Summary_TwoClasses_ShrinksTheHead() =>
        Assert.Equal(
            61_706 - 8 * 85, CnnZooCommand.Run("summary", "lenet5_relu", "--classes", "2", "--json").Json()
            .GetProperty("parameters").GetInt64());

    [Fact]
    public void List_Json_NamesTheArchitecturesAndTheirAliases()
    {
        JsonElement[] entries = [.. CnnZooCommand.Run("list", "--json").Json().EnumerateArray()];
        JsonElement leNet =
            Assert.Single(entries, entry => entry.GetProperty("name").GetString() == "lenet5_relu");
        Assert.Contains(
            "lenet5_modern", leNet.GetProperty("aliases").EnumerateArray().Select(alias => alias.GetString()));
        Assert.Contains(
            "lenet5_modern", CnnZooCommand.Run("list").Output.ReplaceLineEndings(","), StringComparison.Ordinal);
    }
}
