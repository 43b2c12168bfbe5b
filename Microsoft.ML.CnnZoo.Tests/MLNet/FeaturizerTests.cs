using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.MLNet;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>A network's features in front of ML.NET's own trainers.</summary>
public sealed class FeaturizerTests : IDisposable
{
    private const int Images = 150;
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"cnnzoo-{Guid.NewGuid():N}.zip");
    private readonly MLContext _mlContext = new(1);
    private readonly CnnClassificationTransformer _trained;
    private readonly IDataView _rows;

    public FeaturizerTests()
    {
        _rows = _mlContext.Data.LoadFromEnumerable(DigitRows.Bytes(0, Images));
        IDataView keyed = _mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(_rows).Transform(_rows);
        CnnClassificationTrainer.Options options = DigitRows.Options(epochs: 6);
        options.NetworkInput = new ImageShape(32, 32, 1);
        _trained = _mlContext.MulticlassClassification.Trainers.CnnClassification(options).Fit(keyed);
    }

    public void Dispose()
    {
        _trained.Dispose();
        File.Delete(_path);
    }

    [Theory]
    [InlineData(null, FeaturePooling.Average, "act4", 84)]
    [InlineData("fc1", FeaturePooling.Average, "fc1/BiasAdd", 120)]
    [InlineData("conv2", FeaturePooling.Average, "conv2/BiasAdd", 16)]
    [InlineData("conv2", FeaturePooling.None, "conv2/BiasAdd", 16 * 10 * 10)]
    [InlineData("conv2/Conv2D", FeaturePooling.None, "conv2/Conv2D", 16 * 10 * 10)]
    public void Transform_Layer_GivesTheNodesValues(string? layer, FeaturePooling pooling, string node, int count)
    {
        using CnnFeaturizingTransformer features = Fit(new() { Layer = layer, Pooling = pooling });
        float[][] rows = [.. features.Transform(_rows).GetColumn<float[]>("Features").Take(3)];
        Assert.Equal(count, features.FeatureCount);
        for (int i = 0; i < rows.Length; i++)
        {
            float[] expected = Node(node, i), pooled = pooling == FeaturePooling.None || expected.Length == count
                ? expected : [.. Enumerable.Range(0, count).Select(c => expected.Where((_, k) => k % count == c).Average())];
            Assert.Equal(count, pooled.Length);
            float scale = pooled.Max(Math.Abs);
            Assert.True(scale > 0.01);
            Assert.All(pooled.Zip(rows[i]), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, 1e-4 * scale));
        }
    }

    [Fact]
    public void Fit_UnknownLayer_ListsThoseThatThereAre()
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => Fit(new() { Layer = "conv3" }));
        Assert.Contains("The layer is 'conv3'; expected the name of a stage or layer: conv1, conv2, fc1, fc2, fc3", e.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_InFrontOfMlNetsTrainers_TheyLearn()
    {
        var pipeline = _mlContext.Transforms.Conversion.MapValueToKey("Label")
            .Append(_mlContext.Transforms.FeaturizeCnn("Features", _trained, "Pixels"));
        var classes = pipeline.Append(_mlContext.MulticlassClassification.Trainers.LbfgsMaximumEntropy()).Fit(_rows);
        Assert.InRange(_mlContext.MulticlassClassification.Evaluate(classes.Transform(_rows)).MicroAccuracy, 0.97, 1);
        var trees = pipeline.Append(_mlContext.MulticlassClassification.Trainers.OneVersusAll(
            _mlContext.BinaryClassification.Trainers.FastTree(numberOfLeaves: 4, numberOfTrees: 20, minimumExampleCountPerLeaf: 2)))
            .Fit(_rows);
        Assert.InRange(_mlContext.MulticlassClassification.Evaluate(trees.Transform(_rows)).MicroAccuracy, 0.97, 1);
        var clusters = pipeline.Append(_mlContext.Clustering.Trainers.KMeans("Features", numberOfClusters: 10)).Fit(_rows);
        double information = _mlContext.Clustering.Evaluate(clusters.Transform(_rows), labelColumnName: "Label",
            featureColumnName: "Features").NormalizedMutualInformation;
        Assert.InRange(information, 0.6, 1);
    }

    [Fact]
    public void Save_Load_GivesTheSameFeaturesBitForBit()
    {
        float[][] expected;
        using (CnnFeaturizingTransformer features = Fit(new() { Layer = "conv2", Pooling = FeaturePooling.None }))
        {
            expected = [.. features.Transform(_rows).GetColumn<float[]>("Features")];
            _mlContext.Model.Save(features, _rows.Schema, _path);
        }
        var loaded = _mlContext.Model.Load(_path, out _);
        using (loaded as IDisposable)
            Assert.Equal(expected, loaded.Transform(_rows).GetColumn<float[]>("Features"));
    }

    [Fact]
    public void Fit_WeightsAndArchitecture_GivesTheTrainedNetworksFeatures()
    {
        using CnnWeights weights = CnnWeights.From(_trained);
        using CnnFeaturizingTransformer own = Fit(), other = _mlContext.Transforms.FeaturizeCnn("Features",
            CnnArchitectures.LeNet5Relu, weights, "Pixels").Fit(_rows);
        Assert.Equal(own.Transform(_rows).GetColumn<float[]>("Features"), other.Transform(_rows).GetColumn<float[]>("Features"));
        var e = Assert.Throws<ArgumentException>(() => _mlContext.Transforms.FeaturizeCnn("Features", CnnArchitectures.LeNet5Relu));
        Assert.Contains("LeNet-5 (ReLU) has no weights: expected weights", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Transform_BadImage_IsNaNOrThrows()
    {
        FileRow[] files = [new() { Pixels = [1, 2, 3] }, new() { Pixels = [4] }];
        IDataView rows = _mlContext.Data.LoadFromEnumerable(files);
        List<string> log = [];
        _mlContext.Log += (_, e) => log.Add(e.Message);
        using CnnFeaturizingTransformer lenient = Fit(null, rows),
            strict = Fit(new() { BadImages = BadImageScoring.Throw }, rows);
        Assert.All(lenient.Transform(rows).GetColumn<float[]>("Features"), f => Assert.True(f.Length == 84 && f.All(float.IsNaN)));
        Assert.Contains(log, m => m.Contains("Row 1: the image in column 'Pixels' has no features", StringComparison.Ordinal));
        Assert.Throws<InvalidDataException>(() => strict.Transform(rows).GetColumn<float[]>("Features").ToArray());
    }

    [Fact]
    public void Schema_PromisedAndDelivered_Agree()
    {
        CnnFeaturizingEstimator estimator = _mlContext.Transforms.FeaturizeCnn("Features", _trained, "Pixels");
        SchemaShape.Column promised = estimator.GetOutputSchema(NativeComponentTests.ShapeOf(_rows.Schema))
            .Single(c => c.Name == "Features");
        using CnnFeaturizingTransformer features = estimator.Fit(_rows);
        DataViewSchema.Column made = features.Transform(_rows).Schema["Features"];
        Assert.Equal(new VectorDataViewType(NumberDataViewType.Single, 84), made.Type);
        Assert.Equal((SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single), (promised.Kind, promised.ItemType));
        Assert.Throws<ArgumentOutOfRangeException>(() => _mlContext.Transforms.FeaturizeCnn("Features", _trained, "Nothing").Fit(_rows));
    }

    private CnnFeaturizingTransformer Fit(CnnFeaturizerOptions? options = null, IDataView? rows = null) =>
        _mlContext.Transforms.FeaturizeCnn("Features", _trained, "Pixels", options).Fit(rows ?? _rows);

    /// <summary>What a node gives for a digit, by a plan of its own.</summary>
    private float[] Node(string name, int digit)
    {
        CnnClassificationModel model = _trained.Model;
        ClassificationGraph graph = model.Graphs.Scoring();
        NodeDef node = graph.Graph.Find(name) ?? graph.Graph.Nodes.Last(n => n.Name.StartsWith($"{name}/", StringComparison.Ordinal));
        using Executable plan = new Session(KernelSet.Shared).Compile(graph.Graph, graph.Feeds(1), [node.Output()], [],
            model.Weights, new CompileOptions { Fuse = false });
        var reader = new CropReader(model);
        var image = new float[reader.ValueCount];
        using MLImage picture = DigitRows.Image(digit);
        Assert.True(reader.TryRead(picture, image));
        image.CopyTo(plan.Feed<float>(ClassificationGraph.ImageInput));
        plan.Run();
        return plan.Fetch<float>(0).ToArray();
    }
}
