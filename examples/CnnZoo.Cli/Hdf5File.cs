using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Keras;
using PureHDF;
using PureHDF.VOL.Native;

namespace CnnZoo.Cli;

/// <summary>Reads HDF5 files, what Keras writes, by PureHDF.</summary>
internal sealed class Hdf5File : IGroupFile
{
    // Deflate shrinks data to a thousandth at most.
    private const long MostBytesPerStored = 1100;

    private readonly NativeFile _file;
    private readonly long _length;

    private Hdf5File(string origin, NativeFile file, long length) => (Origin, _file, _length) = (origin, file, length);

    /// <inheritdoc/>
    public string Origin { get; }

    /// <summary>Whether bytes begin an HDF5 file.</summary>
    public static bool IsOne(ReadOnlySpan<byte> start) =>
        start is [0x89, (byte)'H', (byte)'D', (byte)'F', (byte)'\r', (byte)'\n', 0x1a, (byte)'\n', ..];

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidDataException">It is not HDF5, or damaged.</exception>
    public static Hdf5File Open(string path)
    {
        long length = new FileInfo(path).Length;
        return new Hdf5File(path, Guard(path, () => H5File.OpenRead(path)), length);
    }

    /// <summary>Opens a file in memory.</summary>
    /// <param name="content">The file.</param>
    /// <param name="origin">Where it comes from, for messages.</param>
    /// <exception cref="InvalidDataException">It is not HDF5, or damaged.</exception>
    public static Hdf5File Open(MemoryStream content, string origin) =>
        new(origin, Guard(origin, () => H5File.Open(content)), content.Length);

    /// <inheritdoc/>
    public IReadOnlyList<string> Children(string group) => Guard<IReadOnlyList<string>>(Origin, () =>
        Find(group) is IH5Group found ? [.. found.Children().Select(c => c.Name).Order(StringComparer.Ordinal)] : []);

    /// <inheritdoc/>
    public bool HasGroup(string path) => Guard(Origin, () => Find(path) is IH5Group);

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string path) => Guard<IReadOnlyList<long>?>(Origin, () =>
        Find(path) is IH5Dataset data ? Array.ConvertAll(data.Space.Dimensions, d => checked((long)d)) : null);

    /// <inheritdoc/>
    public IReadOnlyList<string>? Texts(string path, string attribute) => Guard<IReadOnlyList<string>?>(Origin, () =>
    {
        if (Find(path) is not { } found || !found.AttributeExists(attribute))
            return null;
        IH5Attribute texts = found.Attribute(attribute);
        if (texts.Type.Class is not (H5DataTypeClass.String or H5DataTypeClass.VariableLength))
            return texts.Space.Dimensions is [0] ? [] : null;
        CheckCount(texts.Space.Dimensions, 1, $"the attribute '{attribute}' of '{path}'");
        string?[] all = texts.Space.Type == H5DataspaceType.Scalar ? [texts.Read<string>()] : texts.Read<string[]>();
        return Array.ConvertAll(all, t => t ?? ""); // text of no length may come as null
    });

    /// <inheritdoc/>
    public KnownArray Read(string path) => Guard(Origin, () =>
    {
        IH5Dataset data = Data(path);
        int size = data.Type.Size;
        CheckCount(data.Space.Dimensions, Math.Max(1, size), $"'{path}'");
        int[] shape = Array.ConvertAll(data.Space.Dimensions, d => checked((int)d));
        return KnownArray.Of(shape, (data.Type.Class, size) switch
        {
            (H5DataTypeClass.FloatingPoint, 4) => Elements<float>(data),
            (H5DataTypeClass.FloatingPoint, 8) => Array.ConvertAll(Elements<double>(data), v => (float)v),
            (H5DataTypeClass.FloatingPoint, 2) => Array.ConvertAll(Elements<Half>(data), v => (float)v),
            (H5DataTypeClass.FixedPoint, 4) => Array.ConvertAll(Elements<int>(data), v => (float)v),
            (H5DataTypeClass.FixedPoint, 8) => Array.ConvertAll(Elements<long>(data), v => (float)v),
            var (type, _) => throw new InvalidDataException($"'{path}' is of type {type} of {size} bytes"),
        });
    });

    /// <summary>Type of data's elements as safetensors calls it.</summary>
    /// <exception cref="InvalidDataException">It has no such type.</exception>
    public string DataTypeOf(string path) => Guard(Origin, () => TypeOf(path, Data(path)));

    /// <summary>Data's elements as they are: row-major, little-endian.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public byte[] ReadBytes(string path) => Guard(Origin, () =>
    {
        IH5Dataset data = Data(path);
        CheckCount(data.Space.Dimensions, data.Type.Size, $"'{path}'");
        return TypeOf(path, data) switch
        {
            "F64" => Bytes<double>(data),
            "F32" => Bytes<float>(data),
            "F16" => Bytes<Half>(data),
            "I64" => Bytes<long>(data),
            "U64" => Bytes<ulong>(data),
            "I32" => Bytes<int>(data),
            "U32" => Bytes<uint>(data),
            "I16" => Bytes<short>(data),
            "U16" => Bytes<ushort>(data),
            "I8" => Bytes<sbyte>(data),
            _ => Bytes<byte>(data),
        };
    });

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private IH5Dataset Data(string path) =>
        Find(path) as IH5Dataset ?? throw new InvalidDataException($"it has no data '{path}'");

    private static byte[] Bytes<T>(IH5Dataset data) where T : unmanaged =>
        MemoryMarshal.AsBytes<T>(Elements<T>(data)).ToArray();

    private static string TypeOf(string path, IH5Dataset data) => data.Type switch
    {
        { Class: H5DataTypeClass.FloatingPoint, Size: 2 or 4 or 8 } => $"F{data.Type.Size * 8}",
        { Class: H5DataTypeClass.FixedPoint, Size: 1 or 2 or 4 or 8 } =>
            $"{(data.Type.FixedPoint.IsSigned ? 'I' : 'U')}{data.Type.Size * 8}",
        _ => throw new InvalidDataException($"'{path}' is of type {data.Type.Class} of {data.Type.Size} bytes"),
    };

    private static T[] Elements<T>(IH5Dataset data) =>
        data.Space.Type == H5DataspaceType.Scalar ? [data.Read<T>()] : data.Read<T[]>();

    private IH5Object? Find(string path) => path.Length == 0 ? _file : _file.LinkExists(path) ? _file.Get(path) : null;

    /// <summary>No more memory is taken than the file's length can fill.</summary>
    private void CheckCount(ulong[] dimensions, int bytesPerElement, string what)
    {
        UInt128 bytes = dimensions.Aggregate((UInt128)bytesPerElement, (p, d) => checked(p * d));
        if (bytes > (UInt128)_length * MostBytesPerStored)
            throw new InvalidDataException($"{what} claims {bytes} bytes; the file has {_length}");
    }

    /// <summary>A damaged file fails in many ways; absurd lengths in it by a lack of memory.</summary>
    private static T Guard<T>(string origin, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is not (FileNotFoundException or DirectoryNotFoundException
            or UnauthorizedAccessException))
        {
            throw new InvalidDataException($"'{origin}' is not a valid HDF5 file: {e.Message.TrimEnd('.')}.", e);
        }
    }
}
