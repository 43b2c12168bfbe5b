using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo.Formats.Import;

namespace CnnZoo.Cli;

/// <summary>NumPy's files of one array (.npy, format 1.0 to 3.0): numbers in, float32 out.</summary>
internal static partial class NpyFile
{
    private static readonly byte[] Magic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads an array of float32, float64, float16, or 8-bit to 64-bit integers, as floats.</summary>
    /// <exception cref="CommandException">It is no such file, or holds something else.</exception>
    public static KnownArray Read(string path)
    {
        if (!File.Exists(path))
            throw new CommandException($"The file '{path}' does not exist.");
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.Length < 12 || !bytes.AsSpan(0, 6).SequenceEqual(Magic))
            throw Problem(path, "it does not begin as NumPy's files do");
        bool isLong = bytes[6] >= 2;
        int start = isLong ? 12 : 10;
        long headerLength = isLong ? BitConverter.ToUInt32(bytes, 8) : BitConverter.ToUInt16(bytes, 8);
        if (start + headerLength > bytes.Length)
            throw Problem(path, "it is truncated");
        string header = Encoding.Latin1.GetString(bytes, start, (int)headerLength);
        Match match = Header().Match(header);
        if (!match.Success || match.Groups["order"].Value != "False")
            throw Problem(path, $"its header '{header.Trim()}' is not of a supported array (row-major, little-endian numbers)");
        int[] shape;
        try
        {
            shape = [.. match.Groups["shape"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(d => int.Parse(d, NumberStyles.None, CultureInfo.InvariantCulture))];
            ReadOnlySpan<byte> data = bytes.AsSpan(start + (int)headerLength);
            return KnownArray.Of(shape, ToFloats(match.Groups["type"].Value, data));
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException or FormatException or ArgumentException)
        {
            throw Problem(path, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Writes an array of float32.</summary>
    public static void Write(string path, KnownArray array)
    {
        string shape = string.Join(", ", array.Shape) + (array.Shape.Length == 1 ? "," : "");
        string header = $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}";
        header = header.PadRight(((header.Length + 11 + 63) / 64 * 64) - 11) + "\n";
        using FileStream file = File.Create(path);
        file.Write(Magic);
        file.Write([1, 0]);
        file.Write(BitConverter.GetBytes((ushort)header.Length));
        file.Write(Encoding.Latin1.GetBytes(header));
        file.Write(MemoryMarshal.AsBytes(array.ToFloats().AsSpan()));
    }

    private static float[] ToFloats(string type, ReadOnlySpan<byte> data) => type switch
    {
        "<f4" => MemoryMarshal.Cast<byte, float>(data).ToArray(),
        "<f8" => Convert<double>(data, v => (float)v),
        "<f2" => Convert<Half>(data, v => (float)v),
        "<i8" => Convert<long>(data, v => v),
        "<i4" => Convert<int>(data, v => v),
        "|u1" => Convert<byte>(data, v => v),
        "|i1" => Convert<sbyte>(data, v => v),
        _ => throw new InvalidDataException($"it holds elements of type '{type}', expected <f4"),
    };

    private static float[] Convert<T>(ReadOnlySpan<byte> data, Func<T, float> convert) where T : unmanaged =>
        Array.ConvertAll(MemoryMarshal.Cast<byte, T>(data).ToArray(), v => convert(v));

    private static CommandException Problem(string path, string problem) =>
        new($"'{path}' cannot be read as a NumPy array: {problem}.");

    [GeneratedRegex(@"'descr':\s*'(?<type>[^']*)',\s*'fortran_order':\s*(?<order>\w+),\s*'shape':\s*\((?<shape>[^)]*)\)")]
    private static partial Regex Header();
}
