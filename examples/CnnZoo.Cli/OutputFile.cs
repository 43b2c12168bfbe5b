namespace CnnZoo.Cli;

/// <summary>Files that are written whole or not at all.</summary>
internal static class OutputFile
{
    /// <summary>Checks that a file could be written, before hours of work go into it.</summary>
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

    /// <summary>Writes into a temporary file beside the target and then moves it there: a file that was there before stays until the new one is complete.</summary>
    public static void Write(string path, Action<string> write)
    {
        string temporary = Temporary(path);
        try
        {
            write(temporary);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static string Temporary(string path) => $"{Path.GetFullPath(path)}.{Environment.ProcessId}.partial";
}
