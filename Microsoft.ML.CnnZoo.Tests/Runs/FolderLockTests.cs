using System.Diagnostics;
using Microsoft.ML.CnnZoo.Runs;
using Microsoft.ML.CnnZoo.Tests.Examples;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Runs;

/// <summary>Two trainings in one folder: the second is refused as long as the first is at work, and no longer.</summary>
public sealed class FolderLockTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("locked").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Runs in the child: holds a folder until it is killed.</summary>
    internal static void Hold(string folder)
    {
        using FolderLock? held = FolderLock.Take(folder, Console.Error.WriteLine);
        Console.WriteLine(held is null ? "failed" : "held");
        Thread.Sleep(Timeout.Infinite);
    }

    [Fact]
    public void Take_HeldByAnotherProcess_IsRefusedByNameUntilThatIsKilled()
    {
        using Process process = ChildProcess.Start(Environment.CurrentDirectory, "hold", _folder);
        try
        {
            Assert.Equal("held", process.StandardOutput.ReadLine());
            string message = Refused(() => FolderLock.Take(_folder, Fail));
            Assert.Contains($"'{_folder}' is in use by another training, process {process.Id} on {Environment.MachineName} since 2",
                message, StringComparison.Ordinal);
            CnnZooCommand.Run("train", "--data", _folder, "--arch", "lenet5_relu", "--run", _folder, "--resume")
                .AssertFailure(1, $"process {process.Id} on");
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
        Assert.Equal([".lock", ".lock.holder"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
        FolderLock.Take(_folder, Fail)!.Dispose();
        FolderLock.Take(_folder, Fail)!.Dispose();
        Assert.Equal([".lock"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void Take_FolderCannotBeMade_Warns()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var warnings = new List<string>();
        Assert.Null(FolderLock.Take(file, warnings.Add));
        Assert.Contains($"'{file}' is not locked", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_FolderOfATrainingAtWork_IsRefusedOrTakesTheNextName()
    {
        string checkpoints = Path.Combine(_folder, "checkpoints"), run = Path.Combine(_folder, "run");
        var messages = new List<string>();
        string? second = null;
        Fit(options =>
        {
            (options.CheckpointFolder, options.RunFolder) = (checkpoints, run);
            options.BatchCallback = batch =>
            {
                if (batch is not { Epoch: 1, Batch: 1 })
                    return;
                messages.Add(Refused(() => Fit(o => (o.CheckpointFolder, o.Resume) = (checkpoints, true))));
                messages.Add(Refused(() => Fit(o => o.CheckpointFolder = checkpoints)));
                messages.Add(Refused(() => Fit(o => (o.RunFolder, o.Resume) = (run, true))));
                second = Fit(o => o.RunFolder = run);
            };
        });
        Assert.Equal([checkpoints, checkpoints, run], messages.Select(m => m.Split('\'')[1]));
        Assert.Equal($"{run}-2", second);
        Fit(o => (o.CheckpointFolder, o.RunFolder, o.Resume) = (checkpoints, run, true));
    }

    private static void Fail(string warning) => Assert.Fail(warning);

    private static string Refused(Action action) => Assert.Throws<InvalidOperationException>(action).Message;

    private static string? Fit(Action<CnnClassificationTrainer.Options> set)
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs: 1);
        set(options);
        var mlContext = new MLContext(1);
        using var model = (IDisposable)DigitRows.Pipeline(mlContext, options)
            .Fit(mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 100)));
        return CnnClassificationTransformer.From((ITransformer)model).Training!.RunFolder;
    }
}
