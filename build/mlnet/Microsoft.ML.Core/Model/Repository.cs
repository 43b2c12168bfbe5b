// Internal: a model file is a zip. Several entries are open at a time, all must be seekable and weights may be large: entries
// are written to temporary files first, and read from memory if they are small, from temporary files otherwise.
using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Reflection;
using System.Text;

namespace Microsoft.ML;

internal sealed class RepositoryWriter : IDisposable
{
    private readonly ZipArchive _archive;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    private RepositoryWriter(Stream stream) => _archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);

    /// <summary>Starts a zip with its version entry.</summary>
    public static RepositoryWriter CreateNew(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var repository = new RepositoryWriter(stream);
        using RepositoryEntry entry = repository.CreateEntry("TrainingInfo", "Version.txt");
        using var writer = new StreamWriter(entry.Stream, new UTF8Encoding(false), leaveOpen: true);
        writer.WriteLine(ProductVersion());
        return repository;
    }

    /// <summary>A new entry; it goes into the zip when it is disposed.</summary>
    public RepositoryEntry CreateEntry(string directory, string name)
    {
        string path = RepositoryEntry.PathOf(directory, name);
        if (!_names.Add(path))
            throw new ArgumentOutOfRangeException(nameof(name), $"Duplicate entry: '{path}'");
        return new RepositoryEntry(TemporaryFile.Create(), Store);

        void Store(Stream content)
        {
            content.Position = 0;
            using Stream target = _archive.CreateEntry(path).Open();
            content.CopyTo(target);
        }
    }

    public void Dispose() => _archive.Dispose();

    private static string ProductVersion() =>
        typeof(RepositoryWriter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
}

internal sealed class RepositoryReader : IDisposable
{
    private const int LargestInMemory = 1 << 20;

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);

    private RepositoryReader(Stream stream)
    {
        try
        {
            _archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            foreach (ZipArchiveEntry entry in _archive.Entries)
                _entries[entry.FullName.Replace('\\', '/')] = entry;
        }
        catch (Exception ex) when (ex is InvalidDataException or IOException or NotSupportedException)
        {
            throw new FormatException("Failed to open a zip archive", ex);
        }
    }

    /// <summary>Opens a zip.</summary>
    /// <exception cref="FormatException">It is none, or a damaged one.</exception>
    public static RepositoryReader Open(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new RepositoryReader(stream);
    }

    /// <summary>An entry, or null if there is none of that name.</summary>
    public RepositoryEntry OpenEntryOrNull(string directory, string name)
    {
        string path = RepositoryEntry.PathOf(directory, name);
        if (!_entries.TryGetValue(path, out ZipArchiveEntry entry))
            return null;
        Stream content = entry.Length <= LargestInMemory ? new MemoryStream() : TemporaryFile.Create();
        try
        {
            using Stream source = entry.Open();
            source.CopyTo(content);
            content.Position = 0;
            return new RepositoryEntry(content, null);
        }
        catch (Exception ex) when (ex is InvalidDataException or EndOfStreamException)
        {
            content.Dispose();
            throw new FormatException($"Corrupt model file: the entry '{path}' cannot be read", ex);
        }
    }

    public void Dispose() => _archive.Dispose();
}

internal sealed class RepositoryEntry(Stream stream, Action<Stream> store) : IDisposable
{
    private bool _disposed;

    public Stream Stream { get; } = stream;

    public static string PathOf(string directory, string name) =>
        string.IsNullOrEmpty(directory) ? name : $"{directory.Replace('\\', '/')}/{name}";

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        using (Stream)
            store?.Invoke(Stream);
    }
}

internal static class TemporaryFile
{
    private const int BufferSize = 1 << 16;

    /// <summary>A file that goes away when it is closed.</summary>
    public static FileStream Create() => new(
        Path.Combine(Path.GetTempPath(), "mlnet-" + Path.GetRandomFileName()),
        FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferSize, FileOptions.DeleteOnClose);
}
