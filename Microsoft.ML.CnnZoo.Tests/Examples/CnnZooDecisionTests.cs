using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>Calibrating, abstaining and other class shares on the command line.</summary>
public sealed class CnnZooDecisionTests
{
    [Fact]
    public void TrainPredictEvaluateCalibrate_FollowTheSwitches()
    {
        using var images = new BarImages(each: 30);
        string model = images.At("m.zip"), calibrated = images.At("c.zip");
        CnnZooCommand.Run("train", "--data", images.Folder, "--arch", "lenet5_relu", "--out", model, "--epochs", "1", "--batch", "8",
            "--validation", "0.3", "--augment", "none", "--calibrate", "--abstain-precision", "0.5", "--class-shares",
            "lying=9,standing=1").AssertSuccess();

        JsonElement Evaluate(string file, params string[] more) => CnnZooCommand.Run(
            ["evaluate", "--model", file, "--data", images.Folder, "--json", .. more]).Json();
        double Loss(JsonElement evaluation) => evaluation.GetProperty("logLoss").GetDouble();
        JsonElement trained = Evaluate(model), even = Evaluate(model, "--class-shares", "lying=1,standing=1");
        Assert.NotEqual(Loss(trained), Loss(even), 1e-3); // nine of ten lie, the model was told
        Assert.Equal(60, trained.GetProperty("images").GetInt32());

        Assert.Contains("Temperature", CnnZooCommand.Run("calibrate", "--model", model, "--data", images.Folder, "--out", calibrated)
            .AssertSuccess().Output, StringComparison.Ordinal);
        Assert.True(Loss(Evaluate(calibrated)) <= Loss(even) + 1e-6);

        string image = images.Image("lying");
        (bool Abstained, double Score)[] Predict(double threshold) => [.. CnnZooCommand.Run("predict", "--model", calibrated, "--json",
            "--abstain-below", threshold.ToString("R", CultureInfo.InvariantCulture), images.Folder).Json().EnumerateArray()
            .Select(p => (p.GetProperty("abstained").GetBoolean(), p.GetProperty("classes")[0].GetProperty("score").GetDouble()))];
        (bool Abstained, double Score)[] all = Predict(0);
        Assert.All(all, p => Assert.False(p.Abstained));
        double middle = (all.Min(p => p.Score) + all.Max(p => p.Score)) / 2;
        Assert.All(Predict(middle), p => Assert.Equal(p.Score < middle, p.Abstained));
        string text = middle.ToString("R", CultureInfo.InvariantCulture);
        Assert.Equal(all.Count(p => p.Score >= middle), Evaluate(calibrated, "--abstain-below", text).GetProperty("answered").GetInt32());
        Assert.Equal(all.Count(p => p.Score < middle), CnnZooCommand.Run("predict", "--model", calibrated, "--abstain-below", text,
            images.Folder).AssertSuccess().Output.Split('\n').Count(line => line.Contains(": no answer; ", StringComparison.Ordinal)));
        CnnZooCommand.Run("predict", "--model", calibrated, "--class-shares", "lying=1", image)
            .AssertFailure(2, "expected one share for each class: lying, standing");
    }
}
