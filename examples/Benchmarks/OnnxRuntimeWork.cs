using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace Benchmarks;

/// <summary>
/// Class probabilities of one batch by ONNX Runtime, told the batch's size beforehand; inputs and outputs are bound to
/// memory once.
/// </summary>
internal sealed class OnnxRuntimeWork : Work
{
    private const double SumTolerance = 1e-3;
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly OrtIoBinding[] _bindings;
    private readonly List<OrtValue> _values = [];
    private readonly int _batch;
    private int _step;

    /// <summary>Loads the file of a request and fills as many inputs as are to take turns.</summary>
    public OnnxRuntimeWork(WorkRequest request)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            IntraOpNumThreads = request.Threads,
        };
        _batch = request.Batch;
        options.AddFreeDimensionOverrideByName(OnnxGraphBuilder.Batch, _batch);
        _session = new InferenceSession(request.Model, options);
        (string input, NodeMetadata inputShape) = _session.InputMetadata.Single();
        string output = new OnnxExportOptions().ProbabilitiesName;
        NodeMetadata outputShape = _session.OutputMetadata[output];
        var scores = new float[Elements(outputShape)];
        OrtValue scoresValue = Value(scores, outputShape);
        var random = new Random(1);
        _bindings = new OrtIoBinding[request.DistinctBatches];
        for (int i = 0; i < _bindings.Length; i++)
        {
            var images = new float[Elements(inputShape)];
            foreach (ref float value in images.AsSpan())
                value = random.NextSingle();
            _bindings[i] = _session.CreateIoBinding();
            _bindings[i].BindInput(input, Value(images, inputShape));
            _bindings[i].BindOutput(output, scoresValue);
        }
        Run();
        CheckProbabilities(scores);
    }

    /// <summary>ONNX Runtime's version; throws where its native library does not load.</summary>
    public static string Version => OrtEnv.Instance().GetVersionString();

    public override string Form => "NCHW";

    public override int Run()
    {
        _session.RunWithBinding(_options, _bindings[_step++ % _bindings.Length]);
        return _batch;
    }

    public override void Dispose()
    {
        foreach (OrtIoBinding binding in _bindings)
            binding.Dispose();
        foreach (OrtValue value in _values)
            value.Dispose();
        _options.Dispose();
        _session.Dispose();
    }

    private OrtValue Value(float[] memory, NodeMetadata metadata)
    {
        OrtValue value = OrtValue.CreateTensorValueFromMemory(
            memory, Array.ConvertAll(metadata.Dimensions, dimension => (long)dimension));
        _values.Add(value);
        return value;
    }

    private static int Elements(NodeMetadata metadata) =>
        metadata.Dimensions.Aggregate(1, (product, dimension) => product * dimension);

    private void CheckProbabilities(float[] scores)
    {
        foreach (float[] image in scores.Chunk(scores.Length / _batch))
            if (!(Math.Abs(image.Sum() - 1) < SumTolerance))
                throw new InvalidDataException($"The probabilities of an image sum to {image.Sum()}, expected 1.");
    }
}
