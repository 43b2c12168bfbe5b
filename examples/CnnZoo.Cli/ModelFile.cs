using Microsoft.ML;

namespace CnnZoo.Cli;

/// <summary>Model files: written whole or not at all.</summary>
internal static class ModelFile
{
    /// <summary>Saves a model; one that was there before stays until the new one is complete.</summary>
    public static void Save(MLContext mlContext, ITransformer model, DataViewSchema inputSchema, string path) =>
        OutputFile.Write(path, temporary => mlContext.Model.Save(model, inputSchema, temporary));

    /// <summary>Loads a model that <see cref="Save"/> wrote.</summary>
    public static ITransformer Load(MLContext mlContext, string path)
    {
        if (!File.Exists(path))
            throw new CommandException($"The model '{path}' does not exist.");
        try
        {
            return mlContext.Model.Load(path, out _);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new CommandException($"'{path}' is not a model that cnnzoo can load: {Innermost(e).Message}");
        }
    }

    private static Exception Innermost(Exception e) => e.InnerException is null ? e : Innermost(e.InnerException);
}
