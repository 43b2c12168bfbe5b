using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.CnnZoo.Weights;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Formats.Onnx;

/// <summary>
/// The ResNet-18 of the package Microsoft.ML.DnnImageFeaturizer.ResNet18, which comes with examples/TransferLearning:
/// CNTK's export, operator set 8, features without a classifier.
/// </summary>
public class PretrainedResNet18Tests
{
    private const int Side = 224, Classes = 3;

    private static readonly string File = Path.Combine(AppContext.BaseDirectory, "ResNet18.onnx");

    [Fact]
    public void Features_OfTheImport_AreOnnxRuntimes()
    {
        float[] planes = GoldenFill.Input("input", 3 * Side * Side, scale: 128);
        using var session = new InferenceSession(File);
        var input = new DenseTensor<float>(planes, [1, 3, Side, Side]);
        using var results = session.Run([NamedOnnxValue.CreateFromTensor(session.InputMetadata.Keys.Single(), input)]);
        float[] expected = [.. results[0].AsEnumerable<float>()];

        float[] features = Features(planes);
        Assert.Equal(512, features.Length);
        Assert.True(expected.Max() > 1);
        Assert.Equal(0, expected.Zip(features, (e, f) => Math.Abs(e - f)).Max(), 1e-4f);
    }

    [Fact]
    public void Fit_HeadOnly_KeepsTheFilesWeightsBitForBit()
    {
        CnnArchitecture network = CnnArchitecture.FromOnnx(File,
            new CnnImportOptions { Preprocessing = ImagePreprocessing.KerasCaffe });
        var mlContext = new MLContext(1);
        IDataView digits = mlContext.Data.LoadFromEnumerable(
            Enumerable.Range(0, 40).Where(i => Digits.Label(i) < Classes).SelectMany(i => DigitRows.Images(i, 1)).ToArray());
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs: 3);
        (options.Architecture, options.FineTuning, options.LearningRate) = (network, FineTuning.HeadOnly, 0.01f);
        using TransformerChain<CnnClassificationTransformer> trained =
            mlContext.Transforms.Conversion.MapValueToKey("Label")
                .Append(mlContext.MulticlassClassification.Trainers.CnnClassification(options)).Fit(digits);

        ITensorSource file = ((ImportedArchitecture)network).FileWeights!.Tensors;
        List<string> others = [];
        foreach (NamedTensor tensor in trained.LastTransformer.Model.ReadTensors())
        {
            var values = new float[tensor.Values.Length];
            if (file.Find(tensor.Name) is null)
                others.Add(tensor.Name);
            else
            {
                file.Read(tensor.Name, values);
                Assert.Equal(values, tensor.Values);
            }
        }
        Assert.Equal(["classifier.bias", "classifier.weight"], others.Order());
        IReadOnlyList<EpochProgress> history = trained.LastTransformer.Training!.History;
        Assert.True(history[^1].Loss < history[0].Loss * 0.8, $"{history[0].Loss} became {history[^1].Loss}");
    }

    private static float[] Features(float[] planes)
    {
        var network = (ImportedArchitecture)CnnArchitecture.FromOnnx(File,
            new CnnImportOptions { Preprocessing = ImagePreprocessing.Raw });
        using var weights = new VariableStore();
        new WeightsLoader(network.FileWeights!.Tensors, network, network.DefaultInput, Classes).CopyTo(weights);
        var g = new GraphBuilder();
        NodeOutput image = g.Placeholder("image", DataType.Float, new TensorShape(1, Side, Side, 3));
        NodeOutput features = network.Build(g, image, Classes).Features;
        using Executable plan = new Session(KernelSet.Shared).Compile(g.ToGraph(),
            new Dictionary<string, TensorShape>(), [features], [], weights);
        Span<float> pixels = plan.Feed<float>("image");
        for (int c = 0; c < 3; c++)
            for (int p = 0; p < Side * Side; p++)
                pixels[(p * 3) + c] = planes[(c * Side * Side) + p];
        plan.Run();
        return plan.Fetch<float>(0).ToArray();
    }
}
