using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Microsoft.ML;

/// <summary>Where an object saves itself: its own Model.key, streams beside it, and sub-models in folders below.</summary>
public sealed class ModelSaveContext : IDisposable
{
    /// <summary>The model block of this object's Model.key.</summary>
    internal readonly BinaryWriter Writer;

    /// <summary>The folder in the zip.</summary>
    internal readonly string Directory;

    private readonly RepositoryWriter _repository;
    private readonly RepositoryEntry _entry;
    private readonly List<string> _strings = [];
    private readonly Dictionary<string, int> _stringIds = new(StringComparer.Ordinal);
    private ModelHeader _header;
    private bool _disposed;

    internal ModelSaveContext(RepositoryWriter repository, string directory, string name)
    {
        _repository = repository;
        Directory = directory;
        _entry = repository.CreateEntry(directory, name);
        Writer = new BinaryWriter(_entry.Stream, Encoding.UTF8, leaveOpen: true);
        ModelHeader.BeginWrite(Writer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        Writer.Dispose();
        _entry.Dispose();
    }

    /// <summary>Saves an object as a folder of a zip.</summary>
    internal static void SaveModel<T>(RepositoryWriter repository, T value, string path)
        where T : class
    {
        if (value is not ICanSaveModel model)
            return;
        using var context = new ModelSaveContext(repository, path, ModelLoadContext.ModelStreamName);
        model.Save(context);
        context.Done();
    }

    /// <summary>Saves a sub-model.</summary>
    internal void SaveModel<T>(T value, string name)
        where T : class => SaveModel(_repository, value, RepositoryEntry.PathOf(Directory, name));

    /// <summary>Says what is saved; every Save must.</summary>
    internal void SetVersionInfo(VersionInfo ver) => _header.SetVersionInfo(ver);

    /// <summary>Writes a stream beside Model.key.</summary>
    internal void SaveBinaryStream(string name, Action<BinaryWriter> action)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(action);
        using RepositoryEntry entry = _repository.CreateEntry(Directory, name);
        using var writer = new BinaryWriter(entry.Stream, Encoding.UTF8, leaveOpen: true);
        action(writer);
    }

    /// <summary>Writes a text stream beside Model.key.</summary>
    internal void SaveTextStream(string name, Action<TextWriter> action)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(action);
        using RepositoryEntry entry = _repository.CreateEntry(Directory, name);
        using var writer = new StreamWriter(entry.Stream, new UTF8Encoding(false), leaveOpen: true);
        action(writer);
    }

    /// <summary>Writes the number that a string has in the string table.</summary>
    internal void SaveString(string str)
    {
        ArgumentNullException.ThrowIfNull(str);
        if (!_stringIds.TryGetValue(str, out int id))
        {
            _stringIds.Add(str, id = _strings.Count);
            _strings.Add(str);
        }
        Writer.Write(id);
    }

    /// <summary>Writes a string that must not be empty.</summary>
    internal void SaveNonEmptyString(string str)
    {
        ArgumentException.ThrowIfNullOrEmpty(str);
        SaveString(str);
    }

    /// <summary>Writes a string or -1 for null.</summary>
    internal void SaveStringOrNull(string str)
    {
        if (str == null)
            Writer.Write(-1);
        else
            SaveString(str);
    }

    /// <summary>Completes Model.key.</summary>
    /// <exception cref="InvalidOperationException">No version information was set.</exception>
    internal void Done()
    {
        if (_header.ModelSignature == 0)
            throw new InvalidOperationException("ModelSignature not specified!");
        _header.EndWrite(Writer, 0, _strings);
        Dispose();
    }
}
