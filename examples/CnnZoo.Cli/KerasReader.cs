using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Keras;

namespace CnnZoo.Cli;

/// <summary>Reads whole Keras models: <c>.keras</c>, and <c>.h5</c> with a configuration.</summary>
internal static class KerasReader
{
    private const int MostConfigBytes = 1 << 28;
    private const string WeightsFile = "model.weights.h5";

    /// <summary>Reads a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="image">Size of the images where the file leaves it open.</param>
    /// <exception cref="InvalidDataException">The file is damaged, has no configuration, or holds what is not
    /// supported.</exception>
    public static FrozenNetwork Read(string path, ImageShape? image = null)
    {
        if (Directory.Exists(path))
            throw new InvalidDataException($"'{path}' is a folder; a Keras model is a file.");
        Span<byte> start = stackalloc byte[8];
        using (FileStream file = File.OpenRead(path))
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        return start.StartsWith("PK\x3\x4"u8) ? ReadArchive(path, image)
            : Hdf5File.IsOne(start) ? ReadHdf5(path, image)
            : throw new InvalidDataException($"'{path}' is not a Keras model: expected a .keras archive or HDF5.");
    }

    private static FrozenNetwork ReadHdf5(string path, ImageShape? image)
    {
        using Hdf5File file = Hdf5File.Open(path);
        string config = Text(file, "model_config")
            ?? throw new InvalidDataException($"'{path}' has weights but no model: name the network by --arch and give "
                + "the file as --weights.");
        return KerasNetworkReader.Read(config, Text(file, "keras_version"), file, path, image);
    }

    private static string? Text(Hdf5File file, string attribute) =>
        file.Texts("", attribute) is [var text, ..] ? text : null;

    private static FrozenNetwork ReadArchive(string path, ImageShape? image)
    {
        string config;
        string? version;
        MemoryStream content;
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            config = Encoding.UTF8.GetString(ReadFile(archive, "config.json", MostConfigBytes).ToArray());
            version = archive.GetEntry("metadata.json") is null ? null
                : VersionOf(Encoding.UTF8.GetString(ReadFile(archive, "metadata.json", MostConfigBytes).ToArray()));
            content = ReadFile(archive, WeightsFile, Array.MaxLength);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or NotSupportedException
            or JsonException or ArgumentException)
        {
            throw new InvalidDataException($"'{path}' is not a valid Keras model: {e.Message.TrimEnd('.')}.", e);
        }
        using Hdf5File weights = Hdf5File.Open(content, path);
        return KerasNetworkReader.Read(config, version, weights, path, image);
    }

    private static string? VersionOf(string metadata)
    {
        using JsonDocument document = JsonDocument.Parse(metadata);
        return new KerasConfig(document.RootElement).Text("keras_version");
    }

    /// <summary>A file of an archive, whose stated length is not trusted.</summary>
    private static MemoryStream ReadFile(ZipArchive archive, string name, int most)
    {
        ZipArchiveEntry entry = archive.GetEntry(name) ?? throw new InvalidDataException($"it has no {name}");
        // Deflate shrinks to a thousandth at most.
        if (entry.Length > most || entry.Length > (entry.CompressedLength * 1100) + 1100)
            throw new InvalidDataException($"{name} in it claims {entry.Length} bytes");
        var content = new MemoryStream((int)entry.Length);
        using Stream stream = entry.Open();
        var buffer = new byte[1 << 16];
        for (int n; (n = stream.Read(buffer)) > 0;)
        {
            if (content.Length + n > entry.Length)
                throw new InvalidDataException($"{name} in it is longer than its {entry.Length} bytes");
            content.Write(buffer, 0, n);
        }
        content.Position = 0;
        return content.Length == entry.Length ? content : throw new InvalidDataException($"{name} in it is truncated");
    }
}
