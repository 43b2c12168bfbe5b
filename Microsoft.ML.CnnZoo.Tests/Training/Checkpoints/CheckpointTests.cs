using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Training.Checkpoints;
using Xunit;
using static Microsoft.ML.CnnZoo.Tests.Training.Checkpoints.CheckpointRuns;

namespace Microsoft.ML.CnnZoo.Tests.Training.Checkpoints;

/// <summary>Trainings that are interrupted and gone on with, on disks that fail.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("checkpoints").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Resume_CanceledAtAnyStep_SameWeightsAndHistoryAsUndisturbed()
    {
        Outcome undisturbed = Train(Options);
        int steps = (int)undisturbed.Steps;
        Assert.Equal(3 * 8, steps);
        foreach (int step in new[] { 1, 2, 7, 8, 9, 15, 16, 23 })
        {
            string folder = Path.Combine(_folder, $"{step}");
            Outcome first = Train(Options.In(folder), cancelAfter: step);
            Assert.Equal(TrainingEnd.Canceled, first.Result.End);
            Outcome second = Train(Options.In(folder));
            AssertSame(undisturbed, second);
            Assert.Equal(step, second.Result.ResumedFromStep);
            Assert.Equal(steps - step, second.Steps);
        }
    }

    [Fact]
    public void Resume_InterruptedAtEveryStep_SameWeights()
    {
        Outcome undisturbed = Train(Options), last;
        int runs = 0;
        do
        {
            last = Train(Options.In(_folder), cancelAfter: 1);
            Assert.InRange(++runs, 1, 25);
        }
        while (last.Result.End == TrainingEnd.Canceled);
        AssertSame(undisturbed, last);
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Theory]
    [InlineData(FineTuning.HeadFirst, 1, null)]
    [InlineData(FineTuning.HeadFirst, 2, null)] // the head on features
    [InlineData(FineTuning.HeadFirst, 2, "conv2")]
    [InlineData(FineTuning.AllLayers, null, "conv3_1")]
    public void Resume_FrozenLayersAveragedWeightsAndBatchNorms_SameWeights(FineTuning what, int? headEpochs, string? until)
    {
        TrainingOptions options = Options with
        {
            FineTuning = what, HeadEpochs = headEpochs, FreezeUntil = until, FeatureStore = PixelStore.Unlimited(),
            WeightAveraging = new WeightAveraging(),
            GradientClipNorm = 1, Optimizer = new AdamWOptimizer(), Schedule = new OneCycleSchedule(),
        };
        CnnArchitecture network = CnnArchitectures.ResNet20Cifar;
        Outcome undisturbed = Train(options, images: 40, network: network), last;
        int runs = 0;
        do
        {
            last = Train(options.In(_folder), cancelAfter: 4, images: 40, network);
            Assert.InRange(++runs, 1, 25);
        }
        while (last.Result.End == TrainingEnd.Canceled);
        AssertSame(undisturbed, last);
    }

    [Fact]
    public void Resume_TrainingThatEnded_ReturnsItsResultWithoutAStep()
    {
        foreach (TrainingOptions options in new[]
        {
            Options,
            Options with { Epochs = 30, EarlyStopping = new EarlyStopping(Patience: 1, MinimumDelta: 2) },
            Options with { Schedule = new RateFrom(Step: 10, High: 1e18f), MaxDivergences = 1 },
            Options with { RefreshBatchNormStatistics = true },
        })
        {
            string folder = Path.Combine(_folder, Guid.NewGuid().ToString("n"));
            Outcome first = Train(options.In(folder)), second = Train(options.In(folder));
            AssertSame(first, second);
            Assert.Equal(0, second.Steps);
        }
    }

    [Fact]
    public void Train_WithoutResume_StartsFromScratchAndReplacesEarlierCheckpoints()
    {
        Outcome undisturbed = Train(Options);
        Train(Options.In(_folder) with { Seed = 5 }, cancelAfter: 10);
        Outcome again = Train(Options.In(_folder, resume: false));
        AssertSame(undisturbed, again);
        Assert.Null(again.Result.ResumedFromStep);
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
        AssertSame(undisturbed, Train(Options.In(_folder)));
    }

    [Fact]
    public void Resume_NewestIsDamaged_GoesOnFromTheOneBeforeAndSaysSo()
    {
        Train(Options.In(_folder), cancelAfter: 13);
        string[] files = [.. Directory.GetFiles(_folder).Order()];
        Assert.Equal(2, files.Length);
        Damage(files[1]);
        var warnings = new List<string>();
        Outcome resumed = Train(Options.In(_folder) with { Warn = warnings.Add });
        Assert.Equal(12, resumed.Result.ResumedFromStep);
        AssertSame(Train(Options), resumed);
        Assert.Contains(files[1], Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_AllAreDamaged_ThrowsInsteadOfTrainingAnew()
    {
        Train(Options.In(_folder), cancelAfter: 13);
        foreach (string file in Directory.GetFiles(_folder))
            Damage(file);
        Assert.Contains(_folder, Assert.Throws<InvalidDataException>(() => Train(Options.In(_folder))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AnyBitFlippedOrAnyLengthCut_IsRefusedOrHoldsTheSame()
    {
        Train(Options.In(_folder), cancelAfter: 9);
        string file = Directory.GetFiles(_folder).Order().Last(), copy = Path.Combine(_folder, "copy");
        byte[] content = File.ReadAllBytes(file);
        using CheckpointFile whole = CheckpointFile.Open(file);
        var random = new Random(4);
        int refused = 0;
        for (int i = 0; i < 400; i++)
        {
            byte[] damaged = [.. content];
            int position = i % 2 == 0 ? random.Next(damaged.Length) : random.Next(16_000); // half of them in the header
            if (i % 20 == 0)
                damaged = damaged[..position];
            else
                damaged[position] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(copy, damaged);
            try
            {
                using CheckpointFile opened = CheckpointFile.Open(copy);
                Assert.Equal(OptionsJson.Text(whole.Value), OptionsJson.Text(opened.Value)); // an escape sequence in capitals
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 390, 400);
    }

    [Fact]
    public void Resume_AnotherTraining_IsRefusedAndTheDifferenceNamed()
    {
        Train(Options.In(_folder), cancelAfter: 9);
        void Refused(TrainingOptions options, params string[] expected)
        {
            string message = Assert.Throws<InvalidOperationException>(() => Train(options)).Message;
            foreach (string part in expected)
                Assert.Contains(part, message, StringComparison.Ordinal);
        }
        Refused(Options.In(_folder) with { Epochs = 4 }, "Epochs: 3 in the checkpoint, 4 now");
        Refused(Options.In(_folder) with { Seed = 12 }, "Seed: 11 in the checkpoint, 12 now", "first weights");
        Refused(Options.In(_folder) with { Optimizer = new AdamOptimizer(Beta1: 0.8f) }, "\"Beta1\":0.9", "\"Beta1\":0.8");
        Refused(Options.In(_folder) with { Schedule = new WarmupSchedule(1, new StepSchedule(2)) },
            "CosineSchedule", "WarmupSchedule", "\"EpochsPerDrop\":2");
        Refused(Options.In(_folder) with
        {
            Checkpoints = new CheckpointPlan(_folder) { Resume = true, Inputs = new Dictionary<string, string> { ["classes"] = "a, b" } },
        }, "classes: nothing in the checkpoint, a, b now");
        Assert.Contains("number of training images: 60 in the checkpoint, 50 now", Assert.Throws<InvalidOperationException>(
            () => Train(Options.In(_folder), images: 50)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_OtherThreadsOrCallbacks_IsAllowedWithAWarning()
    {
        TrainingOptions On(string machine) => Options with
        {
            Checkpoints = new CheckpointPlan(_folder) { Resume = true, Machine = machine },
        };
        var warnings = new List<string>();
        Train(On("2 threads."), cancelAfter: 9);
        Outcome resumed = Train(On("3 threads.") with { Warn = warnings.Add, EpochCompleted = _ => { } });
        Assert.Equal(9, resumed.Result.ResumedFromStep);
        Assert.Contains("3 threads", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Train_CheckpointsCannotBeWritten_GoesOnWithWarningsThatNameFileAndReason()
    {
        Outcome undisturbed = Train(Options);
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        foreach (CheckpointPlan plan in new[]
        {
            new CheckpointPlan(Path.Combine(file, "below")),
            new CheckpointPlan(_folder) { WriteFile = (_, _) => throw new IOException("No space left on device") },
            new CheckpointPlan(_folder) { WriteFile = (_, _) => throw new UnauthorizedAccessException("Access is denied") },
        })
        {
            var warnings = new List<string>();
            AssertSame(undisturbed, Train(Options with { Checkpoints = plan, Warn = warnings.Add }));
            Assert.Equal(4, warnings.Count); // three epochs and the end
            Assert.All(warnings, w => Assert.Contains(plan.Folder, w, StringComparison.Ordinal));
            Assert.All(warnings, w => Assert.Matches("No space|denied|exist|directory|below", w));
        }
    }

    [Fact]
    public void Train_DiskFullInTheMiddleOfAFile_KeepsTheCheckpointBefore()
    {
        int writes = 0;
        void Write(string path, Action<Stream> write) => Files.CompleteFile.Write(path, stream =>
        {
            write(stream);
            if (++writes > 2)
                throw new IOException("No space left on device");
        });
        var warnings = new List<string>();
        Train(Options with { Checkpoints = new CheckpointPlan(_folder) { WriteFile = Write }, Warn = warnings.Add });
        Assert.Equal(2, warnings.Count);
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
        Outcome resumed = Train(Options.In(_folder));
        Assert.Equal(16, resumed.Result.ResumedFromStep);
        AssertSame(Train(Options), resumed);
    }

    [Fact]
    public void Train_FolderVanishes_IsMadeAgain()
    {
        string folder = Path.Combine(_folder, "deep", "er");
        AssertSame(Train(Options), Train(Options.In(folder) with
        {
            EpochCompleted = e =>
            {
                if (e.Epoch == 2)
                    Directory.Delete(Path.Combine(_folder, "deep"), recursive: true);
            },
        }));
        Assert.Equal(0, Train(Options.In(folder)).Steps);
    }

    private static void Damage(string file)
    {
        using FileStream stream = File.Open(file, FileMode.Open);
        stream.Position = stream.Length - 5;
        int value = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)(value ^ 1));
    }
}

/// <summary>A rate that jumps at a step.</summary>
internal sealed record RateFrom(long Step, float High, long Until = long.MaxValue) : LearningRateSchedule
{
    public override float Rate(ScheduleContext context) =>
        context.Step >= Step && context.Step < Until ? High : context.BaseRate;
}
