using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Layers;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>Training in bfloat16: beside golden traces, and through ML.NET, saved and loaded.</summary>
public sealed class BFloat16TrainingTests
{
    /// <summary>
    /// Of a loss. The logits carry 2e-3 to 4e-3 of rounding error (BFloat16LogitsTests), gradients some 1e-2, and each
    /// step builds on the ones before.
    /// </summary>
    private const double Tolerance = 0.05;

    private const int Steps = 5;

    public static TheoryData<string> Traces =>
        [.. GoldenFiles.All("training").Where(GoldenNetwork.IsKnown)];

    [Theory]
    [MemberData(nameof(Traces))]
    public void Losses_FirstSteps_AreNearGolden(string file)
    {
        using var trace = new GoldenTrace(file);
        TrainingOptions options = trace.Options;
        using var store = new VariableStore();
        ClassificationGraph graph = trace.Graphs.Training(options);
        trace.Fill(graph.Graph.Variables, store);
        using var step = new TrainingStep(new Session(KernelSet.Shared), graph, store,
            new CompileOptions { Precision = CnnPrecision.BFloat16 });
        double[] expected = trace.Losses;
        double largest = 0;
        for (int s = 0; s < Math.Min(Steps, trace.ComparableSteps); s++)
        {
            (float[] images, int[] labels) = trace.Batch(s);
            double loss = step.Run(images, labels, options.LearningRate).Loss;
            double error = Math.Abs(loss - expected[s]) / Math.Abs(expected[s]);
            Assert.True(error <= Tolerance, $"step {s + 1}: loss {loss:r}, golden {expected[s]:r}");
            largest = Math.Max(largest, error);
        }
        Assert.True(largest > 1e-6, "These are float32's losses.");
    }

    [Fact]
    public void Steps_SameSeedTwice_GiveTheSameBits() =>
        Assert.Equal(Weights(), Weights());

    private static byte[][] Weights()
    {
        using var workers = new WorkerPool(3);
        using var trace = new GoldenTrace(GoldenFiles.All("training").First(GoldenNetwork.IsKnown));
        using var store = new VariableStore();
        ClassificationGraph graph = trace.Graphs.Training(trace.Options);
        trace.Fill(graph.Graph.Variables, store);
        using var step = new TrainingStep(new Session(KernelSet.Shared), graph, store,
            new CompileOptions { Precision = CnnPrecision.BFloat16, Workers = workers });
        for (int s = 0; s < 3; s++)
        {
            (float[] images, int[] labels) = trace.Batch(s);
            step.Run(images, labels, trace.Options.LearningRate);
        }
        return [.. store.Variables.Select(v => v.Get().Bytes.ToArray())];
    }

    [Fact]
    public void Fit_Digits_EvaluatesWellAndScoresTheSameOnceLoaded()
    {
        var mlContext = new MLContext(1);
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs: 8);
        options.Precision = CnnPrecision.BFloat16;
        ITransformer model = DigitRows.Pipeline(mlContext, options)
            .Fit(mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(0, 500)));
        IDataView test = mlContext.Data.LoadFromEnumerable(DigitRows.Pixels(500, 140));
        Assert.InRange(mlContext.MulticlassClassification.Evaluate(model.Transform(test)).MicroAccuracy, 0.8, 1);

        using var file = new MemoryStream();
        mlContext.Model.Save(model, test.Schema, file);
        ITransformer loaded = mlContext.Model.Load(file, out _);
        Assert.Equal(CnnPrecision.BFloat16, ((IEnumerable<ITransformer>)loaded).OfType<CnnClassificationTransformer>()
            .Single().Model.Precision);
        Assert.Equal(DigitRows.Scores(model.Transform(test)), DigitRows.Scores(loaded.Transform(test)));
        ((IDisposable)model).Dispose();
        ((IDisposable)loaded).Dispose();
    }
}
