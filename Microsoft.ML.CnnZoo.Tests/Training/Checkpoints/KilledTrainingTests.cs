using System.Diagnostics;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Training.Checkpoints;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training.Checkpoints;

/// <summary>Processes that are killed while they train, at any moment.</summary>
public sealed class KilledTrainingTests : IDisposable
{
    private const int Kills = 30;
    private readonly string _folder = Directory.CreateTempSubdirectory("killed").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>
    /// Runs in the child: trains LeNet-5 with a checkpoint after each step, on threads whose number changes from run to
    /// run where that must not matter; writes a line for each step, and the weights at the end.
    /// </summary>
    internal static void Train(string folder, int decodingThreads)
    {
        using var workers = new WorkerPool(2);
        ImageCache<byte> digits = NetworkTrainerTests.Cache(0, 240);
        digits.Threads = decodingThreads;
        digits.Augment(ImageAugmentation.Cifar with { Mirror = false }, 3);
        using var trainer = new NetworkTrainer(CnnArchitectures.LeNet5Relu, new ImageShape(32, 32, 1), 10, KernelSet.Shared,
            new TrainingOptions
            {
                Epochs = 12, BatchSize = 16, LearningRate = 0.02f, Seed = 3, Workers = workers,
                Checkpoints = new CheckpointPlan(Path.Combine(folder, "checkpoints")) { Interval = TimeSpan.Zero, Resume = true },
                BatchCompleted = step => Console.WriteLine($"step {step.Epoch} {step.Batch}"),
                Warn = message => Console.WriteLine($"warning: {message}"),
            });
        trainer.Train(digits, NetworkTrainerTests.Cache(300, 40));
        File.WriteAllBytes(Path.Combine(folder, "weights"),
            [.. trainer.Variables.Variables.SelectMany(v => v.Get().Bytes.ToArray())]);
    }

    [Fact]
    public void Resume_KilledAtThirtyRandomMoments_SameWeightsAndEveryFileReadable()
    {
        string undisturbed = Path.Combine(_folder, "undisturbed"), killed = Path.Combine(_folder, "killed");
        string checkpoints = Path.Combine(killed, "checkpoints");
        Directory.CreateDirectory(undisturbed);
        Directory.CreateDirectory(killed);
        (int code, string output) = ChildProcess.Run("train", undisturbed, "4");
        Assert.True(code == 0, output);
        var random = new Random(1);
        int halfWritten = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            TrainAndKill(killed, steps: random.Next(1, 6), microseconds: random.Next(0, 30_000), threads: 1 + (kill % 3));
            halfWritten += Directory.GetFiles(checkpoints, "*.tmp").Length;
            foreach (string file in Directory.GetFiles(checkpoints, "*.safetensors"))
                CheckpointFile.Open(file).Dispose();
            Assert.False(File.Exists(Path.Combine(killed, "weights")), $"It was done after {kill} kills.");
        }
        Assert.True(halfWritten > 0, "No kill came while a checkpoint was written.");
        (code, output) = ChildProcess.Run("train", killed, "2");
        Assert.True(code == 0, output);
        Assert.DoesNotContain("warning", output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Path.Combine(undisturbed, "weights")), File.ReadAllBytes(Path.Combine(killed, "weights")));
        Assert.Equal(2, Directory.GetFiles(checkpoints).Length);
    }

    private static void TrainAndKill(string folder, int steps, int microseconds, int threads)
    {
        using Process process = ChildProcess.Start(Environment.CurrentDirectory, "train", folder, $"{threads}");
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        for (int seen = 0; seen < steps && process.StandardOutput.ReadLine() is string line;)
        {
            Assert.DoesNotContain("warning", line, StringComparison.Ordinal);
            seen += line.StartsWith("step", StringComparison.Ordinal) ? 1 : 0;
        }
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMicroseconds < microseconds)
            Thread.SpinWait(20);
        process.Kill();
        process.WaitForExit();
    }
}
