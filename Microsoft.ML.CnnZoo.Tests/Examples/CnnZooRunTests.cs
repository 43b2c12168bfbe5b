using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>Configuration files, run folders, going on, and looking for a learning rate.</summary>
public sealed class CnnZooRunTests : IDisposable
{
    private readonly BarImages _images = new(each: 12);

    public void Dispose() => _images.Dispose();

    [Fact]
    public void Train_Configured_TheCommandLineWins()
    {
        string config = Write($$"""
            { // as in docs/command-line.md
              "$schema": "train.schema.json", "data": {{JsonSerializer.Serialize(_images.Folder)}}, "arch": "lenet5_relu",
              "epochs": 3, "lr": 0.01, "recompute": true, "size": "28x28", "schedule": null,
              "out": {{JsonSerializer.Serialize(_images.At("m.zip"))}} }
            """);
        Assert.Equal(3, Epochs(CnnZooCommand.Run("train", "--config", config)));
        Assert.Equal(1, Epochs(CnnZooCommand.Run("train", "--config", config, "--epochs", "1")));
        Assert.True(File.Exists(_images.At("m.zip")));
    }

    [Theory]
    [InlineData("{ \"epochs\": 3,\n}", "line 2 follows a comma behind the last entry: remove it")]
    [InlineData("{ \"epoch\": 3 }", "the key 'epoch' is not understood: did you mean 'epochs'?")]
    [InlineData("{ \"--epochs\": 3 }", "did you mean 'epochs'?")]
    [InlineData("{ \"epochs\": [3] }", "'epochs' must be a number, a text, true or false")]
    [InlineData("{ \"epochs\": 3, \"epochs\": 4 }", "epochs")]
    [InlineData("{ \"epochs\" 3 }", "line 1: ")]
    [InlineData("[]", "it must be a JSON object")]
    [InlineData("{ \"data\": \".\", \"epochs\": \"many\" }", "--epochs needs auto, or a whole number from 1 to 100000")]
    public void Train_ConfigurationWithAMistake_NamesIt(string text, string message) =>
        CnnZooCommand.Run("train", "--config", Write(text)).AssertFailure(2, message);

    [Fact]
    public void Resume_InterruptedRun_GivesTheModelOfAnUndisturbedOne()
    {
        string[] Train(string run) => ["train", "--data", _images.Folder, "--arch", "lenet5_relu", "--epochs", "60", "--batch",
            "4", "--threads", "1", "--run", _images.At(run)];
        CnnZooCommand.Run(Train("whole")).AssertSuccess();
        CnnZooCommand interrupted = CnnZooCommand.Interrupt("epoch 2/", Train("halved")).AssertSuccess();
        Assert.Contains("Interrupted", interrupted.Output, StringComparison.Ordinal);

        CnnZooCommand rest = CnnZooCommand.Run("resume", _images.At("halved"));
        Assert.InRange(Epochs(rest), 1, 59);
        Assert.Equal(61, File.ReadLines(_images.At("halved/results.csv")).Count());
        Assert.Equal(Scores("whole"), Scores("halved"));
        JsonElement settings = JsonDocument.Parse(File.ReadAllText(_images.At("halved/train.json"))).RootElement;
        Assert.Equal(_images.Folder, settings.GetProperty("data").GetString());
        Assert.Equal(60, settings.GetProperty("epochs").GetInt32());
        Assert.False(settings.TryGetProperty("resume", out _));
    }

    [Fact]
    public void Train_FolderThatHoldsARun_BeginsAnother()
    {
        foreach (string run in (string[])["run", "run-2"])
        {
            CnnZooCommand command = CnnZooCommand.Run("train", "--data", _images.Folder, "--arch", "resnet20_cifar", "--epochs", "1",
                "--lr", "find", "--run", _images.At("run"));
            Assert.Equal(1, Epochs(command));
            Assert.Contains($"{_images.At(run)} holds: ", command.Output, StringComparison.Ordinal);
            foreach (string file in (string[])["model.zip", "train.json", "options.json", "results.csv", "learning-rate.svg"])
                Assert.True(File.Exists(Path.Combine(_images.At(run), file)), file);
            using JsonDocument options = JsonDocument.Parse(File.ReadAllText(Path.Combine(_images.At(run), "options.json")));
            JsonElement training = options.RootElement.GetProperty("training");
            Assert.Equal("AdamWOptimizer", training.GetProperty("Optimizer").GetProperty("type").GetString());
            Assert.Contains(string.Create(CultureInfo.InvariantCulture,
                $" {training.GetProperty("LearningRate").GetSingle():g3} is suggested"), command.Output, StringComparison.Ordinal);
            Assert.Contains("1 epoch at most in batches of 16, AdamWOptimizer, OneCycleSchedule from rate ", command.Output,
                StringComparison.Ordinal);
        }
        CnnZooCommand.Run("predict", "--model", _images.At("run/model.zip"), _images.Image("lying")).AssertSuccess();
    }

    [Fact]
    public void Train_MessagesOfTheLibrary_NameSwitches()
    {
        string[] Train(int epochs, params string[] more) => ["train", "--data", _images.Folder, "--arch", "lenet5_relu", "--epochs",
            $"{epochs}", "--checkpoints", _images.At("checkpoints"), "--out", _images.At("m.zip"), .. more];
        CnnZooCommand.Run(Train(1)).AssertSuccess();
        CnnZooCommand.Run(Train(2, "--resume")).AssertFailure(1, "Resume with the same data and options, or choose another --checkpoints.");
        CnnZooCommand warned = CnnZooCommand.Run(Train(12, "--lr", "1e-8", "--size", "28x28"));
        Assert.Contains("try --lr find, or another network", warned.AssertSuccess().Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_Continued_GoesOnWithTheModelAndValidatesWithTheFolderGiven()
    {
        string first = _images.At("first.zip");
        CnnZooCommand.Run("train", "--data", _images.Folder, "--arch", "lenet5_relu", "--epochs", "1", "--size", "28x28x3",
            "--out", first).AssertSuccess();
        CnnZooCommand second = CnnZooCommand.Run("train", "--data", _images.Folder, "--continue", first, "--epochs", "1",
            "--validation-data", _images.Folder, "--body-lr-factor", "0.5", "--augment", "none", "--out", _images.At("second.zip"));
        Assert.Equal(1, Epochs(second));
        Assert.Contains("LeNet-5 (ReLU)", second.Output, StringComparison.Ordinal);
        Assert.Contains("validation loss", second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Lr_Folder_NamesARateAndDrawsTheLoss()
    {
        CnnZooCommand command = CnnZooCommand.Run("lr", "--data", _images.Folder, "--arch", "resnet20_cifar", "--out",
            _images.At("curve.svg")).AssertSuccess();
        string line = command.Output.Split('\n').Single(l => l.StartsWith("Learning rate ", StringComparison.Ordinal));
        Assert.InRange(float.Parse(line["Learning rate ".Length..line.IndexOf(':', StringComparison.Ordinal)],
            CultureInfo.InvariantCulture), 1e-7f, 10);
        Assert.Contains(": train with --optimizer adamw --lr ", line, StringComparison.Ordinal);
        string picture = File.ReadAllText(_images.At("curve.svg"));
        Assert.Contains("<svg", picture, StringComparison.Ordinal);
        Assert.Contains("learning rate", picture, StringComparison.Ordinal);
    }

    private static int Epochs(CnnZooCommand command) =>
        command.AssertSuccess().Output.Split('\n').Count(line => line.StartsWith("epoch ", StringComparison.Ordinal));

    private string Scores(string run) => CnnZooCommand.Run("predict", "--json", "--model", _images.At($"{run}/model.zip"),
        _images.Folder).AssertSuccess().Output;

    private string Write(string text)
    {
        File.WriteAllText(_images.At("config.json"), text);
        return _images.At("config.json");
    }
}
