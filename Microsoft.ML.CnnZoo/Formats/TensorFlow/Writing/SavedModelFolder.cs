namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Writing;

/// <summary>The folder of a SavedModel: made whole beside its place and then moved there.</summary>
internal static class SavedModelFolder
{
    /// <summary>The file that makes a folder a SavedModel.</summary>
    public const string ModelFile = "saved_model.pb";

    private static readonly string[] Parts =
        [ModelFile, "variables", "assets", "assets.extra", "fingerprint.pb", "keras_metadata.pb"];

    /// <summary>Makes the folder, or replaces a SavedModel that is there.</summary>
    /// <param name="folder">The folder, existing or not; the one that it lies in must exist.</param>
    /// <param name="fill">Fills an empty folder.</param>
    /// <exception cref="IOException">
    /// The folder holds something else than a SavedModel, or cannot be written.
    /// </exception>
    public static void Replace(string folder, Action<string> fill)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        CheckTarget(target);
        string suffix = $".{Environment.ProcessId}.tmp", made = target + suffix, old = target + ".old" + suffix;
        try
        {
            Directory.CreateDirectory(made);
            fill(made);
            if (Directory.Exists(target))
                Directory.Move(target, old);
            try
            {
                Directory.Move(made, target);
            }
            catch (IOException) when (Directory.Exists(old))
            {
                Directory.Move(old, target);
                throw;
            }
        }
        finally
        {
            Delete(made);
            Delete(old);
        }
    }

    private static void CheckTarget(string target)
    {
        if (File.Exists(target))
            throw new IOException($"'{target}' is a file: a SavedModel is a folder, which is not written.");
        if (!Directory.Exists(target))
        {
            if (Path.GetDirectoryName(target) is { } parent && !Directory.Exists(parent))
                throw new DirectoryNotFoundException(
                    $"'{target}' is not written: the folder '{parent}' does not exist.");
            return;
        }
        string[] names = [.. Directory.EnumerateFileSystemEntries(target).Select(e => Path.GetFileName(e))];
        if (names.Length > 0 && !names.Contains(ModelFile))
            throw new IOException($"The folder '{target}' exists and is no SavedModel: it is not replaced.");
        if (names.Except(Parts).FirstOrDefault() is { } other)
            throw new IOException(
                $"The folder '{target}' holds more than a SavedModel, '{other}': it is not replaced.");
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
