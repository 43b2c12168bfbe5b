using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Calibration, abstaining and other class shares, as a model has them: trained, set, saved, exported.</summary>
public sealed class DecisionTests
{
    private readonly MLContext _mlContext = new(1);

    [Fact]
    public void Fit_NothingAskedFor_RuleIsNone()
    {
        using CnnClassificationTransformer model = Fit(DigitRows.Options(1));
        Assert.Same(DecisionRule.None, model.Decision);
        Assert.Equal(1, model.Model.TrainingShares.Sum(), 1e-9);
    }

    [Fact]
    public void Fit_CalibrateAndAbstain_FitsTheRuleToTheValidationRows()
    {
        IDataView validation = Keyed(200, 200);
        CnnClassificationTrainer.Options options = DigitRows.Options(3);
        (options.Calibrate, options.AbstainPrecision, options.ValidationSet) = (true, 0.97f, validation);
        using CnnClassificationTransformer model = Fit(options);
        Assert.NotEqual(1, model.Decision.Temperature);
        Assert.InRange(model.Decision.AbstainBelow, 0.05, 0.999);

        DecisionRule fitted = model.Decision;
        model.Calibrate(validation, abstainPrecision: 0.97);
        Assert.Equal(fitted.Temperature, model.Decision.Temperature, 1e-4);
        Assert.Equal(fitted.AbstainBelow, model.Decision.AbstainBelow, 1e-4);

        IDataView scored = model.Transform(validation);
        uint[] keys = [.. scored.GetColumn<uint>("PredictedLabel")];
        float[][] scores = DigitRows.Scores(scored);
        Assert.Contains(0u, keys);
        Assert.All(keys.Zip(scores), row => Assert.Equal(row.First == 0, row.Second.Max() < model.Decision.AbstainBelow));
        uint[] labels = [.. scored.GetColumn<uint>("Label")];
        Assert.True(keys.Zip(labels).Where(k => k.First > 0).Average(k => k.First == k.Second ? 1.0 : 0) >= 0.97);
    }

    [Fact]
    public void Decision_SavedAndLoaded_GivesTheSameScores()
    {
        using CnnClassificationTransformer model = Fit(DigitRows.Options(1));
        IDataView rows = Keyed(200, 20);
        float[][] before = DigitRows.Scores(model.Transform(rows));
        model.Decision = new() { Temperature = 1.7, AbstainBelow = 0.25, ClassFactors = [1, 2, 1, 1, 1, 1, 1, 1, 1, 0.5] };
        float[][] changed = DigitRows.Scores(model.Transform(rows));
        using var file = new ImageFiles();
        _mlContext.Model.Save(model, rows.Schema, file.Path("decided.zip"));
        ITransformer loaded = _mlContext.Model.Load(file.Path("decided.zip"), out _);
        var network = CnnClassificationTransformer.From(loaded);
        Assert.Equal((1.7, 0.25), (network.Decision.Temperature, network.Decision.AbstainBelow));
        Assert.Equal(model.Decision.ClassFactors, network.Decision.ClassFactors);
        Assert.Equal(model.Model.TrainingShares, network.Model.TrainingShares);
        Assert.Equal(changed, DigitRows.Scores(loaded.Transform(rows)));
        Assert.NotEqual(before, changed);
        network.Decision = DecisionRule.None;
        Assert.Equal(before, DigitRows.Scores(loaded.Transform(rows)));
        ((IDisposable)loaded).Dispose();
    }

    [Fact]
    public void SaveOnnx_DecisionSet_FileGivesTheSameProbabilities()
    {
        using CnnClassificationTransformer model = Fit(DigitRows.Options(1));
        model.Decision = new() { Temperature = 2.5, ClassFactors = [1, 2, 1, 1, 1, 0.3, 1, 1, 1, 0] };
        using var file = new MemoryStream();
        model.SaveOnnx(file);
        using var session = new InferenceSession(file.ToArray());
        float[] pixels = DigitRows.Pixels(250).Pixels;
        using var outputs = session.Run([NamedOnnxValue.CreateFromTensor("image",
            new DenseTensor<float>(pixels, [1, 1, 28, 28]))], ["probabilities"]);
        float[] expected = DigitRows.Scores(model.Transform(Keyed(250, 1)))[0];
        Assert.Equal(expected, outputs[0].AsTensor<float>(), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(0, expected[9]);
    }

    [Fact]
    public void Fit_ExpectedClassShares_FactorsAreSharesOverTrainingShares()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.ExpectedClassShares = Enumerable.Range(0, 10).ToDictionary(DigitRows.Name, d => d == 3 ? 11f : 1f);
        using CnnClassificationTransformer model = Fit(options);
        int three = model.ClassNames.ToList().IndexOf(DigitRows.Name(3));
        Assert.Equal(0.55 / model.Model.TrainingShares[three], model.Decision.ClassFactors[three], 1e-6);
    }

    [Fact]
    public void Fit_CalibrateWithoutValidation_NamesOptionAndRemedy()
    {
        CnnClassificationTrainer.Options options = DigitRows.Options(1);
        options.Calibrate = true;
        string message = Assert.Throws<ArgumentOutOfRangeException>(() => Fit(options)).Message;
        Assert.Contains("Options.Calibrate is True; expected false where there are no validation images", message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Decision_OutOfRange_IsRefused()
    {
        using CnnClassificationTransformer model = Fit(DigitRows.Options(1));
        foreach (DecisionRule rule in (DecisionRule[])[new() { Temperature = 0 }, new() { Temperature = double.NaN },
            new() { AbstainBelow = 1.1 }, new() { ClassFactors = [1, 2] }])
            Assert.Throws<ArgumentException>(() => model.Decision = rule);
        Assert.Same(DecisionRule.None, model.Decision);
    }

    private CnnClassificationTransformer Fit(CnnClassificationTrainer.Options options) =>
        _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(Keyed(0, 200));

    /// <summary>Digits with the keys of all ten.</summary>
    private IDataView Keyed(int first, int count)
    {
        IDataView all = _mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 200));
        return _mlContext.Transforms.Conversion.MapValueToKey("Label", keyOrdinality:
            Microsoft.ML.Transforms.ValueToKeyMappingEstimator.KeyOrdinality.ByValue).Fit(all)
            .Transform(_mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(first, count)));
    }
}
