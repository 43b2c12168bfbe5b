using System;
using System.IO;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Saving, loading and use of models.</summary>
public sealed class ModelOperationsCatalog : IInternalCatalog
{
    private const string TransformerDirectory = "TransformerChain";
    private const string SchemaEntryName = "Schema";

    private readonly IHostEnvironment _environment;

    internal ModelOperationsCatalog(IHostEnvironment env)
    {
        ArgumentNullException.ThrowIfNull(env);
        _environment = env;
    }

    IHostEnvironment IInternalCatalog.Environment => _environment;

    /// <summary>Saves a model and the schema of its input, which may be null.</summary>
    public void Save(ITransformer model, DataViewSchema inputSchema, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(stream);
        using RepositoryWriter repository = RepositoryWriter.CreateNew(stream);
        ModelSaveContext.SaveModel(repository, model, TransformerDirectory);
        if (inputSchema == null)
            return;
        using RepositoryEntry entry = repository.CreateEntry(null, SchemaEntryName);
        BinarySchema.Write(entry.Stream, inputSchema);
    }

    /// <summary>Saves a model and the schema of its input, which may be null.</summary>
    public void Save(ITransformer model, DataViewSchema inputSchema, string filePath)
    {
        ArgumentNullException.ThrowIfNull(model);
        using FileStream stream = File.Create(filePath);
        Save(model, inputSchema, stream);
    }

    /// <summary>Loads a model and the schema of its input, null if it was saved without one.</summary>
    /// <exception cref="FormatException">It is not a model, it is damaged, or a loader in it is not known.</exception>
    /// <exception cref="InvalidOperationException">A transformer in it could not be made.</exception>
    public ITransformer Load(Stream stream, out DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using RepositoryReader repository = RepositoryReader.Open(stream);
        using (RepositoryEntry entry = repository.OpenEntryOrNull(null, SchemaEntryName))
            inputSchema = entry == null ? null : BinarySchema.Read(entry.Stream);
        ModelLoadContext.LoadModel<ITransformer, SignatureLoadModel>(_environment, out ITransformer model, repository, TransformerDirectory);
        return model;
    }

    /// <summary>Loads a model and the schema of its input, null if it was saved without one.</summary>
    /// <exception cref="FormatException">It is not a model, it is damaged, or a loader in it is not known.</exception>
    /// <exception cref="InvalidOperationException">A transformer in it could not be made.</exception>
    public ITransformer Load(string filePath, out DataViewSchema inputSchema)
    {
        using FileStream stream = File.OpenRead(filePath);
        return Load(stream, out inputSchema);
    }

    /// <summary>An engine that predicts single objects.</summary>
    public PredictionEngine<TSrc, TDst> CreatePredictionEngine<TSrc, TDst>(ITransformer transformer, bool ignoreMissingColumns = true, SchemaDefinition inputSchemaDefinition = null, SchemaDefinition outputSchemaDefinition = null)
        where TSrc : class
        where TDst : class, new() =>
        new(transformer, new PredictionEngineOptions
        {
            IgnoreMissingColumns = ignoreMissingColumns,
            InputSchemaDefinition = inputSchemaDefinition,
            OutputSchemaDefinition = outputSchemaDefinition,
        });

    /// <summary>An engine that predicts single objects.</summary>
    public PredictionEngine<TSrc, TDst> CreatePredictionEngine<TSrc, TDst>(ITransformer transformer, PredictionEngineOptions options)
        where TSrc : class
        where TDst : class, new() => new(transformer, options);

    /// <summary>An engine that predicts single objects, whose columns have the types and annotations of a schema.</summary>
    public PredictionEngine<TSrc, TDst> CreatePredictionEngine<TSrc, TDst>(ITransformer transformer, DataViewSchema inputSchema)
        where TSrc : class
        where TDst : class, new() =>
        CreatePredictionEngine<TSrc, TDst>(transformer, false, SchemaDefinition.Create(typeof(TSrc), inputSchema, SchemaDefinition.Direction.Read));
}
