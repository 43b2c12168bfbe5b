using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Training;

namespace Benchmarks;

/// <summary>Our side's work on a network, with inputs that take turns.</summary>
internal abstract class NetworkWork : Work
{
    private int _step;

    protected NetworkWork(BenchmarkNetwork network, WorkRequest request)
    {
        var random = new Random(1);
        ImageShape image = network.Architecture.DefaultInput;
        Images = new float[request.DistinctBatches][];
        Labels = new int[request.DistinctBatches][];
        for (int i = 0; i < request.DistinctBatches; i++)
        {
            Images[i] = new float[request.Batch * image.Height * image.Width * image.Channels];
            Labels[i] = new int[request.Batch];
            foreach (ref float value in Images[i].AsSpan())
                value = random.NextSingle();
            foreach (ref int label in Labels[i].AsSpan())
                label = random.Next(network.Classes);
        }
    }

    protected float[][] Images { get; }

    protected int[][] Labels { get; }

    public override string Form => MachineDescription.Vectors;

    /// <summary>Prepares the work of a mode.</summary>
    public static NetworkWork Create(BenchmarkNetwork network, WorkRequest request) => request.Kind switch
    {
        WorkKind.Training => new TrainingWork(network, request),
        WorkKind.Inference => new InferenceWork(network, request),
        _ => new ScoringPipelineWork(network, request),
    };

    /// <summary>Position of the batch whose turn it is.</summary>
    protected int NextBatch() => _step++ % Images.Length;

    /// <summary>How plans are compiled for a precision.</summary>
    protected static CompileOptions Compile(WorkPrecision precision) => new()
    {
        Precision = precision == WorkPrecision.F32 ? CnnPrecision.Float32 : CnnPrecision.BFloat16,
    };
}

/// <summary>A step of SGD with momentum on softmax cross-entropy: the very step that the trainer takes.</summary>
internal sealed class TrainingWork : NetworkWork
{
    private const float LearningRate = 0.01f;
    private readonly VariableStore _variables = new();
    private readonly TrainingStep _step;

    public TrainingWork(BenchmarkNetwork network, WorkRequest request) : base(network, request)
    {
        var options = new TrainingOptions { BatchSize = request.Batch };
        var graphs = new ClassificationGraphs(network.Architecture, network.Architecture.DefaultInput, network.Classes);
        ClassificationGraph graph = graphs.Training(options);
        VariableInitialization.Initialize(_variables, graph.Graph.Variables, options.Seed);
        _step = new TrainingStep(new Session(KernelSet.Shared), graph, _variables, Compile(request.Precision));
    }

    public override long PlanBytes => _step.PeakBytes;

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
internal sealed class InferenceWork : NetworkWork
{
    private readonly VariableStore _variables = new();
    private readonly Executable _plan;
    private readonly float[] _scores;

    public InferenceWork(BenchmarkNetwork network, WorkRequest request) : base(network, request)
    {
        ClassificationGraph graph = new ClassificationGraphs(
            network.Architecture, network.Architecture.DefaultInput, network.Classes).Scoring();
        VariableInitialization.Initialize(_variables, graph.Graph.Variables, 1);
        _plan = new Session(KernelSet.Shared)
            .Compile(
                graph.Graph, graph.Feeds(request.Batch), graph.Fetches, graph.Targets, _variables,
                Compile(request.Precision));
        _scores = new float[request.Batch * network.Classes];
    }

    public override long PlanBytes => _plan.PeakBytes;

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
