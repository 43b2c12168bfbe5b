using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>Element types of tensors in files, and their elements as float32.</summary>
internal static class TensorElements
{
    private const int ChunkElements = 16384;

    private static readonly Dictionary<string, int> Sizes = new(StringComparer.Ordinal)
    {
        ["F64"] = 8, ["F32"] = 4, ["F16"] = 2, ["BF16"] = 2, ["F8_E4M3"] = 1, ["F8_E5M2"] = 1, ["I64"] = 8, ["I32"] = 4,
        ["I16"] = 2, ["I8"] = 1, ["U64"] = 8, ["U32"] = 4, ["U16"] = 2, ["U8"] = 1, ["BOOL"] = 1,
    };

    /// <summary>Bytes of an element; 0 for a type that is not known.</summary>
    public static int SizeOf(string dataType) => Sizes.GetValueOrDefault(dataType);

    /// <summary>Whether a type's elements can be read as float32.</summary>
    public static bool IsFloating(string dataType) => dataType is "F32" or "F16" or "BF16" or "F64";

    /// <summary>A tensor's elements as float32, widened from F16, BF16 or narrowed from F64 where needed.</summary>
    /// <param name="source">The tensors.</param>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Exactly as many elements as the tensor has.</param>
    /// <exception cref="KeyNotFoundException">No such tensor.</exception>
    /// <exception cref="InvalidDataException">Its elements are not floating, or not finite as floats.</exception>
    public static void Read(this ITensorSource source, string name, Span<float> destination)
    {
        TensorEntry entry = source.Find(name)
            ?? throw new KeyNotFoundException($"'{source.Origin}' has no tensor '{name}'.");
        if (entry.ElementCount != destination.Length)
            throw new ArgumentException(
                $"'{name}' has {entry.ElementCount} elements; {destination.Length} were asked for.",
                nameof(destination));
        if (destination.Length == 0)
            return;
        using (Stream stream = source.OpenTensor(name))
            Read(stream, entry, destination, source.Origin);
        if (!TensorPrimitives.IsFiniteAll<float>(destination))
            throw new InvalidDataException(
                $"'{source.Origin}': the tensor '{name}' has values that are not finite as 32-bit floats.");
    }

    /// <summary>The bits of a bfloat16, rounded to nearest even; NaN stays NaN.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40)
            : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static void Read(Stream stream, TensorEntry entry, Span<float> destination, string path)
    {
        switch (entry.DataType)
        {
            case "F32":
                stream.ReadExactly(MemoryMarshal.AsBytes(destination));
                break;
            case "F16":
                ReadChunks<Half>(stream, destination, static (source, target) =>
                    TensorPrimitives.ConvertToSingle(source, target));
                break;
            case "BF16":
                ReadChunks<ushort>(stream, destination, static (source, target) =>
                {
                    for (int i = 0; i < source.Length; i++)
                        target[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
                });
                break;
            case "F64":
                ReadChunks<double>(stream, destination, static (source, target) =>
                {
                    for (int i = 0; i < source.Length; i++)
                        target[i] = (float)source[i];
                });
                break;
            default:
                throw new InvalidDataException($"'{path}': the tensor '{entry.Name}' holds {entry.DataType}; "
                    + "expected floating-point elements (F32, F16, BF16, F64).");
        }
    }

    private delegate void Convert<T>(ReadOnlySpan<T> source, Span<float> target);

    private static void ReadChunks<T>(Stream stream, Span<float> destination, Convert<T> convert) where T : unmanaged
    {
        var chunk = new T[Math.Min(ChunkElements, destination.Length)];
        for (int done = 0; done < destination.Length; done += chunk.Length)
        {
            Span<T> part = chunk.AsSpan(0, Math.Min(chunk.Length, destination.Length - done));
            stream.ReadExactly(MemoryMarshal.AsBytes(part));
            convert(part, destination.Slice(done, part.Length));
        }
    }
}
