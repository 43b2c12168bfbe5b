using System.CommandLine;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>What the switch <c>--bad-images</c> asks for.</summary>
internal enum BadImageChoice
{
    /// <summary>Name the image and fail.</summary>
    Fail,

    /// <summary>Leave the image out and list it.</summary>
    Skip,
}

/// <summary>Images that cannot be used, by file name.</summary>
internal sealed class BadImages(BadImageChoice choice)
{
    /// <summary>The switch of 'cnnzoo train' that limits an image's size.</summary>
    public const string PixelLimit = "--max-pixels";

    private readonly List<(string Path, string Reason)> _skipped = [];

    /// <summary>The images that were left out.</summary>
    public IReadOnlyList<(string Path, string Reason)> Skipped => _skipped;

    /// <summary>The switch.</summary>
    public static Option<BadImageChoice> Option(string whatFails) => CommandOptions.Choice<BadImageChoice>(
        "--bad-images", $"Images that cannot be read: {whatFails}, or skip and list them");

    /// <summary>Why a file cannot even be opened; null if it can.</summary>
    public static string? FileProblem(string path)
    {
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
            return RandomAccess.GetLength(file) == 0 ? "the file is empty" : null;
        }
        catch (Exception e) when (
            e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return e switch
            {
                FileNotFoundException or DirectoryNotFoundException => "the file does not exist",
                UnauthorizedAccessException => "no permission to read the file",
                ArgumentException => "this is not the name of a file",
                _ => e.Message,
            };
        }
    }

    /// <summary>Leaves an image out.</summary>
    /// <exception cref="CommandException">It is not to be skipped.</exception>
    public void Add(string path, string reason)
    {
        if (choice == BadImageChoice.Fail)
            throw new CommandException($"{Sentence(path, reason)[..^1]} (--bad-images skip leaves such images out).");
        _skipped.Add((path, reason));
    }

    /// <summary>Lists the images that were left out on standard error, if there are any.</summary>
    public void Report()
    {
        if (_skipped.Count == 0)
            return;
        Console.Error.WriteLine(
            $"cnnzoo: {(_skipped.Count == 1 ? "1 image" : $"{_skipped.Count:N0} images")} left out:");
        foreach ((string path, string reason) in _skipped)
            Console.Error.WriteLine($"cnnzoo: {Sentence(path, reason)}");
    }

    /// <summary>What is wrong with an image, in the words of the command line.</summary>
    public static string Sentence(string path, string reason)
    {
        string problem = CommandOptions.WithoutParameter(reason)
            .Replace(
                $"Options.{nameof(CnnClassificationTrainer.Options.MaxImagePixels)}", $"'cnnzoo train {PixelLimit}'",
                StringComparison.Ordinal);
        return $"The image '{path}' cannot be used: {problem.TrimEnd('.')}.";
    }
}
