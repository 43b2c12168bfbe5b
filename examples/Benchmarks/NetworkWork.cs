using Microsoft.ML;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Estimators;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.Data;

namespace Benchmarks;

/// <summary>Names of what is timed, as in peer.py.</summary>
internal static class WorkMode
{
    public const string Train = "train", Score = "score", Pipeline = "pipeline";
}

/// <summary>Something that is done again and again while the clock runs.</summary>
internal abstract class NetworkWork : IDisposable
{
    // As in peer.py: different inputs in turn, so that no side profits from one batch that stays in the cache.
    private const int DistinctBatches = 8;
    private int _step;

    protected NetworkWork(BenchmarkNetwork network, int batch)
    {
        var random = new Random(1);
        ImageShape image = network.Architecture.DefaultInput;
        int values = image.Height * image.Width * image.Channels;
        Images = [.. Enumerable.Range(0, DistinctBatches).Select(_ => Enumerable.Range(0, batch * values).Select(_ => random.NextSingle()).ToArray())];
        Labels = [.. Enumerable.Range(0, DistinctBatches).Select(_ => Enumerable.Range(0, batch).Select(_ => random.Next(network.Classes)).ToArray())];
    }

    protected float[][] Images { get; }

    protected int[][] Labels { get; }

    /// <summary>Prepares the work of a mode.</summary>
    public static NetworkWork Create(BenchmarkNetwork network, string mode, int batch) => mode switch
    {
        WorkMode.Train => new TrainingWork(network, batch),
        WorkMode.Score => new ScoringWork(network, batch),
        WorkMode.Pipeline => new PipelineWork(network, batch),
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "There is no such mode."),
    };

    /// <summary>Does the work once; returns the number of images.</summary>
    public abstract int Run();

    public abstract void Dispose();

    /// <summary>Position of the batch whose turn it is.</summary>
    protected int NextBatch() => _step++ % DistinctBatches;
}

/// <summary>A step of SGD with momentum on softmax cross-entropy: the very step that the trainer takes.</summary>
internal sealed class TrainingWork : NetworkWork
{
    private const float LearningRate = 0.01f;
    private readonly VariableStore _variables = new();
    private readonly TrainingStep _step;

    public TrainingWork(BenchmarkNetwork network, int batch) : base(network, batch)
    {
        var options = new TrainingOptions { BatchSize = batch };
        var graphs = new ClassificationGraphs(network.Architecture, network.Architecture.DefaultInput, network.Classes);
        ClassificationGraph graph = graphs.Training(options);
        VariableInitialization.Initialize(_variables, graph.Graph.Variables, options.Seed);
        _step = new TrainingStep(new Session(Backends.Create(CnnBackend.Auto, out _)), graph, options, _variables, new CompileOptions());
    }

    public override int Run()
    {
        int at = NextBatch();
        _step.Run(Images[at], Labels[at], LearningRate);
        return Labels[at].Length;
    }

    public override void Dispose()
    {
        _step.Dispose();
        _variables.Dispose();
    }
}

/// <summary>Class probabilities of one batch.</summary>
internal sealed class ScoringWork : NetworkWork
{
    private readonly VariableStore _variables = new();
    private readonly Executable _plan;
    private readonly float[] _scores;

    public ScoringWork(BenchmarkNetwork network, int batch) : base(network, batch)
    {
        ClassificationGraph graph = new ClassificationGraphs(network.Architecture, network.Architecture.DefaultInput, network.Classes).Scoring();
        VariableInitialization.Initialize(_variables, graph.Graph.Variables, 1);
        _plan = new Session(Backends.Create(CnnBackend.Auto, out _)).Compile(graph.Graph, graph.Feeds(batch), graph.Fetches, graph.Targets, _variables);
        _scores = new float[batch * network.Classes];
    }

    public override int Run()
    {
        int at = NextBatch();
        Images[at].CopyTo(_plan.Feed<float>(ClassificationGraph.ImageInput));
        _plan.Run();
        _plan.Fetch<float>(0).CopyTo(_scores);
        return Labels[at].Length;
    }

    public override void Dispose()
    {
        _plan.Dispose();
        _variables.Dispose();
    }
}

/// <summary>Rows of pixels through a trained transformer, the Score column read row by row.</summary>
internal sealed class PipelineWork : NetworkWork
{
    private const int Rows = 2048;
    private readonly IDataView _rows;
    private readonly CnnClassificationTransformer _model;

    private sealed class PixelRow
    {
        public float[] Features { get; set; } = [];

        public uint Label { get; set; }
    }

    public PipelineWork(BenchmarkNetwork network, int batch) : base(network, batch)
    {
        ImageShape image = network.Architecture.DefaultInput;
        int values = Images[0].Length / batch;
        var rows = new PixelRow[Rows];
        for (int i = 0; i < Rows; i++)
        {
            float[] source = Images[i / batch % Images.Length];
            rows[i] = new PixelRow { Features = source.AsSpan(i % batch * values, values).ToArray(), Label = (uint)(i % network.Classes + 1) };
        }
        var mlContext = new MLContext(seed: 1);
        var schema = SchemaDefinition.Create(typeof(PixelRow));
        schema[nameof(PixelRow.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, image.Height, image.Width, image.Channels);
        schema[nameof(PixelRow.Label)].ColumnType = new KeyDataViewType(typeof(uint), network.Classes);
        _rows = mlContext.Data.LoadFromEnumerable(rows, schema);
        _model = mlContext.MulticlassClassification.Trainers.CnnClassification(network.Architecture, epochs: 1, batchSize: batch)
            .Fit(mlContext.Data.TakeRows(_rows, 2 * network.Classes * batch));
    }

    public override int Run()
    {
        IDataView scored = _model.Transform(_rows);
        DataViewSchema.Column column = scored.Schema["Score"];
        VBuffer<float> scores = default;
        int count = 0;
        using DataViewRowCursor cursor = scored.GetRowCursor([column]);
        ValueGetter<VBuffer<float>> read = cursor.GetGetter<VBuffer<float>>(column);
        for (; cursor.MoveNext(); count++)
            read(ref scores);
        return count;
    }

    public override void Dispose() => _model.Dispose();
}
