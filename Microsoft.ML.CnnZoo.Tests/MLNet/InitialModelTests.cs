using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>Training that goes on from a saved model, with the same classes and with others.</summary>
public sealed class InitialModelTests : IDisposable
{
    /// <summary>A learning rate that leaves the weights as they are.</summary>
    private const float Nothing = 1e-30f;
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"cnnzoo-{Guid.NewGuid():N}.zip");
    private readonly MLContext _mlContext = new(1);
    private readonly List<string> _log = [];

    public InitialModelTests() => _mlContext.Log += (_, e) => _log.Add(e.Message);

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Fit_ASavedPipeline_GoesOnWithItsNetworkImagesAndWeights()
    {
        using (CnnClassificationTransformer first = Fit(5, new() { NetworkInput = new(20, 24, 1), Epochs = 3 }))
            _mlContext.Model.Save(new TransformerChain<CnnClassificationTransformer>(first), Rows(5).Schema, _path);
        using var loaded = (TransformerChain<ITransformer>)_mlContext.Model.Load(_path, out _);
        CnnClassificationTransformer model = CnnClassificationTransformer.From(loaded);
        using CnnClassificationTransformer same = Fit(5, new() { Architecture = null, InitialModel = model, LearningRate = Nothing });
        Assert.Equal(("lenet5_relu", new ImageShape(20, 24, 1), model.Model.Normalization),
            (same.Model.Architecture.Name, same.Model.Image, same.Model.Normalization));
        Assert.Equal(DigitRows.Scores(model.Transform(Rows(10))), DigitRows.Scores(same.Transform(Rows(10))));
        Assert.Contains(_log, m => m.EndsWith("5 classes of the initial model go on with their weights.", StringComparison.Ordinal));
    }

    [Fact]
    public void Fit_MoreAndOtherClasses_KeepsThoseOfTheSameName()
    {
        using CnnClassificationTransformer first = Fit(3, new() { Epochs = 2 });
        using CnnClassificationTransformer second = Fit(6, new() { Architecture = null, InitialModel = first,
            LearningRate = Nothing }, leaveOut: 1);
        Assert.Equal(5, second.Model.Classes);
        Assert.Contains(_log, m => m.Contains("2 classes of the initial model go on with their weights; new: ",
            StringComparison.Ordinal) && m.EndsWith("; dropped: digit 1.", StringComparison.Ordinal));
        Assert.All(["digit 0", "digit 2"], name => Assert.Equal(Head(first, name), Head(second, name)));
        Assert.NotEqual(Head(first, "digit 1"), Head(second, "digit 5"));
        // Equal logits: the ratio of two old classes is as before.
        Assert.All(Ratios(first).Zip(Ratios(second)), r => Assert.Equal(r.First, r.Second, 1e-4));

        double[] Ratios(CnnClassificationTransformer model)
        {
            int zero = Number(model, "digit 0"), two = Number(model, "digit 2");
            return [.. DigitRows.Scores(model.Transform(Rows(10))).Select(s => Math.Log(s[zero]) - Math.Log(s[two]))];
        }
    }

    [Fact]
    public void Fit_ResetHead_KeepsTheBodyAlone()
    {
        using CnnClassificationTransformer first = Fit(3, new() { Epochs = 1 });
        using CnnClassificationTransformer second = Fit(3, new() { Architecture = null, InitialModel = first,
            LearningRate = Nothing, ResetHead = true });
        Assert.NotEqual(Head(first, "digit 0"), Head(second, "digit 0"));
        Assert.Equal(first.Model.Weights["conv1/kernel"].Get().Bytes.ToArray(),
            second.Model.Weights["conv1/kernel"].Get().Bytes.ToArray());
    }

    [Fact]
    public void Fit_FixedCodesAsHead_GoOnWithTheSameClassesOnly()
    {
        using CnnClassificationTransformer first = Fit(3, new() { Architecture = CnnArchitectures.LeNet5, Epochs = 1 });
        using CnnClassificationTransformer same = Fit(3, new() { Architecture = null, InitialModel = first, LearningRate = Nothing });
        Assert.Equal(DigitRows.Scores(first.Transform(Rows(10))), DigitRows.Scores(same.Transform(Rows(10))));
        var e = Assert.Throws<InvalidOperationException>(() => Fit(4, new() { Architecture = null, InitialModel = first }));
        Assert.Contains("LeNet-5 can go on with the same classes in the same order only", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_OptionsThatContradictTheModel_AreRefused()
    {
        using CnnClassificationTransformer first = Fit(3, new() { Epochs = 1 });
        Refuse(new() { Architecture = CnnArchitectures.ResNet20Cifar, InitialModel = first },
            "Options.Architecture is resnet20_cifar; expected null, or the network of InitialModel, lenet5_relu");
        using CnnWeights weights = CnnWeights.From(first);
        Refuse(new() { Architecture = null, InitialModel = first, InitialWeights = weights },
            "Options.InitialWeights is a trained LeNet-5 (ReLU); expected null where there is an InitialModel");
        IDataView floats = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(Pixels()).Transform(Pixels());
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => _mlContext.MulticlassClassification.Trainers
            .CnnClassification(Complete(new() { Architecture = null, InitialModel = first })).Fit(floats));
        Assert.Contains("as InitialModel was trained on", e.Message, StringComparison.Ordinal);

        void Refuse(CnnClassificationTrainer.Options options, string message) => Assert.Contains(message,
            Assert.Throws<ArgumentOutOfRangeException>(() => Fit(3, options)).Message, StringComparison.Ordinal);
        IDataView Pixels() => _mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 10));
    }

    /// <summary>The part of the last kernel and bias that gives a class.</summary>
    private static float[] Head(CnnClassificationTransformer model, string name)
    {
        int c = Number(model, name), classes = model.Model.Classes;
        float[] kernel = model.Model.Weights["fc3/kernel"].Values<float>().ToArray();
        return [.. kernel.Where((_, i) => i % classes == c), model.Model.Weights["fc3/bias"].Values<float>()[c]];
    }

    private static int Number(CnnClassificationTransformer model, string name) =>
        model.ClassNames.Index().Single(c => c.Item == name).Index;

    private CnnClassificationTransformer Fit(int classes, CnnClassificationTrainer.Options options, int leaveOut = -1) =>
        _mlContext.MulticlassClassification.Trainers.CnnClassification(Complete(options)).Fit(Rows(classes, leaveOut));

    private static CnnClassificationTrainer.Options Complete(CnnClassificationTrainer.Options options)
    {
        if (options.InitialModel is null)
            options.Architecture ??= CnnArchitectures.LeNet5Relu;
        if (options.LearningRate == Nothing)
            options.Epochs = 1;
        (options.FeatureColumnName, options.Seed, options.ValidationSetFraction) = ("Pixels", 1, null);
        return options;
    }

    private IDataView Rows(int classes, int leaveOut = -1)
    {
        ByteRow[] rows = [.. Enumerable.Range(0, 60).Where(i => Digits.Label(i) < classes && Digits.Label(i) != leaveOut)
            .SelectMany(i => DigitRows.Bytes(i, 1))];
        IDataView view = _mlContext.Data.LoadFromEnumerable(rows);
        return _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(view).Transform(view);
    }
}
