using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>
/// From encoded files to batches: threads, budgets and places of the pixels never change the result; nothing is left
/// behind.
/// </summary>
public sealed class InputPipelineTests : IDisposable
{
    private const int Rows = 60, ImageBytes = 32 * 32;
    private readonly ImageFiles _files = new();
    private readonly List<string> _warnings = [];
    private readonly MLContext _mlContext = new(1);

    public InputPipelineTests() => _mlContext.Log += (_, e) =>
    {
        if (e.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning)
            lock (_warnings)
                _warnings.Add(e.RawMessage);
    };

    /// <summary>Threads; bytes in memory; bytes in the file.</summary>
    public static TheoryData<int, long, long> PipelineSettings => new()
    {
        { 1, long.MaxValue, 0 },
        { 2, 10 * ImageBytes, long.MaxValue },
        { 5, 10 * ImageBytes, 20 * ImageBytes },
        { 2, 0, 0 },
    };

    public void Dispose() => _files.Dispose();

    [Theory]
    [MemberData(nameof(PipelineSettings))]
    public void Fit_AnyThreadsAndBudgets_SameWeights(int threads, long memory, long file)
    {
        byte[] Train(int decodingThreads, long? cache, long cacheFile)
        {
            CnnClassificationTrainer.Options options = Options();
            (options.DecodingThreads, options.CacheBudget, options.CacheFileBudget, options.ValidationSetFraction) =
                (decodingThreads, cache, cacheFile, 0.2f);
            using CnnClassificationTransformer model = Fit(Encoded(), options);
            Assert.All(model.Training!.History, e => Assert.InRange(e.DataWait, TimeSpan.Zero, e.TrainingTime));
            return [.. model.Model.Weights.Variables.SelectMany(v => v.Get().Bytes.ToArray())];
        }
        Assert.Equal(Train(0, null, 1 << 20), Train(threads, memory, file));
        Assert.Empty(Directory.GetFiles(_files.Folder));
    }

    [Fact]
    public void Fit_OtherSeed_OtherAugmentation()
    {
        CnnClassificationTrainer.Options options = Options();
        (options.Epochs, options.LearningRate) = (1, 1e-30f); // weights stand still: what differs is what was shown
        double Loss(int seed, ImageAugmentation augmentation)
        {
            (options.Seed, options.Augmentation) = (seed, augmentation);
            using CnnClassificationTransformer model = Fit(Encoded(), options);
            return model.Training!.History[0].Loss;
        }
        Assert.Equal(Loss(3, ImageAugmentation.Cifar), Loss(3, ImageAugmentation.Cifar));
        Assert.NotEqual(Loss(3, ImageAugmentation.None), Loss(3, ImageAugmentation.Cifar));
    }

    [Fact]
    public void Fit_Mixup_MixesImagesAndLosses()
    {
        CnnClassificationTrainer.Options options = Options();
        (options.Epochs, options.LearningRate, options.Seed) = (1, 1e-30f, 3);
        EpochProgress First(ImageAugmentation augmentation)
        {
            options.Augmentation = augmentation;
            using CnnClassificationTransformer model = Fit(Encoded(), options);
            return model.Training!.History[0];
        }
        // α near 0: each batch is all its own, or all the other's, with the other's labels.
        EpochProgress plain = First(ImageAugmentation.None), unmixed = First(new() { Mixup = 1e-9 }),
            mixed = First(new() { Mixup = 1 }), cut = First(new() { CutMix = 1 });
        Assert.Equal(plain.Loss, unmixed.Loss, 1e-5);
        Assert.Equal(plain.Accuracy, unmixed.Accuracy);
        Assert.NotEqual(plain.Loss, mixed.Loss, 1e-5);
        Assert.NotEqual(plain.Loss, cut.Loss, 1e-5);
        Assert.Equal(mixed.Loss, First(new() { Mixup = 1 }).Loss);
    }

    [Fact]
    public void Fit_BadImageInTheMiddle_IsNamedWithItsRow()
    {
        FileRow[] rows = Encoded();
        rows[37].Pixels = [1, 2, 3];
        rows[41].Pixels = [];
        CnnClassificationTrainer.Options options = Options();
        options.DecodingThreads = 5;
        var error = Assert.Throws<InvalidOperationException>(() => Fit(rows, options));
        Assert.Contains("row 37 of the training data cannot be read: its 3 bytes are no image: JPEG, PNG",
            error.Message, StringComparison.Ordinal);
        options.BadImages = BadImageHandling.Skip;
        Fit(rows, options).Dispose();
        string warning = Assert.Single(_warnings);
        Assert.StartsWith($"2 of {Rows} rows of the training data have no image that can be read and were left out: "
            + "row 37: its 3 bytes are no image", warning,
            StringComparison.Ordinal);
        Assert.EndsWith("; row 41: there is no image (0 bytes).", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_FolderThatCannotBe_WarnsAndTrains()
    {
        CnnClassificationTrainer.Options options = Options();
        (options.CacheBudget, options.CacheFolder) = (0, Path.Combine(_files.Write("file", []), "below"));
        Fit(Encoded(), options).Dispose();
        Assert.Contains("cannot be created", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_CanceledWhileTraining_LeavesNoFileBehind()
    {
        using var source = new CancellationTokenSource();
        CnnClassificationTrainer.Options options = Options();
        (options.CacheBudget, options.CancellationToken, options.Epochs) = (0, source.Token, 50);
        int open = 0;
        options.BatchCallback = _ =>
        {
            open = OpenFiles();
            source.Cancel();
        };
        using CnnClassificationTransformer model = Fit(Encoded(), options);
        Assert.Equal(TrainingEnd.Canceled, model.Training!.End);
        AssertClosed(open);
    }

    [Fact]
    public void Fit_CanceledWhileReading_ThrowsAndLeavesNoFile()
    {
        using var source = new CancellationTokenSource();
        CnnClassificationTrainer.Options options = Options();
        (options.CacheBudget, options.CancellationToken) = (0, source.Token);
        int open = 0;
        IEnumerable<KeyedFile> Canceling()
        {
            foreach ((int row, FileRow file) in Encoded().Index())
            {
                if (open == 0 && (open = OpenFiles()) > 0)
                    source.Cancel();
                yield return new KeyedFile { Key = (uint)row % 2, Pixels = file.Pixels };
            }
        }
        IDataView rows = _mlContext.Data.LoadFromEnumerable(Canceling()); // keys from the start: a mapping would read all rows ahead
        Assert.Throws<OperationCanceledException>(() => _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(rows));
        AssertClosed(open);
    }

    [Fact]
    public void Fit_RowsThatChangeBetweenPasses_SaysSo()
    {
        CnnClassificationTrainer.Options options = Options();
        (options.CacheBudget, options.CacheFileBudget) = (0, 0);
        int passes = 0;
        IEnumerable<FileRow> Shrinking() => Encoded().Take(++passes > 3 ? 5 : Rows);
        var error = Assert.Throws<InvalidOperationException>(() => Fit(new Deferred<FileRow>(Shrinking), options));
        Assert.Contains("was there when they were first read, and is gone", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_CropsOfLargerImages_TheModelScoresTheirCenter()
    {
        CnnClassificationTrainer.Options options = Options();
        options.Augmentation = ImageAugmentation.AlexNet.ForSide(32);
        using CnnClassificationTransformer model = Fit(Encoded(), options);
        Assert.Equal(new ImageShape(37, 37, 1), model.Model.ResizedImage);
        Assert.Equal(TestCrops.Center, model.Model.TestCrops);
        Assert.Equal(Naive(model, TestCrops.Center, 7),
            DigitRows.Scores(model.Transform(_mlContext.Data.LoadFromEnumerable(Encoded()[..20])))[7], Close);
    }

    [Fact]
    public void Transform_TenCrops_IsTheMeanOfTenPredictions()
    {
        CnnClassificationTrainer.Options options = Options();
        options.TestCrops = TestCrops.Ten;
        using CnnClassificationTransformer model = Fit(Encoded(), options);
        Assert.Equal(new ImageShape(37, 37, 1), model.Model.ResizedImage);
        float[][] scores = DigitRows.Scores(model.Transform(_mlContext.Data.LoadFromEnumerable(Encoded()[..20])));
        foreach (int row in new[] { 0, 7, 19 })
            Assert.Equal(Naive(model, TestCrops.Ten, row), scores[row], Close);
        Assert.NotEqual(Naive(model, TestCrops.Center, 7), scores[7]);
        using PredictionEngine<FileRow, ScoreOnly> engine = _mlContext.Model.CreatePredictionEngine<FileRow, ScoreOnly>(model);
        Assert.Equal(scores[7], engine.Predict(Encoded()[7]).Score, Close);
        _mlContext.Model.Save(model, null, _files.Path("ten.zip"));
        var loaded = (IDisposable)_mlContext.Model.Load(_files.Path("ten.zip"), out _);
        Assert.Equal(scores[7],
            DigitRows.Scores(((ITransformer)loaded).Transform(_mlContext.Data.LoadFromEnumerable(Encoded()[..20])))[7], Close);
        loaded.Dispose();
    }

    /// <summary>What version 7 added: two numbers, and that two lists are empty.</summary>
    private const int RuleBytes = 18;

    [Theory]
    [InlineData(1, 24 + RuleBytes)]
    [InlineData(2, 20 + RuleBytes)]
    public void LoadHeader_OlderVersions_AreTheWholeImage(int version, int shorter)
    {
        using var weights = new VariableStore();
        var normalization = PixelNormalization.Uniform(1, 0.5f, 3);
        var saved = new CnnClassificationModel(CnnArchitectures.LeNet5Relu, new ImageShape(32, 32, 1), 7, normalization, weights)
        {
            Fit = ImageFit.Stretch,
            ResizedImage = new ImageShape(37, 37, 1),
            TestCrops = TestCrops.Ten,
        };
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        CnnModelFile.SaveHeader(writer, saved);
        Assert.Equal((new ImageShape(37, 37, 1), TestCrops.Ten), Load(stream.ToArray()));
        // Version 2 ends before the crops, version 1 before the precision; neither names the package, nor says whether
        // the network is imported.
        byte[] newest = stream.ToArray();
        int name = 5 + newest[4], imported = name + 1 + newest[name];
        byte[] older = [(byte)version, 0, 0, 0, .. newest[name..imported], .. newest[(imported + 1)..^shorter]];
        Assert.Equal((new ImageShape(32, 32, 1), TestCrops.Center), Load(older));
        byte[] wrong = stream.ToArray();
        wrong[^(12 + RuleBytes)] = 9;
        Assert.Throws<InvalidDataException>(() => Load(wrong));

        static (ImageShape, TestCrops) Load(byte[] bytes)
        {
            using var reader = new BinaryReader(new MemoryStream(bytes));
            using CnnClassificationModel model = CnnModelFile.LoadHeader(reader, out _);
            Assert.Equal((7, ImageFit.Stretch), (model.Classes, model.Fit));
            Assert.Equal(bytes.Length, reader.BaseStream.Position);
            return (model.ResizedImage, model.TestCrops);
        }
    }

    [Fact]
    public void Fit_LongImages_WarnsOfTheCenterCropAndLetterboxesWhenScoring()
    {
        FileRow[] rows = [.. Enumerable.Range(0, 30).Select(i => new FileRow
        {
            Label = DigitRows.Name(i % 2), Pixels = Long(i, i % 5 == 0 ? 40 : 90),
        })];
        CnnClassificationTrainer.Options options = Options();
        options.ValidationSetFraction = 0.2f;
        Fit(rows, options).Dispose();
        Assert.Equal("24 of 30 images of the training data lose more than a third of their area to the center crop to "
            + "32x32: Options.ImageFit = Letterbox, or Options.ImageFit = Stretch, keeps all of them.",
            Assert.Single(_warnings));
        _warnings.Clear();
        options.ImageFit = ImageFit.Letterbox;
        foreach (ImageAugmentation augmentation in new[] { options.Augmentation, new() { Area = new(0.5, 1) } })
        {
            options.Augmentation = augmentation;
            using CnnClassificationTransformer model = Fit(rows, options);
            Assert.Empty(_warnings);
            Assert.Equal(new ImageShape(32, 32, 3), model.Model.ResizedImage);
            float[][] scores = DigitRows.Scores(model.Transform(_mlContext.Data.LoadFromEnumerable(rows)));
            _mlContext.Model.Save(model, null, _files.Path("letterbox.zip"));
            var loaded = (CnnClassificationTransformer)_mlContext.Model.Load(_files.Path("letterbox.zip"), out _);
            Assert.Equal(ImageFit.Letterbox, loaded.Model.Fit);
            Assert.Equal(scores, DigitRows.Scores(loaded.Transform(_mlContext.Data.LoadFromEnumerable(rows))));
            loaded.Dispose();
        }

        static byte[] Long(int image, int width)
        {
            var pixels = new byte[40 * width * 4];
            new Random(image).NextBytes(pixels);
            for (int i = 3; i < pixels.Length; i += 4)
                pixels[i] = 255;
            using MLImage picture = MLImage.CreateFromPixels(width, 40, MLPixelFormat.Rgba32, pixels);
            return ImageFiles.EncodePng(picture);
        }
    }

    [Fact]
    public void PreviewAugmentation_OfTheTrainer_WritesThePicture()
    {
        IDataView view = _mlContext.Data.LoadFromEnumerable(Encoded());
        view = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(view).Transform(view);
        CnnClassificationTrainer trainer = _mlContext.MulticlassClassification.Trainers.CnnClassification(Options());
        trainer.PreviewAugmentation(view, _files.Path("sheet.png"), images: 2, samples: 1);
        using MLImage sheet = MLImage.CreateFromFile(_files.Path("sheet.png"));
        Assert.Equal((4 + 2 * (18 + 96 + 4), 4 + 2 * (96 + 4)), (sheet.Height, sheet.Width));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => trainer.PreviewAugmentation(view, _files.Path("sheet.png"), images: 0));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => trainer.PreviewAugmentation(view, _files.Path("sheet.png"), samples: 101));
    }

    private sealed class KeyedFile
    {
        [KeyType(2)]
        public uint Key { get; set; }
        public byte[] Pixels { get; set; } = [];
    }

    private sealed class ScoreOnly
    {
        public float[] Score { get; set; } = [];
    }

    /// <summary>Asks anew for the rows of every pass.</summary>
    private sealed class Deferred<T>(Func<IEnumerable<T>> rows) : IEnumerable<T>
    {
        public IEnumerator<T> GetEnumerator() => rows().GetEnumerator();
        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>Scores of a row: every crop is cut out by two loops, scored alone, and the mean taken.</summary>
    private static float[] Naive(CnnClassificationTransformer model, TestCrops crops, int row)
    {
        var whole = new byte[37 * 37];
        using (MLImage image = DigitRows.Image(row))
            new ImageScaler(37, 37, 1).Scale(image.Pixels, PixelFormat.Bgra32(28, 28), whole);
        using VariableStore weights = model.Model.Weights.Clone(_ => true);
        using var scorer = new CnnScorer(new CnnClassificationModel(CnnArchitectures.LeNet5Relu,
            new ImageShape(32, 32, 1), 10, model.Model.Normalization, weights),
            WorkerPool.Shared);
        (int Top, int Left)[] places = crops == TestCrops.Ten ? [(0, 0), (0, 5), (5, 0), (5, 5), (2, 2)] : [(2, 2)];
        var mean = new double[10];
        int parts = 0;
        foreach ((int top, int left) in places)
            foreach (bool mirror in crops == TestCrops.Ten ? new[] { false, true } : [false])
            {
                var part = new float[32 * 32];
                for (int y = 0; y < 32; y++)
                    for (int x = 0; x < 32; x++)
                        part[(y * 32) + x] = (whole[((top + y) * 37) + left + (mirror ? 31 - x : x)]
                            * model.Model.Normalization.Scale[0]) + model.Model.Normalization.Offset[0];
                var scores = new float[10];
                scorer.Score(part, 1, scores);
                for (int c = 0; c < 10; c++)
                    mean[c] += scores[c];
                parts++;
            }
        return [.. mean.Select(m => (float)(m / parts))];
    }

    /// <summary>Batches of other sizes may sum in another order.</summary>
    private static bool Close(float a, float b) => Math.Abs(a - b) < 1e-5f;

    private static FileRow[] Encoded() => [.. Enumerable.Range(0, Rows).Select(i =>
    {
        using MLImage image = DigitRows.Image(i);
        return new FileRow { Label = DigitRows.Name(Golden.Digits.Label(i)), Pixels = ImageFiles.EncodePng(image) };
    })];

    private CnnClassificationTrainer.Options Options()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(2);
        (options.LabelColumnName, options.CacheFolder) = ("Key", _files.Folder);
        options.Augmentation = new ImageAugmentation { Padding = 2, Mirror = true, ColorStandardDeviation = 0.1 };
        return options;
    }

    private CnnClassificationTransformer Fit(IEnumerable<FileRow> rows, CnnClassificationTrainer.Options options)
    {
        IDataView view = _mlContext.Data.LoadFromEnumerable(rows);
        view = _mlContext.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(view).Transform(view);
        return _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(view);
    }

    private int OpenFiles() => OperatingSystem.IsLinux()
        ? Directory.GetFiles("/proc/self/fd")
            .Count(f => (new FileInfo(f).LinkTarget ?? "").StartsWith(_files.Folder, StringComparison.Ordinal)) : 1;

    private void AssertClosed(int openBefore)
    {
        Assert.True(openBefore > 0, "The file must have been in use.");
        Assert.Empty(Directory.GetFiles(_files.Folder));
        if (OperatingSystem.IsLinux())
            Assert.Equal(0, OpenFiles());
    }
}
