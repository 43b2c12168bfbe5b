// Internal, with ML.NET's name: what an object loads itself from; the counterpart of ModelSaveContext.
using System;
using System.IO;
using System.Reflection;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

internal sealed class ModelLoadContext : IDisposable
{
    public const string ModelStreamName = "Model.key";

    /// <summary>The model block of this object's Model.key; it must be read to its end.</summary>
    public readonly BinaryReader Reader;

    /// <summary>The folder in the zip.</summary>
    public readonly string Directory;

    private readonly RepositoryReader _repository;
    private readonly ModelHeader _header;
    private readonly string[] _strings;

    private ModelLoadContext(RepositoryReader repository, RepositoryEntry entry, string directory)
    {
        _repository = repository;
        Directory = directory;
        Reader = new BinaryReader(entry.Stream, Encoding.UTF8, leaveOpen: true);
        _header = ModelHeader.BeginRead(Reader, out _strings);
    }

    /// <summary>Loads what a folder of a zip holds.</summary>
    /// <exception cref="FormatException">There is no such model, it is damaged, or its loader is not known.</exception>
    public static void LoadModel<TRes, TSig>(IHostEnvironment env, out TRes result, RepositoryReader repository, string directory, params object[] extra)
        where TRes : class
    {
        if (!LoadModelOrNull<TRes, TSig>(env, out result, repository, directory, extra))
            throw new FormatException($"Corrupt model file: there is no '{RepositoryEntry.PathOf(directory, ModelStreamName)}'");
    }

    /// <summary>Loads what a folder of a zip holds; false if there is no such folder.</summary>
    public static bool LoadModelOrNull<TRes, TSig>(IHostEnvironment env, out TRes result, RepositoryReader repository, string directory, params object[] extra)
        where TRes : class
    {
        ArgumentNullException.ThrowIfNull(env);
        result = null;
        using RepositoryEntry entry = repository.OpenEntryOrNull(directory, ModelStreamName);
        if (entry == null)
            return false;
        using var context = new ModelLoadContext(repository, entry, directory);
        result = context.Create<TRes, TSig>(env, extra);
        return true;
    }

    /// <summary>Loads a sub-model.</summary>
    public void LoadModel<TRes, TSig>(IHostEnvironment env, out TRes result, string name, params object[] extra)
        where TRes : class => LoadModel<TRes, TSig>(env, out result, _repository, RepositoryEntry.PathOf(Directory, name), extra);

    /// <summary>Loads a sub-model; false if there is none.</summary>
    public bool LoadModelOrNull<TRes, TSig>(IHostEnvironment env, out TRes result, string name, params object[] extra)
        where TRes : class => LoadModelOrNull<TRes, TSig>(env, out result, _repository, RepositoryEntry.PathOf(Directory, name), extra);

    /// <summary>Checks that the model block is one that the version information describes and that it can be read.</summary>
    public void CheckAtModel(VersionInfo ver)
    {
        if (_header.ModelSignature != ver.ModelSignature)
            throw new FormatException("Unknown file type");
        if (_header.ModelVerReadable > _header.ModelVerWritten)
            throw new FormatException("Corrupt file header");
        if (_header.ModelVerReadable > ver.VerWrittenCur)
            throw new FormatException($"The component '{ver.LoaderSignature}' of the model is too new: version {_header.ModelVerReadable:x8}, at most {ver.VerWrittenCur:x8} can be read.");
        if (_header.ModelVerWritten < ver.VerWeCanReadBack)
            throw new FormatException($"The component '{ver.LoaderSignature}' of the model is too old: version {_header.ModelVerWritten:x8}, at least {ver.VerWeCanReadBack:x8} can be read.");
    }

    /// <summary>Reads a stream beside Model.key; false if there is none.</summary>
    public bool TryLoadBinaryStream(string name, Action<BinaryReader> action)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(action);
        using RepositoryEntry entry = _repository.OpenEntryOrNull(Directory, name);
        if (entry == null)
            return false;
        using var reader = new BinaryReader(entry.Stream, Encoding.UTF8, leaveOpen: true);
        action(reader);
        return true;
    }

    /// <summary>Reads a text stream beside Model.key; false if there is none.</summary>
    public bool TryLoadTextStream(string name, Action<TextReader> action)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(action);
        using RepositoryEntry entry = _repository.OpenEntryOrNull(Directory, name);
        if (entry == null)
            return false;
        using var reader = new StreamReader(entry.Stream);
        action(reader);
        return true;
    }

    /// <summary>Reads a string by its number in the string table.</summary>
    public string LoadString() => LoadStringOrNull() ?? throw new FormatException("Corrupt model file: a string is missing");

    /// <summary>Reads a string that must not be empty.</summary>
    public string LoadNonEmptyString()
    {
        string text = LoadString();
        return text.Length > 0 ? text : throw new FormatException("Corrupt model file: a string is empty");
    }

    /// <summary>Reads a string or null.</summary>
    public string LoadStringOrNull()
    {
        int id = Reader.ReadInt32();
        if (id == -1)
            return null;
        return id >= 0 && id < _strings.Length ? _strings[id] : throw new FormatException($"Corrupt model file: there is no string {id}");
    }

    public void Dispose() => Reader.Dispose();

    private TRes Create<TRes, TSig>(IHostEnvironment env, object[] extra)
        where TRes : class
    {
        RegisterLoaderAssembly(env.ComponentCatalog);
        foreach (string signature in new[] { _header.LoaderSignature, _header.LoaderSignatureAlt })
        {
            if (string.IsNullOrWhiteSpace(signature) || !env.ComponentCatalog.TryCreateInstance<TSig>(env, signature, [this, .. extra], out object made))
                continue;
            if (made is not TRes result)
                throw new FormatException($"Couldn't load model: '{Directory}' holds a {made?.GetType()}, not a {typeof(TRes)}");
            _header.EndRead(Reader, 0);
            return result;
        }
        throw new FormatException($"Couldn't load model: '{Directory}' (no loader is registered for '{_header.LoaderSignature}')");
    }

    private void RegisterLoaderAssembly(ComponentCatalog catalog)
    {
        if (string.IsNullOrEmpty(_header.LoaderAssemblyName))
            return;
        try
        {
            catalog.RegisterAssembly(Assembly.Load(_header.LoaderAssemblyName));
        }
        catch (Exception ex) when (ex is IOException or BadImageFormatException or ArgumentException)
        {
            throw new FormatException($"Couldn't load model: '{Directory}' needs the assembly '{_header.LoaderAssemblyName}'", ex);
        }
    }
}
