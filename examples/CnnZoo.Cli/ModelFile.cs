using Microsoft.ML;

namespace CnnZoo.Cli;

/// <summary>Model files: written whole or not at all.</summary>
internal static class ModelFile
{
    /// <summary>Checks that a model could be written, before hours of training go into it.</summary>
    public static void CheckWritable(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (Directory.Exists(path))
            throw new CommandException($"'{path}' is a folder: --out needs the name of a file.");
        if (!Directory.Exists(folder))
            throw new CommandException($"The folder '{folder}' of the output file does not exist.");
        string probe = Temporary(path);
        File.WriteAllBytes(probe, []);
        File.Delete(probe);
    }

    /// <summary>Saves into a temporary file beside the target and then moves it there: a model that was there before stays until the new one is complete.</summary>
    public static void Save(MLContext mlContext, ITransformer model, DataViewSchema inputSchema, string path)
    {
        string temporary = Temporary(path);
        try
        {
            mlContext.Model.Save(model, inputSchema, temporary);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Loads a model that <see cref="Save"/> wrote.</summary>
    public static ITransformer Load(MLContext mlContext, string path)
    {
        if (!File.Exists(path))
            throw new CommandException($"The model '{path}' does not exist.");
        mlContext.RegisterCnnZoo();
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

    private static string Temporary(string path) => $"{Path.GetFullPath(path)}.{Environment.ProcessId}.partial";
}
