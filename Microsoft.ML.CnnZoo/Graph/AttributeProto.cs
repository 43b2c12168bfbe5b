using System.Text;
using Google.Protobuf;

namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>Attribute values and their protobuf messages.</summary>
internal static class AttributeProto
{
    /// <summary>To a message.</summary>
    public static Protos.AttrValue ToProto(AttributeValue value)
    {
        var list = new Protos.AttrValue.Types.ListValue();
        switch (value.Kind)
        {
            case AttributeKind.Int: return new() { I = value.Int };
            case AttributeKind.Float: return new() { F = value.Float };
            case AttributeKind.Bool: return new() { B = value.Bool };
            case AttributeKind.String: return new() { S = ByteString.CopyFromUtf8(value.String) };
            case AttributeKind.Type: return new() { Type = (Protos.DataType)value.Type };
            case AttributeKind.Shape: return new() { Shape = ToProto(value.Shape) };
            case AttributeKind.Tensor: return new() { Tensor = TensorProtos.ToProto(value.Tensor) };
            case AttributeKind.IntList: list.I.AddRange(value.Ints); break;
            case AttributeKind.FloatList: list.F.AddRange(value.Floats); break;
            case AttributeKind.StringList: list.S.AddRange(value.Strings.Select(ByteString.CopyFromUtf8)); break;
            case AttributeKind.TypeList: list.Type.AddRange(value.Types.Select(t => (Protos.DataType)t)); break;
            case AttributeKind.ShapeList: list.Shape.AddRange(value.Shapes.Select(ToProto)); break;
            default: throw new ArgumentOutOfRangeException(nameof(value), value.Kind, "Unknown kind of attribute.");
        }
        return new() { List = list };
    }

    /// <summary>From a message.</summary>
    /// <param name="proto">The message.</param>
    /// <param name="expected">The kind in the op's schema, needed for empty lists, whose element kind the message does
    /// not hold.</param>
    /// <exception cref="GraphException">The value's form is not supported; the message continues "the attribute 'x'
    /// …".</exception>
    public static AttributeValue FromProto(Protos.AttrValue proto, AttributeKind? expected) => proto.ValueCase switch
    {
        Protos.AttrValue.ValueOneofCase.I => AttributeValue.Of(proto.I),
        Protos.AttrValue.ValueOneofCase.F => AttributeValue.Of(proto.F),
        Protos.AttrValue.ValueOneofCase.B => AttributeValue.Of(proto.B),
        Protos.AttrValue.ValueOneofCase.S => AttributeValue.Of(Text(proto.S)),
        Protos.AttrValue.ValueOneofCase.Type => AttributeValue.Of(FromProto(proto.Type)),
        Protos.AttrValue.ValueOneofCase.Shape => AttributeValue.Of(FromProto(proto.Shape)),
        Protos.AttrValue.ValueOneofCase.Tensor => AttributeValue.Of(TensorProtos.FromProto(proto.Tensor)),
        Protos.AttrValue.ValueOneofCase.List => FromProto(proto.List, expected),
        _ => throw new GraphException($"has a value of kind {proto.ValueCase}, which is not supported"),
    };

    /// <summary>A shape from its message.</summary>
    public static TensorShape FromProto(Protos.TensorShapeProto proto)
    {
        if (proto.UnknownRank)
            throw new GraphException("has a shape of unknown rank, which is not supported");
        if (proto.Dim.Any(d => d.Size is < TensorShape.Unknown or > int.MaxValue))
            throw new GraphException(
                $"has the shape [{string.Join(',', proto.Dim.Select(d => d.Size))}], which is out of range");
        return new TensorShape([.. proto.Dim.Select(d => (int)d.Size)]);
    }

    /// <summary>An element type from its message.</summary>
    public static DataType FromProto(Protos.DataType proto) => Enum.IsDefined((DataType)proto)
        && proto != Protos.DataType.DtInvalid
        ? (DataType)proto
        : throw new GraphException($"has the element type {(int)proto}, which is not supported");

    /// <summary>A shape's message.</summary>
    public static Protos.TensorShapeProto ToProto(TensorShape shape)
    {
        var proto = new Protos.TensorShapeProto();
        foreach (int d in shape.Dimensions)
            proto.Dim.Add(new Protos.TensorShapeProto.Types.Dim { Size = d });
        return proto;
    }

    private static AttributeValue FromProto(Protos.AttrValue.Types.ListValue list, AttributeKind? expected)
    {
        if (list.B.Count + list.Tensor.Count + list.Func.Count > 0)
            throw new GraphException("is a list of Booleans, tensors or functions, which is not supported");
        AttributeKind kind = list.S.Count > 0 ? AttributeKind.StringList : list.F.Count > 0 ? AttributeKind.FloatList
            : list.Type.Count > 0 ? AttributeKind.TypeList
            : list.Shape.Count > 0 ? AttributeKind.ShapeList : list.I.Count > 0 ? AttributeKind.IntList
            : expected ?? AttributeKind.IntList;
        return kind switch
        {
            AttributeKind.StringList => AttributeValue.OfStrings([.. list.S.Select(Text)]),
            AttributeKind.FloatList => AttributeValue.OfFloats([.. list.F]),
            AttributeKind.TypeList => AttributeValue.OfTypes([.. list.Type.Select(FromProto)]),
            AttributeKind.ShapeList => AttributeValue.OfShapes([.. list.Shape.Select(FromProto)]),
            AttributeKind.IntList => AttributeValue.OfInts([.. list.I]),
            _ => throw new GraphException($"is an empty list, expected {kind}"),
        };
    }

    private static string Text(ByteString bytes)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.Span);
        }
        catch (DecoderFallbackException)
        {
            throw new GraphException("has bytes that are not UTF-8 text");
        }
    }
}
