using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using SkiaSharp;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Runs;

/// <summary>What a training leaves in its folder.</summary>
public sealed class RunFolderTests : IDisposable
{
    private const int Epochs = 4, Batches = 3; // 90 of 100 images are trained on, in batches of 32
    private readonly MLContext _mlContext = new(1);
    private readonly string _folder = Directory.CreateTempSubdirectory("runs").FullName;

    private string RunPath => Path.Combine(_folder, "run");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Fit_RunFolder_HoldsEverything()
    {
        TrainingResult result = Fit(Options(), out byte[] weights);
        Assert.Equal(RunPath, result.RunFolder);
        string[][] rows = Results();
        Assert.Equal(Epochs, rows.Length);
        for (int i = 0; i < Epochs; i++)
        {
            Assert.Equal(i + 1, int.Parse(rows[i][0], CultureInfo.InvariantCulture));
            Assert.Equal(result.History[i].Loss, double.Parse(rows[i][1], CultureInfo.InvariantCulture), 1e-6);
            Assert.Equal(result.History[i].ValidationAccuracy!.Value, double.Parse(rows[i][4], CultureInfo.InvariantCulture), 1e-6);
        }
        using JsonDocument options = JsonDocument.Parse(File.ReadAllText(In("options.json")));
        JsonElement root = options.RootElement;
        Assert.Equal(3, root.GetProperty("seed").GetInt32());
        Assert.Equal("digit", root.GetProperty("classes")[0].GetString()![..5]);
        Assert.Equal(0.05f, root.GetProperty("training").GetProperty("LearningRate").GetSingle());
        Assert.Equal("MomentumOptimizer", root.GetProperty("training").GetProperty("Optimizer").GetProperty("type").GetString());
        Assert.Equal(CnnArchitectures.LeNet5Relu.Name, root.GetProperty("options").GetProperty("Architecture").GetString());
        Assert.Contains("thread", root.GetProperty("kernels").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(root.GetProperty("processor").GetString()!);
        foreach (string svg in new[] { "learning-curves.svg", "confusion-matrix.svg" })
            Assert.Equal("svg", XElement.Load(In(svg)).Name.LocalName);
        foreach (string png in new[] { "samples/train-batch.png", "samples/validation.png", "samples/grad-cam.png" })
        {
            using SKBitmap picture = SKBitmap.Decode(In(png));
            Assert.InRange(picture.Width, 200, 2000);
        }
        string log = File.ReadAllText(In("log.txt"));
        Assert.Contains("Epoch 4/4", log, StringComparison.Ordinal);
        Assert.Contains("seed 3", log, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(In("checkpoints")));
        using var best = CnnWeights.Load(In("weights/best.safetensors"));
        using var last = CnnWeights.Load(In("weights/last.safetensors"));
        Assert.Empty(Directory.GetFiles(_folder, "*.tmp", SearchOption.AllDirectories));
    }

    [Fact]
    public void Fit_RunFolder_EventsHoldEveryStepAndEpoch()
    {
        TrainingResult result = Fit(Options(), out _);
        EventReader events = EventReader.Read(Assert.Single(Directory.GetFiles(RunPath, "events.out.tfevents.*")));
        Assert.Equal(Enumerable.Range(1, Epochs * Batches).Select(s => (long)s), events.Of("step/loss").Select(s => s.Step));
        Assert.Equal(result.History.Select(e => ((long)e.Epoch * Batches, (double)(float)e.Loss)), events.Of("loss/training"));
        Assert.Equal(result.History.Select(e => (double)(float)e.ValidationLoss!), events.Of("loss/validation").Select(e => e.Value));
        Assert.Equal(result.History.Select(e => (double)(float)e.ValidationAccuracy!),
            events.Of("accuracy/validation").Select(e => e.Value));
        Assert.Equal(result.History.Select(e => (double)e.LearningRate), events.Of("epoch/learning_rate").Select(e => e.Value));
        Assert.Equal(Epochs, events.Of("epoch/images_per_second").Count());
        EventImage picture = Assert.Single(events.Images);
        Assert.Equal(("samples/grad_cam", (long)Epochs * Batches), (picture.Tag, picture.Step));
        Assert.Equal(File.ReadAllBytes(In("samples/grad-cam.png")), picture.Png);
        using SKBitmap decoded = SKBitmap.Decode(picture.Png);
        Assert.Equal((decoded.Height, decoded.Width), (picture.Height, picture.Width));
    }

    [Fact]
    public void Fit_RunFolder_ModelAndBestWeightsAreTheTrainedNetwork()
    {
        Fit(Options(), out byte[] weights);
        ITransformer loaded = _mlContext.Model.Load(In("model.zip"), out DataViewSchema schema);
        Assert.NotNull(schema.GetColumnOrNull("Pixels"));
        using CnnClassificationTransformer network = CnnClassificationTransformer.From(loaded);
        Assert.Equal(weights, Bytes(network));
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        using CnnWeights best = CnnWeights.Load(In("weights/best.safetensors"));
        (options.InitialWeights, options.LearningRate) = (best, float.Epsilon);
        Fit(options, out byte[] again);
        Assert.Equal(weights, again);
    }

    [Fact]
    public void Fit_SecondRun_TakesTheNextFreeName()
    {
        Assert.Equal(RunPath, Fit(Options(), out _).RunFolder);
        string first = File.ReadAllText(In("results.csv"));
        Assert.Equal($"{RunPath}-2", Fit(Options(), out _).RunFolder);
        Assert.Equal($"{RunPath}-3", Fit(Options(), out _).RunFolder);
        Assert.Equal(first, File.ReadAllText(In("results.csv")));
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 3)] // all batches of the epoch are done, its validation is not
    [InlineData(1, 1)]
    public void Fit_CanceledAndResumed_NoEpochAndNoStepIsTwiceOrMissing(int epoch, int batch)
    {
        Fit(Options(), out byte[] undisturbed);
        Directory.Delete(RunPath, recursive: true);
        using var cancellation = new CancellationTokenSource();
        CnnClassificationTrainer.Options options = Options();
        options.CancellationToken = cancellation.Token;
        options.BatchCallback = b =>
        {
            if (b.Epoch == epoch && b.Batch == batch)
                cancellation.Cancel();
        };
        Fit(options, out _);
        File.AppendAllText(In("results.csv"), "3,0.1"); // cut off, as a killed process may leave it
        options = Options();
        options.Resume = true;
        TrainingResult result = Fit(options, out byte[] resumed);
        Assert.Equal(undisturbed, resumed);
        Assert.Equal(RunPath, result.RunFolder);
        Assert.Equal(["1", "2", "3", "4"], Results().Select(r => r[0]));
        Assert.Equal(result.History.Select(e => e.Loss), Results().Select(r => double.Parse(r[1], CultureInfo.InvariantCulture)),
            (a, b) => Math.Abs(a - b) < 1e-6);
        long start = ((epoch - 1) * Batches) + batch;
        EventReader[] events = [.. Directory.GetFiles(RunPath, "events.out.tfevents.*").Select(EventReader.Read)
            .OrderBy(e => e.Restarts.Count)];
        Assert.Equal([start + 1], events[1].Restarts);
        Assert.Equal(Enumerable.Range(1, Epochs * Batches).Select(s => (long)s),
            events[0].Of("step/loss").Where(s => s.Step <= start).Concat(events[1].Of("step/loss")).Select(s => s.Step));
        // What has ended is not written again.
        Assert.Equal(result.History, Fit(options, out _).History);
        Assert.Equal(2, Directory.GetFiles(RunPath, "events.out.tfevents.*").Length);
    }

    [Fact]
    public void Fit_FolderCannotBeMade_TrainsWithWarnings()
    {
        Fit(Options(runFolder: null), out byte[] expected);
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var warnings = new List<string>();
        _mlContext.Log += (_, e) =>
        {
            if (e.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning)
                warnings.Add(e.RawMessage);
        };
        Fit(Options(Path.Combine(file, "run")), out byte[] weights);
        Assert.Equal(expected, weights);
        string[] names = ["options.json", "results.csv", "best.safetensors", "log.txt", "events.out", "model.zip",
            "checkpoint-"];
        foreach (string name in names)
            Assert.Contains(warnings, w => w.Contains(name, StringComparison.Ordinal));
        Assert.InRange(warnings.Count, 8, 20); // once for each file; checkpoints each time
    }

    [Fact]
    public void CrossValidate_OneFolder_ARunForEachFold()
    {
        IDataView data = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 90));
        CnnClassificationTrainer.Options options = Options();
        options.Epochs = 1;
        _mlContext.MulticlassClassification.CrossValidate(data, DigitRows.Pipeline(_mlContext, options), numberOfFolds: 3);
        Assert.Equal(["run", "run-2", "run-3"], Directory.GetDirectories(_folder).Select(Path.GetFileName).Order());
    }

    private CnnClassificationTrainer.Options Options() => Options(RunPath);

    private static CnnClassificationTrainer.Options Options(string? runFolder)
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(Epochs);
        (options.RunFolder, options.ValidationSetFraction) = (runFolder, 0.1f);
        return options;
    }

    private TrainingResult Fit(CnnClassificationTrainer.Options options, out byte[] weights)
    {
        using var model = (IDisposable)DigitRows.Pipeline(_mlContext, options)
            .Fit(_mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, 100)));
        CnnClassificationTransformer network = CnnClassificationTransformer.From((ITransformer)model);
        weights = Bytes(network);
        return network.Training!;
    }

    private static byte[] Bytes(CnnClassificationTransformer network) =>
        [.. network.Model.Weights.Variables.OrderBy(v => v.Name, StringComparer.Ordinal).SelectMany(v => v.Get().Bytes.ToArray())];

    private string In(string name) => Path.Combine(RunPath, name);

    private string[][] Results()
    {
        string[] lines = File.ReadAllLines(In("results.csv"));
        Assert.StartsWith("epoch,loss,accuracy,validation_loss", lines[0], StringComparison.Ordinal);
        string[][] rows = [.. lines.Skip(1).Select(l => l.Split(','))];
        Assert.All(rows, r => Assert.Equal(10, r.Length));
        return rows;
    }
}
