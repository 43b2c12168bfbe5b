using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.CnnZoo.Files;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>
/// Writes safetensors files, completely or not at all.
/// </summary>
internal static class SafetensorsWriter
{
    /// <summary>Writes tensors of float32 values.</summary>
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
        foreach ((string name, int[] shape, float[] values) in tensors)
        {
            if (!Array.TrueForAll(values,
                v => precision == WeightsPrecision.Float16 ? Half.IsFinite((Half)v) : float.IsFinite(v)))
                throw new ArgumentException(
                    $"The tensor '{name}' has values that are not finite as {precision}; '{path}' is not written.",
                    nameof(tensors));
            if (shape.Aggregate(1L, (a, b) => a * b) != values.Length)
                throw new ArgumentException(
                    $"The tensor '{name}' of shape [{string.Join(',', shape)}] has {values.Length} elements.",
                    nameof(tensors));
        }
        string type = precision switch
        {
            WeightsPrecision.Float16 => "F16",
            WeightsPrecision.BFloat16 => "BF16",
            _ => "F32",
        };
        WriteFile(path, [.. tensors.Select(t => new TensorEntry(t.Name, type, [.. t.Shape.Select(d => (long)d)]))],
            metadata, (stream, i) => WriteValues(stream, tensors[i].Values, precision));
    }

    /// <summary>Writes tensors as they are: names, types and bits.</summary>
    /// <exception cref="InvalidDataException">A tensor cannot be read.</exception>
    public static void Copy(string path, ITensorSource source)
    {
        TensorEntry[] tensors = [.. source.Tensors];
        WriteFile(path, tensors, source.Metadata, (stream, i) =>
        {
            using Stream elements = source.OpenTensor(tensors[i].Name);
            long start = stream.Position;
            elements.CopyTo(stream);
            long expected = tensors[i].ElementCount * TensorElements.SizeOf(tensors[i].DataType);
            if (stream.Position - start != expected)
                throw new InvalidDataException($"'{source.Origin}': the tensor '{tensors[i].Name}' has "
                    + $"{stream.Position - start} bytes; expected {expected}.");
        });
    }

    /// <summary>Writes a file's content.</summary>
    /// <param name="stream">Receives it.</param>
    /// <param name="tensors">Name, type and shape of each tensor.</param>
    /// <param name="metadata">Free text, or null.</param>
    /// <param name="writeElements">Writes the elements of the tensor of that number, as its entry says.</param>
    public static void Write(Stream stream, IReadOnlyList<TensorEntry> tensors,
        IReadOnlyDictionary<string, string>? metadata, Action<Stream, int> writeElements)
    {
        WriteHeader(stream, tensors, metadata);
        for (int i = 0; i < tensors.Count; i++)
            writeElements(stream, i);
    }

    private static void WriteFile(string path, TensorEntry[] tensors,
        IReadOnlyDictionary<string, string>? metadata, Action<Stream, int> writeElements) =>
        CompleteFile.Write(path, stream => Write(stream, tensors, metadata, writeElements));

    private static void WriteHeader(Stream stream, IReadOnlyList<TensorEntry> tensors,
        IReadOnlyDictionary<string, string>? metadata)
    {
        var header = new Dictionary<string, object>(StringComparer.Ordinal);
        if (metadata is { Count: > 0 })
            header.Add("__metadata__", metadata);
        long offset = 0;
        foreach (TensorEntry tensor in tensors)
        {
            long end = offset + (tensor.ElementCount * TensorElements.SizeOf(tensor.DataType));
            header.Add(tensor.Name,
                new { dtype = tensor.DataType, shape = tensor.Shape, data_offsets = new[] { offset, end } });
            offset = end;
        }
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(header);
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
                stream.Write(MemoryMarshal.AsBytes<ushort>(Array.ConvertAll(values, TensorElements.ToBFloat16)));
                break;
            default:
                stream.Write(MemoryMarshal.AsBytes<float>(values));
                break;
        }
    }
}
