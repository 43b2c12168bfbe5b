using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>Writes tensors as a safetensors file.</summary>
internal static class SafetensorsWriter
{
    /// <summary>
    /// Writes a file: to a temporary neighbor first, which then takes the name, so that a failure leaves an existing
    /// file whole.
    /// </summary>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="tensors">Name, shape and elements (row-major) of each tensor.</param>
    /// <param name="precision">Element type in the file.</param>
    /// <param name="metadata">Free text, or null.</param>
    /// <exception cref="ArgumentException">
    /// A name occurs twice, a shape does not fit its elements, or a value is not finite in the file.
    /// </exception>
    public static void Write(string path, IReadOnlyList<NamedTensor> tensors,
        WeightsPrecision precision = WeightsPrecision.Float32, IReadOnlyDictionary<string, string>? metadata = null)
    {
        foreach ((string name, _, float[] values) in tensors)
            if (!Array.TrueForAll(values,
                v => precision == WeightsPrecision.Float16 ? Half.IsFinite((Half)v) : float.IsFinite(v)))
                throw new ArgumentException(
                    $"The tensor '{name}' has values that are not finite as {precision}; '{path}' is not written.",
                    nameof(tensors));
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            throw new DirectoryNotFoundException($"'{path}' is not written: the folder '{folder}' does not exist.");
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                WriteHeader(stream, tensors, precision, metadata);
                foreach (NamedTensor tensor in tensors)
                    WriteValues(stream, tensor.Values, precision);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void WriteHeader(Stream stream, IReadOnlyList<NamedTensor> tensors, WeightsPrecision precision,
        IReadOnlyDictionary<string, string>? metadata)
    {
        (string type, int size) = precision switch { WeightsPrecision.Float16 => ("F16", 2),
            WeightsPrecision.BFloat16 => ("BF16", 2), _ => ("F32", 4) };
        var header = new Dictionary<string, object>(StringComparer.Ordinal);
        if (metadata is { Count: > 0 })
            header.Add("__metadata__", metadata);
        long offset = 0;
        foreach ((string name, int[] shape, float[] values) in tensors)
        {
            if (shape.Aggregate(1L, (a, b) => a * b) != values.Length)
                throw new ArgumentException(
                    $"The tensor '{name}' of shape [{string.Join(',', shape)}] has {values.Length} elements.",
                    nameof(tensors));
            long end = offset + (long)values.Length * size;
            header.Add(name, new { dtype = type, shape, data_offsets = new[] { offset, end } });
            offset = end;
        }
        string json = JsonSerializer.Serialize(header);
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        int padded = (bytes.Length + 7) / 8 * 8; // data stay aligned; the format pads with blanks
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)padded);
        stream.Write(length);
        stream.Write(bytes);
        for (int i = bytes.Length; i < padded; i++)
            stream.WriteByte((byte)' ');
    }

    private static void WriteValues(Stream stream, float[] values, WeightsPrecision precision)
    {
        switch (precision)
        {
            case WeightsPrecision.Float16:
                stream.Write(MemoryMarshal.AsBytes<Half>(Array.ConvertAll(values, v => (Half)v)));
                break;
            case WeightsPrecision.BFloat16:
                stream.Write(MemoryMarshal.AsBytes<ushort>(Array.ConvertAll(values, SafetensorsElements.ToBFloat16)));
                break;
            default:
                stream.Write(MemoryMarshal.AsBytes<float>(values));
                break;
        }
    }
}
