using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Formats.Onnx;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Weights;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats;

/// <summary>What we write we read again: the same scores, the same training.</summary>
public class RoundTripTests
{
    private const double Tolerance = 1e-5;

    /// <summary>One small network of each kind; all with CNNZOO_FULL=1.</summary>
    public static TheoryData<string> Networks => [.. CnnArchitectures.All.Select(a => a.Name).Where(n => TestScope.IsFull
        || n is "lenet5_relu" or "alexnet" or "googlenet" or "squeezenet1_1" or "resnet20_cifar" or "mobilenet_v2"
            or "resnet110_v2_cifar" or "densenet40_k12_cifar")];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Onnx_WrittenAndRead_GivesTheSameScoresAndPreprocessing(string name)
    {
        using CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find(name));
        ImportedArchitecture imported = WriteAndRead(model, folds: true);
        float[] pixels = RandomNetwork.Pixels(2 * model.Image.ValueCount);
        using CnnClassificationModel again = Model(imported, model);
        Assert.InRange(OnnxRun.Difference(RandomNetwork.Run(model, pixels).Scores, RandomNetwork.Run(again, pixels).Scores),
            0, Tolerance);
        Assert.False(imported.IsPreprocessingGuessed);
        foreach ((float expected, float actual) in model.Normalization.Scale.Concat(model.Normalization.Offset)
            .Zip(imported.Preprocessing.Normalization.Scale.Concat(imported.Preprocessing.Normalization.Offset)))
            Assert.Equal(expected, actual, 1e-6);
    }

    [Theory]
    [InlineData("resnet20_cifar")]
    [InlineData("resnet18")]
    [InlineData("resnet110_v2_cifar")]
    public void Onnx_BatchNormsKept_TrainsAsOursDoes(string name)
    {
        using CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find(name));
        ImportedArchitecture imported = WriteAndRead(model, folds: false);
        using CnnClassificationModel again = Model(imported, model);
        float[] pixels = RandomNetwork.Pixels(4 * model.Image.ValueCount);
        Train(model, pixels);
        Train(again, pixels);
        Assert.InRange(OnnxRun.Difference(RandomNetwork.Run(model, pixels).Logits, RandomNetwork.Run(again, pixels).Logits),
            0, 1e-4);
    }

    private static ImportedArchitecture WriteAndRead(CnnClassificationModel model, bool folds)
    {
        string[] names = [.. Enumerable.Range(0, model.Classes).Select(i => $"class {i}")];
        var imported = Importer.Import(OnnxReader.Read(
            OnnxWriter.Write(model, names, new OnnxExportOptions { FoldsBatchNorms = folds }), "network.onnx", null, null),
            new CnnImportOptions());
        Assert.Equal(names, imported.Labels);
        return imported;
    }

    private static CnnClassificationModel Model(ImportedArchitecture imported, CnnClassificationModel like)
    {
        var weights = new VariableStore();
        new WeightsLoader(imported.FileWeights!.Tensors, imported, like.Image, like.Classes).CopyTo(weights);
        return new CnnClassificationModel(imported, like.Image, like.Classes, like.Normalization, weights);
    }

    /// <summary>One step, which moves the running statistics, too.</summary>
    private static void Train(CnnClassificationModel model, float[] pixels)
    {
        var images = new float[pixels.Length];
        model.Normalization.Apply(pixels, images);
        var options = new TrainingOptions { Optimizer = new MomentumOptimizer(), Seed = 1 };
        ClassificationGraph graph = model.Graphs.Training(options);
        VariableInitialization.Initialize(model.Weights,
            [.. graph.Graph.Variables.Where(v => v.Role == VariableRole.Slot)], 1, null);
        using var step = new TrainingStep(new Session(KernelSet.Shared), graph, model.Weights, new CompileOptions());
        step.Run(images, [0, 1, 2, 1], 0.05f);
    }
}
