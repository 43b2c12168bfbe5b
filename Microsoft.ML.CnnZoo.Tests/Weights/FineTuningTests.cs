using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.CnnZoo.Weights;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Weights;

/// <summary>
/// Training that starts from a trained network, through the public API: train, take or save the weights, train on other
/// classes.
/// </summary>
public sealed class FineTuningTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"cnnzoo-{Guid.NewGuid():N}.safetensors");
    private readonly MLContext _mlContext = new(1);
    private readonly List<string> _log = [];

    public FineTuningTests() => _mlContext.Log += (_, e) => _log.Add(e.Message);

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Fit_WeightsOfAModelForOtherClasses_StartsTheHeadFreshAndKeepsThePreprocessing(bool throughAFile)
    {
        using CnnClassificationTransformer first = Fit(classes: 10, weights: null);
        first.Model.SaveWeights(_path);
        using CnnWeights weights = throughAFile ? CnnWeights.Load(_path) : CnnWeights.From(first);
        using CnnClassificationTransformer second = Fit(classes: 3, weights);
        Assert.Equal((3, first.Model.Normalization), (second.Model.Classes, second.Model.Normalization));
        Assert.Contains(_log, m => m.Contains("8 tensors fit. 2 start fresh: fc3.weight ([10,84], expected [3,84])",
            StringComparison.Ordinal));
        Assert.Contains(_log, m => m.Contains($"Normalization of the images: as '{weights.Source}' was trained",
            StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_WeightsWithoutMovingThem_ScoresLikeTheModel()
    {
        using CnnClassificationTransformer first = Fit(classes: 10, weights: null);
        using CnnWeights weights = CnnWeights.From(first);
        using CnnClassificationTransformer same = Fit(classes: 10, weights, rate: 1e-30f);
        Assert.Equal(Scores(first), Scores(same));
        using CnnClassificationTransformer reset = Fit(classes: 10, weights, rate: 1e-30f, resetHead: true);
        Assert.NotEqual(Scores(first), Scores(reset));
    }

    [Fact]
    public void Fit_HeadOnly_KeepsTheBodyBitForBitAndLearnsTheHead()
    {
        using CnnClassificationTransformer first = FitResidual(classes: 10, weights: null);
        using CnnWeights weights = CnnWeights.From(first);
        using CnnClassificationTransformer second = FitResidual(classes: 3, weights, FineTuning.HeadOnly);
        Dictionary<string, float[]> body = first.Model.ReadTensors().Where(t => !IsHead(t))
            .ToDictionary(t => t.Name, t => t.Values);
        Assert.Contains("bn1.running_mean", body.Keys);
        NamedTensor[] tensors = [.. second.Model.ReadTensors()];
        Assert.Equal(body.Count, tensors.Count(t => !IsHead(t)));
        Assert.All(tensors.Where(t => !IsHead(t)), t => Assert.Equal(body[t.Name], t.Values));
        Assert.True(second.Training!.History[^1].Loss < second.Training.History[0].Loss * 0.8,
            string.Join(' ', second.Training.History.Select(e => e.Loss)));

        static bool IsHead(NamedTensor tensor) => tensor.Name.StartsWith("fc.", StringComparison.Ordinal);
    }

    private CnnClassificationTransformer FitResidual(int classes, CnnWeights? weights,
        FineTuning fineTuning = FineTuning.AllLayers)
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs: 4);
        (options.Architecture, options.NetworkInput) = (CnnArchitectures.ResNet20Cifar, new ImageShape(28, 28, 1));
        (options.InitialWeights, options.FineTuning, options.BatchSize) = (weights, fineTuning, 8);
        return _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(Rows(classes));
    }

    private CnnClassificationTransformer Fit(int classes, CnnWeights? weights, float? rate = null,
        bool resetHead = false)
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs: 1);
        (options.InitialWeights, options.ResetHead, options.LearningRate) = (weights, resetHead, rate);
        return _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(Rows(classes));
    }

    private float[][] Scores(CnnClassificationTransformer model) => DigitRows.Scores(model.Transform(Rows(10)));

    private IDataView Rows(int classes)
    {
        ByteRow[] rows = [.. Enumerable.Range(0, 60).Where(i => Digits.Label(i) < classes)
            .SelectMany(i => DigitRows.Bytes(i, 1))];
        IDataView view = _mlContext.Data.LoadFromEnumerable(rows);
        return _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(view).Transform(view);
    }
}
