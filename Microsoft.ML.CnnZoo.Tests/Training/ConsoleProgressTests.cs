using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>The line that an epoch is on the console.</summary>
public sealed class ConsoleProgressTests
{
    private static readonly EpochProgress Epoch = new()
    {
        Epoch = 3, Epochs = 10, Loss = 0.13768, Accuracy = 0.95894, ImagesPerSecond = 12_345.6, LearningRate = 0.02f,
        TrainingTime = TimeSpan.FromSeconds(10), Elapsed = TimeSpan.FromSeconds(30),
        Remaining = TimeSpan.FromSeconds(65),
    };

    [Fact]
    public void Describe_WithoutValidation_HasLossAccuracySpeedAndTime() =>
        Assert.Equal(
            "epoch 3/10  loss 0.1377 accuracy 0.9589  12,346 images/s  01:05 left", ConsoleProgress.Describe(Epoch));

    [Fact]
    public void Describe_ValidationAndLongTime_AreShown() => Assert.Equal(
        "epoch 3/10  loss 0.1377 accuracy 0.9589  validation loss 0.1204 accuracy 0.9630  12,346 images/s  26:00:01 left",
        ConsoleProgress.Describe(
            Epoch with { ValidationLoss = 0.12039, ValidationAccuracy = 0.963, Remaining = new TimeSpan(26, 0, 1) }));

    [Theory]
    [InlineData(0.9, "12,346 images/s  ")]
    [InlineData(2.5, "12,346 images/s (25% of the time waiting for images)  ")]
    public void Describe_WaitForImages_IsShownAboveATenth(double seconds, string expected) =>
        Assert.Contains(
            expected, ConsoleProgress.Describe(Epoch with { DataWait = TimeSpan.FromSeconds(seconds) }),
            StringComparison.Ordinal);

    [Fact]
    public void Describe_HugeLoss_HasAnExponent() =>
        Assert.Contains(
            "loss 1.26E+017", ConsoleProgress.Describe(Epoch with { Loss = 125_933_663_798_951_936 }),
            StringComparison.Ordinal);

    [Fact]
    public void Write_AnyEpoch_IsOnePlainLine()
    {
        using var output = new StringWriter();
        TextWriter before = Console.Out;
        Console.SetOut(output);
        try
        {
            ConsoleProgress.Write(Epoch);
        }
        finally
        {
            Console.SetOut(before);
        }
        Assert.Contains(
            ConsoleProgress.Describe(Epoch) + Environment.NewLine, output.ToString(), StringComparison.Ordinal);
    }
}
