using System.Runtime.InteropServices;
using Google.Protobuf;

namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>Constants and their protobuf messages.</summary>
internal static class TensorProtos
{
    // A short list that repeats its last element could announce any size: a few bytes must not allocate much.
    private const long GreatestRepeated = 1L << 28;

    /// <summary>
    /// To a message as TensorFlow writes it: a single element in the list of its type (which OpenCV relies on), several
    /// as raw bytes.
    /// </summary>
    public static Protos.TensorProto ToProto(TensorLiteral value)
    {
        var proto = new Protos.TensorProto
        {
            Dtype = (Protos.DataType)value.Spec.Type,
            TensorShape = AttributeProto.ToProto(value.Spec.Shape),
        };
        switch (value.Spec.Shape.ElementCount == 1 ? value.Spec.Type : DataType.Invalid)
        {
            case DataType.Float: proto.FloatVal.Add(value.Values<float>()[0]); break;
            case DataType.Double: proto.DoubleVal.Add(value.Values<double>()[0]); break;
            case DataType.Int32: proto.IntVal.Add(value.Values<int>()[0]); break;
            case DataType.Int64: proto.Int64Val.Add(value.Values<long>()[0]); break;
            case DataType.Bool: proto.BoolVal.Add(value.Values<bool>()[0]); break;
            default: proto.TensorContent = UnsafeByteOperations.UnsafeWrap(value.Memory); break;
        }
        return proto;
    }

    /// <summary>
    /// From a message in either form: raw bytes, or a list whose last element is repeated to fill the tensor.
    /// </summary>
    /// <exception cref="GraphException">Type, shape and elements do not fit; the message continues "the attribute 'x'
    /// …".</exception>
    public static TensorLiteral FromProto(Protos.TensorProto proto)
    {
        var spec = new TensorSpec(AttributeProto.FromProto(proto.Dtype),
            AttributeProto.FromProto(proto.TensorShape ?? new()));
        if (!spec.Shape.IsFullyDefined || spec.Type is DataType.String or DataType.Resource)
            throw new GraphException($"is a constant {spec}, which is not supported");
        long length;
        try
        {
            length = spec.ByteLength;
        }
        catch (OverflowException)
        {
            throw new GraphException($"is a constant {spec}, which is too large");
        }
        if (proto.TensorContent.Length > 0 || length == 0)
            return proto.TensorContent.Length == length
                ? new TensorLiteral(spec.Type, spec.Shape, proto.TensorContent.Span)
                : throw new GraphException(
                $"is a constant {spec} of {length} bytes, but holds {proto.TensorContent.Length}");
        byte[] given = Listed(proto, spec.Type);
        if (given.Length > length || (given.Length < length && length > GreatestRepeated))
            throw new GraphException($"is a constant {spec} of {length} bytes, but lists {given.Length}");
        return new TensorLiteral(spec.Type, spec.Shape, Repeat(given, (int)length, spec.Type.ByteSize()));
    }

    private static byte[] Listed(Protos.TensorProto proto, DataType type) => type switch
    {
        DataType.Float => Bytes<float>([.. proto.FloatVal]),
        DataType.Double => Bytes<double>([.. proto.DoubleVal]),
        DataType.Int32 => Bytes<int>([.. proto.IntVal]),
        DataType.UInt8 => Bytes<byte>([.. proto.IntVal.Select(v => unchecked((byte)v))]),
        DataType.Int64 => Bytes<long>([.. proto.Int64Val]),
        DataType.UInt64 => Bytes<ulong>([.. proto.Uint64Val]),
        DataType.Bool => Bytes<bool>([.. proto.BoolVal]),
        DataType.Half or DataType.BFloat16 => Bytes<ushort>([.. proto.HalfVal.Select(v => unchecked((ushort)v))]),
        _ => throw new GraphException($"is a constant of type {type}, which is not supported"),
    };

    private static byte[] Bytes<T>(T[] values) where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    /// <summary>Fills the rest with the last listed element, or with zeros if none is listed.</summary>
    private static byte[] Repeat(byte[] given, int length, int elementSize)
    {
        var all = new byte[length];
        given.CopyTo(all, 0);
        if (given.Length > 0)
            for (int i = given.Length; i < length; i++)
                all[i] = all[i - elementSize];
        return all;
    }
}
