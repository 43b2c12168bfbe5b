using System.Reflection;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Microsoft.ML.CnnZoo.Graph;
using static Microsoft.ML.CnnZoo.Formats.Onnx.OnnxAttributes;
using ElementType = Microsoft.ML.CnnZoo.Formats.Onnx.Protos.TensorProto.Types.DataType;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>Writes a trained network as an ONNX model.</summary>
internal static class OnnxWriter
{
    /// <summary>Newer versions of operators and of the format are unknown to runtimes in use.</summary>
    public const int Opset = 17, IrVersion = 8;

    private const string Producer = "Microsoft.ML.CnnZoo";

    private static string ProducerVersion { get; } = typeof(OnnxWriter).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>
    /// The model: images of one size to probabilities [batch, classes] and the number of the most probable class
    /// [batch].
    /// </summary>
    /// <exception cref="GraphException">Some nodes cannot be expressed in ONNX.</exception>
    /// <exception cref="InvalidOperationException">It would exceed 2 GiB.</exception>
    public static ModelProto Write(CnnClassificationModel model, IReadOnlyList<string> classNames,
        OnnxExportOptions options)
    {
        options.Check();
        var builder = new OnnxGraphBuilder(Opset);
        builder.Graph.Name = model.Architecture.Name;
        string input = builder.Reserve(options.InputName), probabilities = builder.Reserve(options.ProbabilitiesName),
            best = builder.Reserve(options.ClassName);
        FrozenGraph network = model.Freeze(options.NormalizesPixels, options.FoldsBatchNorms);
        var image = new OnnxValue(input, network.Image.Shape, options.InputLayout == OnnxInputLayout.Nchw
            ? AxisOrder.ChannelsFirst : AxisOrder.Ours(4));
        OnnxValue scores = OnnxTranslator.Translate(builder, network.Graph, network.Scores, image);
        builder.Rename(scores.Name, probabilities);
        string index = builder.Add("ArgMax", $"{best}/ArgMax", [probabilities], Int("axis", 1), Int("keepdims", 0));
        builder.Rename(index, best);

        GraphProto graph = builder.Graph;
        graph.ValueInfo.Remove(graph.ValueInfo.Single(v => v.Name == probabilities));
        graph.Input.Add(OnnxGraphBuilder.ValueInfo(input, ElementType.Float, image.Dimensions));
        graph.Output.Add(OnnxGraphBuilder.ValueInfo(probabilities, ElementType.Float, scores.Dimensions));
        graph.Output.Add(OnnxGraphBuilder.ValueInfo(best, ElementType.Int64, [TensorShape.Unknown]));
        var file = new ModelProto
        {
            IrVersion = IrVersion, ProducerName = Producer, ProducerVersion = ProducerVersion, Graph = graph,
        };
        file.OpsetImport.Add(new OperatorSetIdProto { Version = Opset });
        foreach ((string key, string value) in OnnxDescription.Of(model, classNames, options, ProducerVersion))
            file.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return file;
    }
}
