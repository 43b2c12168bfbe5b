using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Graph;
using GraphProtos = Microsoft.ML.CnnZoo.Graph.Protos;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>Where values come from: constants, variables, placeholders, pictures, random numbers.</summary>
internal static class SourceRules
{
    private const int Int16 = 5, Int8 = 6, UInt16 = 17, QuantizedInt8 = 11, QuantizedUInt8 = 12, QuantizedInt32 = 13;

    // They read a picture or its bytes, or collect pictures decoded one by one; what they read does not matter.
    private static readonly string[] Pictures =
    [
        "DecodeJpeg", "DecodePng", "DecodeGif", "DecodeBmp", "DecodeImage", "DecodeAndCropJpeg", "DecodeRaw",
        "ParseExample", "ParseExampleV2", "ParseSingleExample", "TensorArrayGatherV3", "TensorListStack",
    ];

    private static readonly string[] Random =
        ["RandomUniform", "StatelessRandomUniform", "StatelessRandomUniformV2"];

    private static readonly string[] OtherLeaves =
    [
        "Const", "Placeholder", "PlaceholderV2", "VarHandleOp", "VariableV2", "Variable", "RestoreV2", "Exit", "Enter",
        "NextIteration", "LoopCond", "While", "StatelessWhile", "ReadFile", "HashTableV2", "LookupTableFindV2",
        "RandomStandardNormal", "TruncatedNormal",
    ];

    private static readonly HashSet<string> Leaves = [.. Pictures, .. Random, .. OtherLeaves];

    public static Dictionary<string, LoweringRule> Rules { get; } = Build();

    /// <summary>Whether a node's inputs do not matter.</summary>
    public static bool IsLeaf(GraphProtos.NodeDef node) => Leaves.Contains(node.Op)
        || (node.Op == "PlaceholderWithDefault" && Dimensions(node) is { Length: >= 3 });

    /// <summary>Whether a network can begin with a node.</summary>
    public static bool IsInput(GraphProtos.NodeDef node) =>
        node.Op.StartsWith("Placeholder", StringComparison.Ordinal) || Pictures.Contains(node.Op);

    /// <summary>The dimensions that a node states, -1 where unknown; null for an unknown rank or none.</summary>
    public static int[]? Dimensions(GraphProtos.TensorShapeProto? shape) => shape is null || shape.UnknownRank ? null
        : [.. shape.Dim.Select(d => d.Size is >= 0 and <= int.MaxValue ? (int)d.Size : -1)];

    /// <summary>A constant of the file in one of our two types.</summary>
    /// <exception cref="GraphException">Its type is not supported, or its elements do not fit its shape.</exception>
    public static ConstantValue Widen(TensorLiteral literal, string name)
    {
        TensorShape shape = literal.Spec.Shape;
        ReadOnlySpan<byte> bytes = literal.Bytes;
        var floats = literal.Spec.Type is DataType.Half or DataType.BFloat16 or DataType.Double
            ? new float[shape.ElementCount] : [];
        switch (literal.Spec.Type)
        {
            case DataType.Float:
            case DataType.Int64:
                return new ConstantValue(literal, name);
            case DataType.Half:
                for (int i = 0; i < floats.Length; i++)
                    floats[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
                return ConstantValue.Of(shape, floats, name);
            case DataType.BFloat16:
                for (int i = 0; i < floats.Length; i++)
                    floats[i] = BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..])
                        << 16);
                return ConstantValue.Of(shape, floats, name);
            case DataType.Double:
                for (int i = 0; i < floats.Length; i++)
                    floats[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]);
                return ConstantValue.Of(shape, floats, name);
            case DataType.Int32:
                return Integers<int>(literal, name, v => v);
            case DataType.UInt8 or DataType.Bool:
                return Integers<byte>(literal, name, v => v);
            case DataType.UInt64:
                return Integers<long>(literal, name, v => v);
            default:
                throw new GraphException($"constants of type {literal.Spec.Type} are not supported");
        }
    }

    private static ConstantValue Integers<T>(TensorLiteral literal, string name, Converter<T, long> widen)
        where T : unmanaged => ConstantValue.Of(literal.Spec.Shape,
            Array.ConvertAll(MemoryMarshal.Cast<byte, T>(literal.Bytes).ToArray(), widen), name);

    private static Dictionary<string, LoweringRule> Build()
    {
        var rules = new Dictionary<string, LoweringRule>(StringComparer.Ordinal)
        {
            ["Const"] = Constant,
            ["Placeholder"] = Placeholder,
            ["PlaceholderV2"] = Placeholder,
            ["PlaceholderWithDefault"] = c => c.Inputs.Length > 0 ? [c.Inputs[0]] : Placeholder(c),
            ["VarHandleOp"] = c => [new VariableValue(c.Node.Name)],
            ["VariableV2"] = c => [c.Lowering.Variables.Read(c.Node.Name)],
            ["Variable"] = c => [c.Lowering.Variables.Read(c.Node.Name)],
            ["ReadVariableOp"] = c => c.Input(0) is VariableValue variable
                ? [c.Lowering.Variables.Read(variable.Name)] : throw new GraphException("it does not read a variable"),
            ["ReadFile"] = _ => [Value.Opaque],
            ["Dequantize"] = c => [Dequantize(c)],
            ["ResizeBilinear"] = Resize, ["ResizeBicubic"] = Resize, ["ResizeNearestNeighbor"] = Resize,
            ["ResizeArea"] = Resize,
        };
        foreach (string op in Pictures)
            rules.Add(op, Picture);
        foreach (string op in Random)
            rules.Add(op, _ => [new RandomValue(0, 1)]);
        return rules;
    }

    private static Value[] Constant(NodeContext c)
    {
        GraphProtos.TensorProto proto = c.Node.Attr.TryGetValue("value", out GraphProtos.AttrValue? value)
            && value.Tensor is not null ? value.Tensor : throw new GraphException("the attribute 'value' is missing");
        if (proto.Dtype == GraphProtos.DataType.DtString)
            return [Value.Opaque];
        if ((int)proto.Dtype is Int16 or Int8 or UInt16 or QuantizedInt8 or QuantizedUInt8 or QuantizedInt32)
            return [Narrow(proto, c.Node.Name)];
        c.Lowering.CountExpanded(proto);
        return [Widen(TensorProtos.FromProto(proto), c.Node.Name)];
    }

    /// <summary>Integers of types that our graphs do not have.</summary>
    private static ConstantValue Narrow(GraphProtos.TensorProto proto, string name)
    {
        TensorShape shape = AttributeProto.FromProto(proto.TensorShape ?? new());
        int size = (int)proto.Dtype is Int8 or QuantizedInt8 or QuantizedUInt8 ? 1
            : (int)proto.Dtype == QuantizedInt32 ? 4 : 2;
        long count = shape.ElementCount;
        byte[] bytes = proto.TensorContent.ToByteArray();
        if (bytes.Length == 0 && proto.IntVal.Count == count)
            return ConstantValue.Of(shape, [.. proto.IntVal.Select(v => (long)v)], name);
        if (bytes.Length != checked(count * size))
            throw new GraphException($"a constant {shape} of {size}-byte numbers holds {bytes.Length} bytes");
        var values = new long[count];
        for (int i = 0; i < values.Length; i++)
            values[i] = (int)proto.Dtype switch
            {
                Int8 or QuantizedInt8 => (sbyte)bytes[i],
                QuantizedUInt8 => bytes[i],
                Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes.AsSpan(2 * i)),
                UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * i)),
                _ => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4 * i)),
            };
        return ConstantValue.Of(shape, values, name);
    }

    /// <summary>The image; or a switch of training that has no default, in the position for inference.</summary>
    private static Value[] Placeholder(NodeContext c)
    {
        DataType type = (DataType)c.Type("dtype");
        int[]? dimensions = Dimensions(c.Node);
        if (dimensions is null or [] && c.Lowering.Shapes.TryGetValue(c.Node.Name, out int[]? stated))
            dimensions = stated;
        if (dimensions is null or [] && type == DataType.Bool)
            return [ConstantValue.Of(TensorShape.Scalar, [0L], c.Node.Name)];
        if (dimensions is null or [] && type is DataType.Int32 or DataType.Int64
            && c.Node.Name.Contains("batch", StringComparison.OrdinalIgnoreCase))
            return [ConstantValue.Of(TensorShape.Scalar, [ConstantValue.Batch], c.Node.Name)];
        if (dimensions is null or [] && type.IsFloating() && TrainingSwitch(c.Node.Name) is float value)
            return [ConstantValue.Of(TensorShape.Scalar, [value], c.Node.Name)];
        return [new ImageValue($"{c.Node.Name}:0", type == DataType.String ? null : dimensions)];
    }

    private static float? TrainingSwitch(string name) =>
        name.Contains("keep", StringComparison.OrdinalIgnoreCase) ? 1
        : name.Contains("drop", StringComparison.OrdinalIgnoreCase) ? 0 : null;

    private static int[]? Dimensions(GraphProtos.NodeDef node)
    {
        if (node.Attr.TryGetValue("shape", out GraphProtos.AttrValue? shape) && shape.Shape is not null
            && Dimensions(shape.Shape) is { Length: > 0 } dimensions)
            return dimensions;
        return node.Attr.TryGetValue("_output_shapes", out GraphProtos.AttrValue? shapes)
            && shapes.List?.Shape.Count > 0 ? Dimensions(shapes.List.Shape[0]) : null;
    }

    /// <summary>Weights that were stored as bytes: range·q, from the least to the greatest value.</summary>
    private static ConstantValue Dequantize(NodeContext c)
    {
        ConstantValue quantized = c.Constant(0);
        string mode = c.Text("mode", "MIN_COMBINED");
        if ((int)c.Type("T") != QuantizedUInt8 || mode is not ("MIN_COMBINED" or "MIN_FIRST")
            || c.Constant(1).Scalar is not double low || c.Constant(2).Scalar is not double high || quantized.IsFloat)
            throw new GraphException($"the mode {mode} of type {c.Type("T")} is not supported");
        double step = (high - low) / byte.MaxValue;
        if (mode == "MIN_FIRST" && step > 0)
            low = Math.Round(low / step) * step;
        return ConstantValue.Of(quantized.Shape,
            Array.ConvertAll(quantized.Integers.ToArray(), q => (float)(low + (q * step))), quantized.Name);
    }

    private static Value[] Picture(NodeContext c) => [new ImageValue($"{c.Node.Name}:0", c.Op switch
    {
        "TensorArrayGatherV3" when c.Node.Attr.TryGetValue("element_shape", out GraphProtos.AttrValue? shape)
            && Dimensions(shape.Shape) is int[] element => [-1, .. element],
        _ when c.Int("channels", 0) is > 0 and <= int.MaxValue and long channels => [-1, -1, (int)channels],
        _ => null,
    })];

    /// <summary>The network begins after a resizing of the picture.</summary>
    private static Value[] Resize(NodeContext c)
    {
        if (c.Input(0) is not ImageValue image || c.Sizes(1) is not [> 0 and int height, > 0 and int width])
            throw new GraphException("only the picture before the network may be resized, to a constant size");
        return [new ImageValue($"{c.Node.Name}:0", [-1, height, width, image.Dimensions is [.., int n] ? n : -1])];
    }
}
