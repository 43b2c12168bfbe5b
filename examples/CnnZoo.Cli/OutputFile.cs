using System.CommandLine;
using Microsoft.ML.CnnZoo.Data;

namespace CnnZoo.Cli;

/// <summary>
/// A file to be written whole or not at all: an existing one stays until the new one is complete, and lends it its
/// mode.
/// </summary>
internal sealed class OutputFile
{
    private static readonly string[] DeviceFolders = ["/dev", "/proc", "/sys"];
    private readonly string _target;

    private OutputFile(string target) => _target = target;

    /// <summary>The switch <c>--out</c>.</summary>
    public static Option<string> Option(string description)
    {
        var option = new Option<string>("--out") { Description = description, HelpName = "FILE", Required = true };
        CommandOptions.RefuseEmpty(option, "the name of a file");
        return option;
    }

    /// <summary>
    /// Checks that a file can be written, before hours of work go into it. A symbolic link stands for its target.
    /// </summary>
    /// <exception cref="CommandException">It is a folder, a device or a pipe, or its folder does not exist or must not
    /// be written to.</exception>
    public static OutputFile Open(string path)
    {
        if (Directory.Exists(path) || Path.EndsInDirectorySeparator(path))
            throw new CommandException($"'{path}' is a folder: --out needs the name of a file.");
        var named = new FileInfo(path);
        string target = named.LinkTarget is null ? named.FullName
            : named.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        string folder = Path.GetDirectoryName(target)!;
        if (!Directory.Exists(folder))
            throw new CommandException($"The folder '{folder}' of the output file does not exist.");
        var file = new OutputFile(target);
        try
        {
            if (IsDevice(target))
                throw new CommandException(
                    $"'{path}' is a device or a pipe: --out needs the name of an ordinary file.");
            File.WriteAllBytes(file.Temporary, []);
            File.Delete(file.Temporary);
        }
        catch (UnauthorizedAccessException)
        {
            throw new CommandException($"No permission to write '{path}'.");
        }
        return file;
    }

    /// <summary>Refuses to replace one of the files that are about to be read.</summary>
    public void RefuseInputs(IEnumerable<string> inputs)
    {
        if (!File.Exists(_target))
            return;
        string target = ImageFileSearch.RealPath(_target);
        if (inputs.FirstOrDefault(input => ImageFileSearch.RealPath(input) == target) is { } image)
            throw new CommandException($"--out names '{image}', one of the images to train on: it would be replaced.");
    }

    /// <summary>Has the content written into a temporary file beside the target, and then moves it there.</summary>
    public void Write(Action<string> write)
    {
        try
        {
            write(Temporary);
            if (File.Exists(_target) && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(Temporary, File.GetUnixFileMode(_target));
            using (var stream = new FileStream(Temporary, FileMode.Open, FileAccess.ReadWrite))
                stream.Flush(flushToDisk: true);
            File.Move(Temporary, _target, overwrite: true);
        }
        finally
        {
            File.Delete(Temporary);
        }
    }

    private string Temporary => $"{_target}.{Environment.ProcessId}.partial";

    private static bool IsDevice(string target)
    {
        if (OperatingSystem.IsWindows())
            return target.StartsWith(@"\\.\", StringComparison.Ordinal);
        string real = Path.Combine(ImageFileSearch.RealPath(Path.GetDirectoryName(target)!), Path.GetFileName(target));
        if (DeviceFolders.Any(
            folder => ImageFileSearch.IsWithin(real, folder) && !ImageFileSearch.IsWithin(real, "/dev/shm")))
            return true;
        if (!File.Exists(target))
            return false;
        // Opened for reading and writing, for opening a pipe for one of them waits for its other end.
        using var stream = new FileStream(target, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        return !stream.CanSeek;
    }
}
