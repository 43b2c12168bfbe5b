using Microsoft.ML.CnnZoo;
using Microsoft.ML.CnnZoo.Formats;
using Microsoft.ML.CnnZoo.Formats.Onnx;

namespace CnnZoo.Cli;

/// <summary>Networks in files of other frameworks, and in ours: told apart by name and content.</summary>
internal static class NetworkFile
{
    /// <summary>What may be given.</summary>
    public const string Description =
        "A network: .onnx, .pb, SavedModel folder, .keras, .h5, or a .zip that 'cnnzoo train' wrote";

    /// <summary>Whether a file or folder is one of another framework.</summary>
    public static bool IsForeign(string path) => Directory.Exists(path)
        || Path.GetExtension(path).ToLowerInvariant() is ".onnx" or ".pb" or ".pbtxt" or ".keras" or ".h5" or ".hdf5";

    /// <summary>Reads a network for raw numbers.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="input">Shape of the numbers, for files that leave the size of images open.</param>
    /// <param name="signature">A SavedModel's signature; null: its default.</param>
    /// <exception cref="InvalidDataException">The file is refused.</exception>
    public static FrozenNetwork Read(string path, int[]? input, string? signature)
    {
        CheckExists(path);
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".onnx" => Sized(image => OnnxReader.Read(path, image), input),
            _ => throw new InvalidDataException($"'{path}' is of no kind that is known; expected {Description}."),
        };
    }

    /// <summary>Refuses what does not exist.</summary>
    public static void CheckExists(string path)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
            throw new CommandException($"The model '{path}' does not exist.");
    }

    /// <summary>
    /// Reads with the file's own size of images; where it leaves that open, with the input's, channels last or first.
    /// </summary>
    private static FrozenNetwork Sized(Func<ImageShape?, FrozenNetwork> read, int[]? input)
    {
        if (input is not [_, var a, var b, var c])
            return read(null);
        ImageShape first = new(b, c, a), last = new(a, b, c);
        try
        {
            return read(a <= 4 && c > 4 ? first : last);
        }
        catch (InvalidDataException) when (a <= 4 || c > 4)
        {
            return read(a <= 4 && c > 4 ? last : first);
        }
    }
}
