using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>Reads and writes elements of safetensors types as float32.</summary>
internal static class SafetensorsElements
{
    private const int ChunkElements = 16384;

    public static void Read(Stream stream, SafetensorsEntry entry, Span<float> destination, string path)
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

    /// <summary>The bits of a bfloat16, rounded to nearest even; NaN stays NaN.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40)
            : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
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
