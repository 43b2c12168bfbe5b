using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;
using Xunit;
using Xunit.Abstractions;
using NodeDef = Microsoft.ML.CnnZoo.Graph.NodeDef;

namespace Microsoft.ML.CnnZoo.Tests.Formats;

/// <summary>What OpenCV's DNN module computes of exported files.</summary>
public class OpenCvTests(ITestOutputHelper log)
{
    /// <summary>Of the largest logit, or the largest score.</summary>
    private const double Tolerance = 1e-5;

    /// <summary>Networks that OpenCV 4.6 does not run as GraphDefs, and what it does not know.</summary>
    private static readonly Dictionary<string, string> RefusedInTensorFlow = new()
    {
        ["lenet5"] = "SquaredDifference", // its radial basis functions
        ["resnet50_v2"] = "PadV2", // how TensorFlow 2.3 pads a maximum over pixels of which some are negative
        ["resnet101_v2"] = "PadV2",
        ["resnet152_v2"] = "PadV2",
    };

    /// <summary>Networks that OpenCV 4.6 does not run as ONNX files, and what it does not know.</summary>
    private static readonly Dictionary<string, string> RefusedInOnnx = new()
    {
        ["lenet5"] = "ReduceSum", // with axes as input, as operator set 13 has it
        ["mobilenet_v2"] = "Clip", // with bounds as inputs, as operator set 11 has it
    };

    [OpenCvTheory]
    [MemberData(nameof(Exports.EveryKind), MemberType = typeof(Exports))]
    public void SaveTensorFlow_InOpenCv_GivesLogitsAndScores(string network)
    {
        using CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find(network));
        FrozenGraph frozen = model.Freeze(normalizesPixels: true, foldsBatchNorms: true);
        // OpenCV adds a dense layer's bias in the layer that multiplies, whose name stays.
        NodeDef logits = frozen.Logits.Node;
        if (logits.Op == "BiasAdd")
            logits = logits.Inputs[0].Node;
        Compare(model, "network.pb", TensorFlowWriter.ToGraphDef(frozen), [logits.Name, frozen.Scores.Node.Name],
            RefusedInTensorFlow.GetValueOrDefault(network));
    }

    [OpenCvTheory]
    [MemberData(nameof(Exports.EveryKind), MemberType = typeof(Exports))]
    public void SaveOnnx_InOpenCv_GivesLogitsAndScores(string network)
    {
        using CnnClassificationModel model = RandomNetwork.Create(CnnArchitectures.Find(network));
        ModelProto file = OnnxWriter.Write(model, [.. Enumerable.Range(0, model.Classes).Select(i => $"class {i}")], new());
        string logits = file.Graph.Node.Single(n => n.OpType == "Softmax").Input[0];
        file.Graph.Output.Add(file.Graph.ValueInfo.Single(v => v.Name == logits));
        Compare(model, "network.onnx", file, [logits, file.Graph.Output[0].Name],
            RefusedInOnnx.GetValueOrDefault(network));
    }

    private void Compare(CnnClassificationModel model, string name, IMessage contents, string[] outputs, string? reason)
    {
        float[] pixels = RandomNetwork.Pixels(model.Image.ValueCount);
        string folder = Directory.CreateTempSubdirectory("cnnzoo").FullName;
        try
        {
            string file = Path.Combine(folder, name);
            using (FileStream stream = File.Create(file))
                contents.WriteTo(stream);
            (float[] values, string? refusal) = OpenCv.Run(file, outputs, pixels,
                [1, model.Image.Height, model.Image.Width, model.Image.Channels]);
            (float[] logits, float[] scores) = RandomNetwork.Run(model, pixels);
            double difference = refusal is not null ? 0 : Math.Max(
                Exports.Difference(logits, values[..logits.Length]), Exports.Difference(scores, values[logits.Length..]));
            log.WriteLine($"{model.Architecture.Name}: {refusal ?? $"{difference:e1} of the largest"}");
            if (reason is not null)
                Assert.Contains(reason, refusal ?? "not refused", StringComparison.Ordinal);
            else
                Assert.True(refusal is null && difference <= Tolerance, $"{difference} {refusal}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
