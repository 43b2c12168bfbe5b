using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>Reads ONNX's tensors; every size is checked against the bytes that are there before memory is taken.</summary>
/// <param name="folder">Where files with external data lie; null: there are none.</param>
internal sealed class OnnxTensors(string? folder)
{
    /// <summary>The numbers or texts of a tensor.</summary>
    /// <exception cref="InvalidDataException">Shape, type and data do not fit, or are not supported.</exception>
    public KnownArray Read(TensorProto proto)
    {
        int[] shape = ShapeOf(proto, out long count);
        if (proto.DataType == (int)TensorProto.Types.DataType.String)
            return proto.StringData.Count == count ? KnownArray.Of(shape, [.. proto.StringData.Select(s => s.ToStringUtf8())])
                : throw Problem(proto, $"holds {proto.StringData.Count} texts, expected {count}");
        int size = ElementSize(proto);
        ReadOnlySpan<byte> raw = proto.DataLocation == TensorProto.Types.DataLocation.External
            ? External(proto, checked(count * size)) : proto.RawData.Span;
        if (raw.Length > 0 || count == 0)
        {
            if (raw.Length != checked(count * size))
                throw Problem(proto, $"of shape {KnownArray.Text(shape)} holds {raw.Length} bytes, "
                    + $"expected {count * size}");
            return Raw(proto, shape, raw);
        }
        return Listed(proto, shape, count);
    }

    private static int[] ShapeOf(TensorProto proto, out long count)
    {
        count = 1;
        foreach (long d in proto.Dims)
        {
            if (d is < 0 or > int.MaxValue || (count *= d) > int.MaxValue / 4)
                throw Problem(proto, $"has the shape [{string.Join(',', proto.Dims)}], which is out of range");
        }
        return [.. proto.Dims.Select(d => (int)d)];
    }

    private static KnownArray Raw(TensorProto proto, int[] shape, ReadOnlySpan<byte> raw)
    {
        switch ((TensorProto.Types.DataType)proto.DataType)
        {
            case TensorProto.Types.DataType.Float: return KnownArray.Of(shape, MemoryMarshal.Cast<byte, float>(raw).ToArray());
            case TensorProto.Types.DataType.Double: return Floats(MemoryMarshal.Cast<byte, double>(raw), v => (float)v);
            case TensorProto.Types.DataType.Float16: return Floats(MemoryMarshal.Cast<byte, Half>(raw), v => (float)v);
            case TensorProto.Types.DataType.Bfloat16: return Floats(MemoryMarshal.Cast<byte, ushort>(raw), FromBFloat16);
            case TensorProto.Types.DataType.Int64: return KnownArray.Of(shape, MemoryMarshal.Cast<byte, long>(raw).ToArray());
            case TensorProto.Types.DataType.Int32: return Integers(MemoryMarshal.Cast<byte, int>(raw), v => v);
            case TensorProto.Types.DataType.Int16: return Integers(MemoryMarshal.Cast<byte, short>(raw), v => v);
            case TensorProto.Types.DataType.Uint16: return Integers(MemoryMarshal.Cast<byte, ushort>(raw), v => v);
            case TensorProto.Types.DataType.Uint32: return Integers(MemoryMarshal.Cast<byte, uint>(raw), v => v);
            case TensorProto.Types.DataType.Int8: return Integers(MemoryMarshal.Cast<byte, sbyte>(raw), v => v);
            default: return Integers(raw, v => v); // bytes and Booleans
        }

        KnownArray Floats<T>(ReadOnlySpan<T> values, Func<T, float> convert) where T : unmanaged
        {
            var all = new float[values.Length];
            for (int i = 0; i < all.Length; i++)
                all[i] = convert(values[i]);
            return KnownArray.Of(shape, all);
        }

        KnownArray Integers<T>(ReadOnlySpan<T> values, Func<T, long> convert) where T : unmanaged
        {
            var all = new long[values.Length];
            for (int i = 0; i < all.Length; i++)
                all[i] = convert(values[i]);
            return KnownArray.Of(shape, all);
        }
    }

    private static KnownArray Listed(TensorProto proto, int[] shape, long count)
    {
        var type = (TensorProto.Types.DataType)proto.DataType;
        (int given, Func<KnownArray> read) = type switch
        {
            TensorProto.Types.DataType.Float => (proto.FloatData.Count,
                (Func<KnownArray>)(() => KnownArray.Of(shape, [.. proto.FloatData]))),
            TensorProto.Types.DataType.Double => (proto.DoubleData.Count,
                () => KnownArray.Of(shape, [.. proto.DoubleData.Select(v => (float)v)])),
            TensorProto.Types.DataType.Int64 => (proto.Int64Data.Count, () => KnownArray.Of(shape, [.. proto.Int64Data])),
            TensorProto.Types.DataType.Uint32 => (proto.Uint64Data.Count,
                () => KnownArray.Of(shape, [.. proto.Uint64Data.Select(v => (long)v)])),
            TensorProto.Types.DataType.Float16 => (proto.Int32Data.Count, () => KnownArray.Of(shape,
                [.. proto.Int32Data.Select(v => (float)BitConverter.UInt16BitsToHalf((ushort)v))])),
            TensorProto.Types.DataType.Bfloat16 => (proto.Int32Data.Count, () => KnownArray.Of(shape,
                [.. proto.Int32Data.Select(v => FromBFloat16((ushort)v))])),
            _ => (proto.Int32Data.Count, () => KnownArray.Of(shape, [.. proto.Int32Data.Select(v => (long)v)])),
        };
        return given == count ? read()
            : throw Problem(proto, $"of shape {KnownArray.Text(shape)} holds {given} elements, expected {count}");
    }

    private static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private static int ElementSize(TensorProto proto) => (TensorProto.Types.DataType)proto.DataType switch
    {
        TensorProto.Types.DataType.Float or TensorProto.Types.DataType.Int32 or TensorProto.Types.DataType.Uint32 => 4,
        TensorProto.Types.DataType.Double or TensorProto.Types.DataType.Int64 => 8,
        TensorProto.Types.DataType.Float16 or TensorProto.Types.DataType.Bfloat16 or TensorProto.Types.DataType.Int16
            or TensorProto.Types.DataType.Uint16 => 2,
        TensorProto.Types.DataType.Bool or TensorProto.Types.DataType.Uint8 or TensorProto.Types.DataType.Int8 => 1,
        var type => throw Problem(proto, $"holds elements of type {type}, which is not supported"),
    };

    /// <summary>The data of a file beside the model: in its folder, and no longer than the tensor needs.</summary>
    private byte[] External(TensorProto proto, long length)
    {
        Dictionary<string, string> entries = proto.ExternalData.GroupBy(e => e.Key, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.First().Value, StringComparer.Ordinal);
        if (folder is null || !entries.TryGetValue("location", out string? location) || location.Length == 0)
            throw Problem(proto, "has its data in another file, which is not named or cannot be found from a stream");
        string root = Path.GetFullPath(folder), path = Path.GetFullPath(Path.Combine(root, location));
        if (Path.IsPathRooted(location)
            || !path.StartsWith(root.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw Problem(proto, $"has its data in '{location}', outside the model's folder, which is refused");
        if (!File.Exists(path))
            throw Problem(proto, $"has its data in '{location}', which does not exist beside the model");
        long offset = Number(proto, entries, "offset", 0), given = Number(proto, entries, "length", length);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        if (given != length || offset < 0 || offset > file.Length - length)
            throw Problem(proto, $"needs {length} bytes, but '{location}' of {file.Length} bytes is said to hold "
                + $"{given} from byte {offset}");
        var bytes = new byte[length];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }

    private static long Number(TensorProto proto, Dictionary<string, string> entries, string key, long otherwise) =>
        !entries.TryGetValue(key, out string? text) ? otherwise
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value
        : throw Problem(proto, $"has the {key} '{text}' in its external data, expected a number");

    private static InvalidDataException Problem(TensorProto proto, string problem) =>
        new($"the tensor '{proto.Name}' {problem}");
}
