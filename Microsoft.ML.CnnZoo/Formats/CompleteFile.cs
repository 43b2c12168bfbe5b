namespace Microsoft.ML.CnnZoo.Formats;

/// <summary>Files that are there completely or not at all.</summary>
internal static class CompleteFile
{
    /// <summary>
    /// Writes a temporary neighbor, which then takes the name, so that a failure leaves an existing file whole.
    /// </summary>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="DirectoryNotFoundException">Its folder does not exist.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            throw new DirectoryNotFoundException($"'{path}' is not written: the folder '{folder}' does not exist.");
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
                write(stream);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
