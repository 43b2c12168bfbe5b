using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Training;

/// <summary>The generator, first values of variables, and the order of batches.</summary>
public class RandomnessTests
{
    [Fact]
    public void Streams_OtherSeedPurposeOrName_AreOthers()
    {
        static uint First(long seed, RandomPurpose purpose, string name) =>
            new PhiloxRandom(seed, purpose, name).NextUInt32();
        uint[] firsts = [First(1, RandomPurpose.Initialization, "a"), First(2, RandomPurpose.Initialization, "a"),
            First(1, RandomPurpose.Shuffling, "a"), First(1, RandomPurpose.Initialization, "b")];
        Assert.Equal(4, firsts.Distinct().Count());
        Assert.Equal(firsts[0], First(1, RandomPurpose.Initialization, "a"));
    }

    [Fact]
    public void Next_SmallBound_IsUniform()
    {
        var random = new PhiloxRandom(3, RandomPurpose.Shuffling);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++)
            counts[random.Next(7)]++;
        Assert.All(counts, c => Assert.InRange(c, 9_600, 10_400));
    }

    [Theory]
    [InlineData(nameof(InitializerKind.Normal), 0.5f, 0.5)]
    [InlineData(nameof(InitializerKind.TruncatedNormal), 0.5f,
        0.4398)] // deviation of a normal cut at two deviations: 0.8796
    [InlineData(nameof(InitializerKind.Uniform), 0.5f, 0.288675)]
    [InlineData(nameof(InitializerKind.FanInNormal), 2f, 0.1)] // fan_in 200
    [InlineData(nameof(InitializerKind.FanOutNormal), 2f, 0.158114)] // fan_out 80
    [InlineData(nameof(InitializerKind.FanAverageUniform), 1f, 0.0845154)] // variance 2/(200+80)
    [InlineData(nameof(InitializerKind.InverseFanInUniform), 2.4f, 0.0069282)]
    [InlineData(nameof(InitializerKind.RandomSigns), 1f, 1.0)]
    public void Initialize_EachKind_HasItsDeviationAndMeanZero(string kindName, float scale, double deviation)
    {
        InitializerKind kind = Enum.Parse<InitializerKind>(kindName);
        using var store = new VariableStore();
        var definition = new VariableDefinition("w", new(DataType.Float, new TensorShape(2, 2, 50, 20)),
            VariableRole.Kernel, new Initializer(kind, scale));
        VariableInitialization.Initialize(store, [definition], 5);
        float[] values = store["w"].Values<float>().ToArray();
        Assert.InRange(Math.Sqrt(values.Average(v => (double)v * v)) / deviation, 0.95, 1.05);
        Assert.InRange(Math.Abs(values.Average()), 0, 0.06 * deviation);
        if (kind == InitializerKind.TruncatedNormal)
            Assert.All(values, v => Assert.InRange(Math.Abs(v), 0, 2 * scale));
    }

    [Theory]
    [InlineData(nameof(InitializerKind.Normal))]
    [InlineData(nameof(InitializerKind.Uniform))]
    public void Initialize_LargeVariableOnSeveralThreads_IsTheStreamInOrder(string kindName)
    {
        InitializerKind kind = Enum.Parse<InitializerKind>(kindName);
        const int Count = 150_001;
        using var store = new VariableStore();
        VariableInitialization.Initialize(store,
            [new("w", new(DataType.Float, new TensorShape(Count)), VariableRole.Kernel, new Initializer(kind, 1))], 5);
        var random = new PhiloxRandom(5, RandomPurpose.Initialization, "w");
        float[] expected = [.. Enumerable.Range(0, Count).Select(_ =>
            (float)(kind == InitializerKind.Normal ? random.NextNormal() : (2 * random.NextDouble()) - 1))];
        Assert.Equal(expected, store["w"].Values<float>().ToArray());
    }

    [Fact]
    public void Initialize_OneVariableMore_LeavesTheOthersAsTheyWere()
    {
        static VariableDefinition Define(string name) =>
            new(name, new(DataType.Float, new TensorShape(5, 5)), VariableRole.Kernel, Initializer.HeNormal);
        using var one = new VariableStore();
        using var two = new VariableStore();
        VariableInitialization.Initialize(one, [Define("b")], 1);
        VariableInitialization.Initialize(two, [Define("a"), Define("b")], 1);
        Assert.Equal(one["b"].Get().Bytes.ToArray(), two["b"].Get().Bytes.ToArray());
        Assert.NotEqual(two["a"].Get().Bytes.ToArray(), two["b"].Get().Bytes.ToArray());
    }

    [Fact]
    public void Initialize_KernelInitializerGiven_ServesKernelsOnly()
    {
        static VariableDefinition Define(string name, VariableRole role) =>
            new(name, new(DataType.Float, new TensorShape(4, 4)), role, Initializer.Ones);
        using var store = new VariableStore();
        VariableInitialization.Initialize(store, [Define("kernel", VariableRole.Kernel),
            Define("gamma", VariableRole.Normalization)], 1, Initializer.Constant(0.25f));
        Assert.All(store["kernel"].Values<float>().ToArray(), v => Assert.Equal(0.25f, v));
        Assert.All(store["gamma"].Values<float>().ToArray(), v => Assert.Equal(1, v));
    }

    [Fact]
    public void Read_OrderGiven_EveryImageOnceLastBatchSmaller()
    {
        var cache = new ImageCache<byte>(new ImageShape(1, 1, 1));
        for (int i = 0; i < 10; i++)
            cache.Add([(byte)(10 * i)], i);
        int[] order = [9, 3, 0, 1, 2, 8, 7, 4, 5, 6];
        var labels = new List<int>();
        var sizes = new List<int>();
        foreach (Batch batch in new BatchReader(cache, 4).Read(order))
        {
            sizes.Add(batch.Count);
            labels.AddRange(batch.Labels.ToArray());
            Assert.Equal(batch.Labels.ToArray().Select(l => 10f * l), batch.Images.ToArray());
        }
        Assert.Equal([4, 4, 2], sizes);
        Assert.Equal(order, labels);
    }

    [Fact]
    public void Read_SourceThrows_TheSourcesExceptionComesOut()
    {
        var reader = new BatchReader(new FailingSource(), 2);
        Assert.Equal("image 4", Assert.Throws<IOException>(() => reader.Read([0, 1, 2, 3, 4, 5]).Count()).Message);
    }

    [Fact]
    public void Fill_Subset_GivesTheChosenImages()
    {
        var cache = new ImageCache<float>(new ImageShape(1, 1, 1));
        for (int i = 0; i < 5; i++)
            cache.Add([i], i);
        var subset = new BatchSubset(cache, [4, 2]);
        var images = new float[2];
        var labels = new int[2];
        subset.Fill([1, 0], images, labels);
        Assert.Equal(2, subset.Count);
        Assert.Equal([2f, 4f], images);
        Assert.Equal([2, 4], labels);
    }

    [Fact]
    public void Read_SlowSource_TheWaitIsMeasured()
    {
        var reader = new BatchReader(new SlowSource(), 2);
        Assert.Equal(3, reader.Read([0, 1, 2, 3, 4, 5]).Count());
        Assert.InRange(reader.Waited.TotalMilliseconds, (3 * SlowSource.Delay) - 5, 10_000);
        TimeSpan before = reader.Waited;
        foreach (Batch _ in reader.Read([0, 1, 2, 3, 4, 5]))
            Thread.Sleep(5 * SlowSource.Delay); // the next batch is ready by then
        Assert.InRange((reader.Waited - before).TotalMilliseconds, SlowSource.Delay - 5,
            2.5 * SlowSource.Delay); // the first alone; 3 delays if nothing were read ahead
    }

    private sealed class SlowSource : IBatchSource
    {
        public const int Delay = 60;
        public int Count => 6;
        public IReadOnlyList<int> Labels => new int[6];
        public ImageShape Image => new(1, 1, 1);
        public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels) => Thread.Sleep(Delay);
    }

    private sealed class FailingSource : IBatchSource
    {
        public int Count => 6;
        public IReadOnlyList<int> Labels => new int[6];
        public ImageShape Image => new(1, 1, 1);
        public void Fill(ReadOnlySpan<int> indices, Span<float> images, Span<int> labels)
        {
            if (indices.Contains(4))
                throw new IOException("image 4");
        }
    }
}
