namespace Microsoft.ML.CnnZoo.Files;

/// <summary>Files that are there completely or not at all, also after a crash.</summary>
internal static class CompleteFile
{
    /// <summary>Ending of a file that is being written; what a killed process left of one may be deleted.</summary>
    public const string TemporaryEnding = ".tmp";

    /// <summary>
    /// Writes a temporary neighbor, flushes it to the disk and gives it the name, so that a failure leaves an existing
    /// file whole.
    /// </summary>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="DirectoryNotFoundException">Its folder does not exist.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            throw new DirectoryNotFoundException($"'{path}' is not written: the folder '{folder}' does not exist.");
        string temporary = $"{path}.{Environment.ProcessId}{TemporaryEnding}";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
        }
    }
}
