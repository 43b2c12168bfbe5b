using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>Names of architectures on the command line.</summary>
internal static class ArchitectureArguments
{
    // Papers' class counts: ImageNet's for networks of photographs, ten for networks of digits and thumbnails.
    private const int PhotographSize = 64, PhotographClasses = 1000, ThumbnailClasses = 10;

    /// <summary>A required option that takes a name or an alias.</summary>
    /// <param name="name">The option.</param>
    /// <param name="files">Whether it takes networks of other frameworks, too.</param>
    public static Option<string> Option(string name, bool files = false)
    {
        var option = new Option<string>(name)
        {
            Description = "Architecture; 'cnnzoo list' names them"
                + (files ? "; or a file to go on from: .onnx, .pb, SavedModel folder, .keras, .h5" : ""),
            Required = true,
        };
        option.Validators.Add(result =>
        {
            if (!files || !result.Tokens.All(token => NetworkFile.IsForeign(token.Value)))
                Check(result);
        });
        return option;
    }

    /// <summary>An argument that takes a name or an alias.</summary>
    public static Argument<string> Argument(string name)
    {
        var argument = new Argument<string>(name) { Description = "Architecture; 'cnnzoo list' names them" };
        argument.Validators.Add(Check);
        return argument;
    }

    /// <summary>An argument that takes names or aliases, none too.</summary>
    public static Argument<string[]> Several(string name)
    {
        var argument = new Argument<string[]>(name)
        {
            Description = "Architectures; 'cnnzoo list' names them", Arity = ArgumentArity.ZeroOrMore,
        };
        argument.Validators.Add(Check);
        return argument;
    }

    /// <summary>The option <c>--classes</c>: 0, or at least 2.</summary>
    public static Option<int> Classes()
    {
        Option<int> classes =
            CommandOptions.Number("--classes", "Number of classes; 0 for the paper's", 0, 0, 1_000_000);
        classes.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "1" }])
                result.AddError("--classes takes at least 2 classes.");
        });
        return classes;
    }

    /// <summary>The value of <c>--classes</c>.</summary>
    public static int ClassesOrPapers(CnnArchitecture architecture, int classes) =>
        classes > 0 ? classes : PaperClasses(architecture);

    /// <summary>Number of classes that the paper has.</summary>
    public static int PaperClasses(CnnArchitecture architecture) =>
        architecture.DefaultInput.Height >= PhotographSize ? PhotographClasses : ThumbnailClasses;

    private static void Check(SymbolResult result)
    {
        foreach (Token token in result.Tokens)
        {
            if (string.IsNullOrWhiteSpace(token.Value))
            {
                result.AddError("The architecture has no name; 'cnnzoo list' shows the names.");
                continue;
            }
            try
            {
                CnnArchitectures.Find(token.Value);
            }
            catch (ArgumentException e)
            {
                result.AddError(CommandOptions.WithoutParameter(e.Message));
            }
        }
    }
}
