using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary><c>cnnzoo train --fine-tuning headonly</c>.</summary>
public sealed class CnnZooFineTuningTests : IDisposable
{
    private readonly BarImages _images = new(each: 4);

    public void Dispose() => _images.Dispose();

    [Fact]
    public void Train_HeadOnlyOfANetworkWithWeights_MakesAModel()
    {
        string model = _images.At("bars.zip"), pretrained = Path.Combine(AppContext.BaseDirectory, "ResNet18.onnx");
        CnnZooCommand.Run("train", "--data", _images.Folder, "--arch", pretrained, "--preprocessing", "kerascaffe",
            "--fine-tuning", "headonly", "--epochs", "4", "--batch", "4", "--lr", "0.01", "--validation", "0",
            "--out", model).AssertSuccess();
        string output = CnnZooCommand.Run("predict", "--model", model, "--top", "1", _images.Image("lying", 2),
            _images.Image("standing", 3)).AssertSuccess().Output;
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, l => l.Contains("002.png", StringComparison.Ordinal)
            && l.Contains(" lying", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("003.png", StringComparison.Ordinal)
            && l.Contains(" standing", StringComparison.Ordinal));
    }

    [Fact]
    public void Train_HeadOnlyWithoutWeights_SaysThatThereAreNone() =>
        CnnZooCommand.Run("train", "--data", _images.Folder, "--arch", "lenet5_relu", "--fine-tuning", "headonly",
            "--out", _images.At("bars.zip")).AssertFailure(1, "there are no weights to start from");

    [Fact]
    public void Train_UnknownLayers_NamesTheChoices() =>
        CnnZooCommand.Run("train", "--data", _images.Folder, "--arch", "lenet5_relu", "--fine-tuning", "head",
            "--out", _images.At("bars.zip")).AssertFailure(2, "--fine-tuning needs one of alllayers, headonly");
}
