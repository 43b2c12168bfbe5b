using Google.Protobuf;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;
using static Microsoft.ML.CnnZoo.Formats.Onnx.Protos.AttributeProto.Types;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>Attributes of ONNX nodes.</summary>
internal static class OnnxAttributes
{
    /// <summary>An integer.</summary>
    public static AttributeProto Int(string name, long value) =>
        new() { Name = name, Type = AttributeType.Int, I = value };

    /// <summary>A float.</summary>
    public static AttributeProto Float(string name, float value) =>
        new() { Name = name, Type = AttributeType.Float, F = value };

    /// <summary>A text.</summary>
    public static AttributeProto Text(string name, string value) =>
        new() { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(value) };

    /// <summary>Integers.</summary>
    public static AttributeProto Ints(string name, params ReadOnlySpan<int> values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeType.Ints };
        foreach (int value in values)
            attribute.Ints.Add(value);
        return attribute;
    }
}
