using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Onnx;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.Data;
using Microsoft.ML.Model.OnnxConverter;
using static Microsoft.ML.CnnZoo.Formats.Onnx.OnnxAttributes;
using AttributeProto = Microsoft.ML.CnnZoo.Formats.Onnx.Protos.AttributeProto;
using OnnxNode = Microsoft.ML.Model.OnnxConverter.OnnxNode;
using ElementType = Microsoft.ML.CnnZoo.Formats.Onnx.Protos.TensorProto.Types.DataType;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// The network as a step of a pipeline that ML.NET converts to ONNX (<c>mlContext.Model.ConvertToOnnx</c>). ONNX has no
/// images: the feature column must hold pixel vectors of the network's size.
/// </summary>
internal static class OnnxStep
{
    // ML.NET converts for 9 to 12, by default for 12.
    private const int Opset = 11;

    /// <summary>Adds nodes that compute Score and PredictedLabel.</summary>
    /// <exception cref="InvalidOperationException">The feature column is not part of the converted graph.</exception>
    public static void Save(OnnxContext context, ScoreMapper mapper)
    {
        CnnClassificationModel model = mapper.Model;
        string column = mapper.Feature.Column.Name;
        if (!context.ContainsColumn(column))
            throw NotConverted(column);
        context.CheckOpSetVersion(Opset, nameof(CnnClassificationTransformer));
        var builder = new OnnxGraphBuilder(Opset);
        FrozenGraph network = model.Freeze(normalizesPixels: true, foldsBatchNorms: true);
        string input = builder.Reserve(column);
        OnnxValue scores = OnnxTranslator.Translate(builder, network.Graph, network.Scores,
            Image(builder, input, mapper.Feature, network.Image.Shape));
        string best = builder.Add("ArgMax", "best", [scores.Name], Int("axis", 1), Int("keepdims", 1));
        string key = builder.Add("Add", "number", [best, builder.AddInitializer("one", [1L])]); // keys count from 1
        string label = builder.Add("Cast", "key", [key], Int("to", (int)ElementType.Uint32));

        var names = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [input] = context.GetVariableName(column),
        };
        foreach (int index in new[] { mapper.ScoreIndex, mapper.PredictedLabelIndex })
        {
            DataViewSchema.Column made = mapper.OutputSchema[index];
            names[index == mapper.ScoreIndex ? scores.Name : label] =
                context.AddIntermediateVariable(made.Type, made.Name);
        }
        Copy(builder.Graph, context, names, $"{mapper.OutputSchema[mapper.ScoreIndex].Name}/");
    }

    /// <summary>Throws if the feature column cannot be read in ONNX.</summary>
    /// <param name="context">ML.NET's graph, still empty.</param>
    /// <param name="mapper">The network.</param>
    /// <param name="source">What it reads.</param>
    /// <exception cref="InvalidOperationException">The column holds images, or images of another size, or is made by a step
    /// that cannot be converted.</exception>
    public static void Check(OnnxContext context, NetworkMapper mapper, IDataView source)
    {
        if (mapper is not ScoreMapper)
            throw Refusal("it gives features (FeaturizeCnn); SaveOnnx of a classifier writes the network");
        (FeatureColumn feature, CnnClassificationModel model) = (mapper.Feature, mapper.Model);
        ImageShape image = model.Image;
        string column = $"the column '{feature.Column.Name}'";
        if (feature.Kind is not (FeatureKind.FloatPixels or FeatureKind.BytePixels))
            throw Refusal($"{column} holds images ({feature.Column.Type}), which ONNX does not have; expected vectors of "
                + $"pixels, as ExtractPixels makes them. SaveOnnx writes the network alone");
        PixelFormat format = feature.Format;
        if (new ImageShape(format.Height, format.Width, format.Channels) != image || model.ResizedImage != image)
            throw Refusal($"{column} holds images of {format.Height}x{format.Width}x{format.Channels}, of which the model "
                + $"takes {model.Image} out of {model.ResizedImage}; expected the network's own size");
        if (model.TestCrops != TestCrops.Center)
            throw Refusal("it averages the scores of ten crops of an image");
        // ML.NET begins at the source of all steps once it meets one that cannot be converted.
        bool begins = false;
        for (; source is IDataTransform step; source = step.Source)
            begins |= step is not ITransformCanSaveOnnx known || !known.CanSaveOnnx(context);
        if (begins && source.Schema.GetColumnOrNull(feature.Column.Name)?.Type.Equals(feature.Column.Type) != true)
            throw NotConverted(feature.Column.Name);
    }

    private static InvalidOperationException NotConverted(string column) =>
        Refusal($"a step before it, on which the column '{column}' depends, cannot be converted. Pass the data that this "
            + "step makes, kept by mlContext.Data.Cache, and only the steps behind it");

    private static InvalidOperationException Refusal(string why) =>
        new($"The network cannot be converted to ONNX as a step of this pipeline: {why}.");

    private static OnnxValue Image(OnnxGraphBuilder builder, string input, in FeatureColumn feature, TensorShape shape)
    {
        OnnxValue image = new("", shape, feature.Format.IsPlanar ? AxisOrder.ChannelsFirst : AxisOrder.Ours(4));
        string pixels = feature.HoldsFloats ? input
            : builder.Add("Cast", "pixels", [input], Int("to", (int)ElementType.Float));
        string target = builder.AddInitializer("image/shape", image.Dimensions.Select(d => (long)d));
        return image with { Name = builder.Add("Reshape", "image", [pixels, target]) };
    }

    /// <summary>Copies a graph into ML.NET's, under names that are free there.</summary>
    private static void Copy(GraphProto graph, OnnxContext context, Dictionary<string, string> names, string prefix)
    {
        foreach (TensorProto tensor in graph.Initializer)
            names[tensor.Name] = CopyInitializer(tensor, context, prefix + tensor.Name);
        foreach (NodeProto node in graph.Node)
        {
            string output = node.Output[0];
            if (!names.ContainsKey(output))
                names[output] = context.AddIntermediateVariable(null, prefix + output, skip: true);
            OnnxNode copy = context.CreateNode(node.OpType, node.Input.Select(i => names[i]), [names[output]],
                context.GetNodeName(prefix + node.Name), "");
            foreach (AttributeProto attribute in node.Attribute)
                CopyAttribute(attribute, copy);
        }
    }

    private static string CopyInitializer(TensorProto tensor, OnnxContext context, string name)
    {
        ReadOnlySpan<byte> bytes = tensor.RawData.Span;
        if (tensor.DataType == (int)ElementType.Int64)
            return context.AddInitializer(MemoryMarshal.Cast<byte, long>(bytes).ToArray(), tensor.Dims, name);
        float[] values = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        return tensor.Dims.Count == 0 ? context.AddInitializer(values[0], name)
            : context.AddInitializer(values, tensor.Dims, name);
    }

    private static void CopyAttribute(AttributeProto attribute, OnnxNode node)
    {
        switch (attribute.Type)
        {
            case AttributeProto.Types.AttributeType.Int: node.AddAttribute(attribute.Name, attribute.I); break;
            case AttributeProto.Types.AttributeType.Float: node.AddAttribute(attribute.Name, (double)attribute.F); break;
            case AttributeProto.Types.AttributeType.Ints: node.AddAttribute(attribute.Name, attribute.Ints.ToArray()); break;
            default: node.AddAttribute(attribute.Name, attribute.S.ToStringUtf8()); break;
        }
    }
}
