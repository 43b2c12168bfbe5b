using Microsoft.ML.CnnZoo.Tests.Examples;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Distributed;

/// <summary>The command line tool, started by mpirun.</summary>
public sealed class CnnZooRanksTests : IDisposable
{
    private readonly BarImages _images = new(each: 70);

    public void Dispose() => _images.Dispose();

    [MpiTheory]
    [InlineData("Open MPI", 2)]
    [InlineData("MPICH", 3)]
    public void TrainPredictFeatures_SeveralRanks_GiveTheFilesOfOneProcess(string mpi, int ranks)
    {
        MpiLauncher launcher = MpiLauncher.Of(mpi);
        string run = _images.At("run"), model = Path.Combine(run, "model.zip");
        (int code, string output, string errors) = launcher.Run(ranks, "cnnzoo.dll", "train", "--data", _images.Folder, "--arch",
            "lenet5_relu", "--run", run, "--epochs", "3", "--batch", "16", "--lr", "0.02", "--seed", "1", "--validation", "0.2",
            "--threads", "1");
        Assert.True(code == 0, output + errors);
        Assert.Equal(3, output.Split('\n').Count(line => line.StartsWith("epoch ", StringComparison.Ordinal)));
        Assert.Equal(4, File.ReadLines(Path.Combine(run, "results.csv")).Count());
        Assert.False(Directory.Exists(run + "-2"));
        foreach (string file in (string[])["model.zip", "train.json", "options.json", "log.txt", "confusion-matrix.svg"])
            Assert.True(File.Exists(Path.Combine(run, file)), file);

        foreach (string[] verb in (string[][])[["predict", "--top", "2"], ["features", "--layer", "fc2"]])
        {
            string alone = _images.At($"{verb[0]}-alone.csv"), together = _images.At($"{verb[0]}-together.csv");
            string[] Arguments(string file) => [.. verb, "--model", model, "--data", _images.Folder, "--out", file];
            CnnZooCommand.Run(new() { ["DOTNET_PROCESSOR_COUNT"] = "1" }, Arguments(alone)).AssertSuccess();
            (code, output, errors) = launcher.Run(ranks, "cnnzoo.dll", Arguments(together));
            Assert.True(code == 0, output + errors);
            Assert.Equal(File.ReadAllText(alone), File.ReadAllText(together));
            Assert.Equal(141, File.ReadLines(together).Count());
        }
    }

    [MpiTheory]
    [InlineData("Open MPI")]
    public void Evaluate_SeveralRanks_IsRefused(string mpi)
    {
        (int code, _, string errors) = MpiLauncher.Of(mpi).Run(2, "cnnzoo.dll", "evaluate", "--model", "x.zip", "--data", "x");
        Assert.NotEqual(0, code);
        Assert.Contains("'evaluate' is not shared by several processes", errors, StringComparison.Ordinal);
    }

    [MpiTheory]
    [InlineData("MPICH")]
    public void Train_BadImage_IsNamedWithItsRank(string mpi)
    {
        File.WriteAllText(_images.Image("lying", 5), "no picture");
        (int code, _, string errors) = MpiLauncher.Of(mpi).Run(2, "cnnzoo.dll", "train", "--data", _images.Folder, "--arch",
            "lenet5_relu", "--out", _images.At("m.zip"), "--epochs", "1", "--threads", "1");
        Assert.NotEqual(0, code);
        Assert.Contains("cnnzoo: rank 1: ", errors, StringComparison.Ordinal);
        Assert.Contains("005.png", errors, StringComparison.Ordinal);
        Assert.Contains("Rank 1 of 2 failed: ", errors, StringComparison.Ordinal);
    }
}
