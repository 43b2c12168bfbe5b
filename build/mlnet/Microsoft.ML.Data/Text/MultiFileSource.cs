namespace Microsoft.ML.Data;

/// <summary>Files by their paths; "*" and "?" in a file name stand for all matching files in the order of their names.</summary>
public sealed class MultiFileSource : IMultiStreamSource
{
    private readonly string[] _paths;

    public MultiFileSource(params string[] paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        _paths = [.. paths.SelectMany(Expand)];
    }

    public int Count => _paths.Length;

    public string GetPathOrNull(int index) => _paths[index];

    public Stream Open(int index) => new FileStream(_paths[index], FileMode.Open, FileAccess.Read, FileShare.Read);

    public TextReader OpenTextReader(int index) => new StreamReader(Open(index));

    private static IEnumerable<string> Expand(string path)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new ArgumentException("A path is empty", nameof(path));
        string name = Path.GetFileName(path), folder = Path.GetDirectoryName(path);
        return name.AsSpan().ContainsAny('*', '?')
            ? Directory.EnumerateFiles(string.IsNullOrEmpty(folder) ? "." : folder, name).Order(StringComparer.Ordinal)
            : [path];
    }
}
