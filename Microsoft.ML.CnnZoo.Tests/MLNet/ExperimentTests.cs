using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Experiments on a few digits.</summary>
public sealed class ExperimentTests : IDisposable
{
    private const int Images = 120;
    private readonly MLContext _mlContext = new(1);
    private readonly string _folder = Directory.CreateTempSubdirectory("experiment").FullName;
    private readonly List<CnnExperimentProgress> _trained = [];
    private readonly IDataView _rows;

    public ExperimentTests()
    {
        IDataView digits = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, Images));
        _rows = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(digits).Transform(digits);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Execute_SameSeed_SameLeaderboardAndTheBestIsAsItsOptionsMakeIt()
    {
        using CnnExperimentResult first = Execute(Options()), second = Execute(Options());
        Assert.Equal(Lines(first), Lines(second));
        Assert.Equal(4, first.Leaderboard.Count);
        CnnExperimentEntry best = first.Leaderboard[0];
        Assert.Equal(first.Leaderboard.Max(e => e.ValidationAccuracy), best.ValidationAccuracy);
        Assert.Equal(CnnExperimentOutcome.Trained, best.Outcome);
        Assert.Equal(best.Candidate.LearningRate ?? first.BestOptions.LearningRate, first.BestOptions.LearningRate);
        using CnnClassificationTransformer again =
            _mlContext.MulticlassClassification.Trainers.CnnClassification(first.BestOptions).Fit(_rows);
        Assert.Equal(Scores(again), Scores(first.BestModel));
    }

    [Fact]
    public void Execute_Resumed_TrainsNothingAgain()
    {
        using CnnExperimentResult first = Execute(Options() with { Folder = _folder });
        Assert.Equal(7, _trained.Count); // 4 candidates, 2 of them again, the best fully
        Assert.Single(Directory.GetFiles(_folder, "best-*.zip"));
        Assert.Empty(Directory.GetDirectories(_folder));
        _trained.Clear();
        using CnnExperimentResult second = Execute(Options() with { Folder = _folder, Resume = true });
        Assert.Empty(_trained);
        Assert.Equal(Lines(first), Lines(second));
        Assert.Equal(Scores(first.BestModel), Scores(second.BestModel));
        using CnnExperimentResult other = Execute(Options() with { Folder = _folder, Resume = true, Seed = 8 });
        Assert.NotEmpty(_trained);
    }

    [Fact]
    public void Execute_Canceled_KeepsTheBestAndGoesOnLater()
    {
        string[] undisturbed;
        using (CnnExperimentResult whole = Execute(Options()))
            undisturbed = Lines(whole);
        _trained.Clear();
        using var cancellation = new CancellationTokenSource();
        CnnExperimentOptions options = Options() with { Folder = _folder, CancellationToken = cancellation.Token };
        using (CnnExperimentResult result = Execute(options, progress =>
        {
            if (progress is { Rung: 2, Epoch.Epoch: 1 })
                cancellation.Cancel();
        }))
        {
            Assert.Equal(4, _trained.Count(p => p.Finished!.Outcome == CnnExperimentOutcome.Trained));
            Assert.Equal(4, result.Leaderboard.Count);
            Assert.Equal(Images, Scores(result.BestModel).Length);
        }
        _trained.Clear();
        using CnnExperimentResult resumed =
            Execute(Options() with { Folder = _folder, Resume = true });
        Assert.Equal(3, _trained.Count);
        Assert.Equal(undisturbed, Lines(resumed));
    }

    [Fact]
    public void Execute_CanceledBeforeAnyResult_Throws()
    {
        using var cancellation = new CancellationTokenSource();
        CnnExperimentOptions options = Options() with { CancellationToken = cancellation.Token };
        Assert.ThrowsAny<OperationCanceledException>(() => Execute(options, _ => cancellation.Cancel()));
    }

    [Fact]
    public void Execute_TimeForNothing_SaysSo() => Assert.Contains("CnnExperimentOptions.Time",
        Assert.Throws<TimeoutException>(() => Execute(Options() with { Time = TimeSpan.FromTicks(1) })).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Execute_OptionOutOfRange_IsNamed()
    {
        foreach ((string name, CnnExperimentOptions options) in new[]
        {
            ("Time", Options() with { Time = TimeSpan.Zero }), ("Candidates", Options() with { Candidates = [] }),
            ("ValidationSetFraction", Options() with { ValidationSetFraction = 0 }),
            ("Augmentations", Options() with { Augmentations = [] }), ("LearningRates", Options() with { LearningRates = [0.1f, 0] }),
            ("Resume", Options() with { Resume = true }),
            ("Seed", Options() with { Folder = _folder, Resume = true, Seed = null }),
        })
            Assert.Contains(name, Assert.Throws<ArgumentOutOfRangeException>(() => Execute(options)).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_AugmentationsAndRates_AreTriedWithEachCandidateThatHasNoneOfItsOwn()
    {
        using CnnExperimentResult result = Execute(Options() with
        {
            Trainer = new() { FeatureColumnName = "Pixels", Epochs = 1, BatchSize = 16 },
            Candidates =
            [
                new() { Architecture = CnnArchitectures.LeNet1 },
                new() { Architecture = CnnArchitectures.LeNet5Relu, LearningRate = 0.04f, Augmentation = ImageAugmentation.None },
            ],
            Augmentations = [ImageAugmentation.Auto, ImageAugmentation.Vgg],
            LearningRates = [0.01f, 0.02f],
        });
        const string Vgg = "augmentation shorter side 32…64, colors ±0.1, mirroring half of them"; // 256…512 of 224 pixels for 28
        Assert.Equal(
        [
            "LeNet-1 (rate 0.01, augmentation auto)", $"LeNet-1 (rate 0.01, {Vgg})", "LeNet-1 (rate 0.02, augmentation auto)",
            $"LeNet-1 (rate 0.02, {Vgg})", "LeNet-5 (ReLU) (rate 0.04, augmentation none)",
        ], result.Leaderboard.Select(e => $"{e.Candidate}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(28, "LeNet5Relu")]
    [InlineData(64, "SqueezeNet11")]
    [InlineData(500, "SqueezeNet11")]
    public void ForPictures_AnySize_ManyCandidatesThatAreNotTheSame(int side, string first)
    {
        IReadOnlyList<CnnExperimentCandidate> candidates = CnnExperimentCandidate.ForPictures(side);
        Assert.InRange(candidates.Count, 4, 8);
        Assert.Equal(candidates.Count, candidates.Select(c => c.ToString()).Distinct().Count());
        Assert.Equal(CnnArchitectures.Find(first).Name, candidates[0].Architecture.Name);
    }

    private CnnExperimentResult Execute(CnnExperimentOptions options, Action<CnnExperimentProgress>? watch = null)
    {
        bool begun = false;
        return _mlContext.MulticlassClassification.CreateCnnExperiment(options with
        {
            Progress = progress =>
            {
                begun |= progress.Epoch is not null;
                if (progress.Finished is not null)
                {
                    if (begun)
                        _trained.Add(progress);
                    begun = false;
                }
                watch?.Invoke(progress);
            },
        }).Execute(_rows);
    }

    private static CnnExperimentOptions Options() => new()
    {
        Time = TimeSpan.FromMinutes(30), // the clock decides nothing
        Seed = 7,
        ValidationSetFraction = 0.25f,
        Trainer = new() { FeatureColumnName = "Pixels", Epochs = 9, BatchSize = 16, Threads = 1 },
        Candidates =
        [
            new() { Architecture = CnnArchitectures.LeNet5Relu, LearningRate = 0.001f },
            new() { Architecture = CnnArchitectures.LeNet5Relu },
            new() { Architecture = CnnArchitectures.LeNet5Relu, Augmentation = ImageAugmentation.None },
            new() { Architecture = CnnArchitectures.LeNet1, LearningRate = 0.02f },
        ],
    };

    private static string[] Lines(CnnExperimentResult result) => [.. result.Leaderboard.Select(e =>
        FormattableString.Invariant($"{e.Candidate} {e.ValidationAccuracy:r} {e.ValidationLoss:r} {e.Epochs} {e.Rung}"))];

    private float[][] Scores(CnnClassificationTransformer network) => DigitRows.Scores(network.Transform(_rows));
}
