using Microsoft.ML;

namespace CnnZoo.Cli;

/// <summary>Model files: written whole or not at all.</summary>
internal static class ModelFile
{
    /// <summary>The switch <c>--model</c>.</summary>
    public static System.CommandLine.Option<string> Option()
    {
        var option = new System.CommandLine.Option<string>("--model")
        {
            Description = NetworkFile.Description, Required = true,
        };
        CommandOptions.RefuseEmpty(option, "the name of a file");
        return option;
    }

    /// <summary>Loads a model that <c>cnnzoo train</c> wrote.</summary>
    public static ITransformer Load(MLContext mlContext, string path, out DataViewSchema? inputSchema)
    {
        if (!File.Exists(path))
            throw new CommandException($"The model '{path}' does not exist.");
        try
        {
            return mlContext.Model.Load(path, out inputSchema);
        }
        catch (UnauthorizedAccessException)
        {
            throw new CommandException($"No permission to read the model '{path}'.");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new CommandException(
                $"'{path}' is not a model that 'cnnzoo train' wrote, "
                + $"nor named as a network of another framework ({NetworkFile.Foreign}): {Innermost(e).Message}");
        }
    }

    private static Exception Innermost(Exception e) => e.InnerException is null ? e : Innermost(e.InnerException);
}
