namespace Microsoft.ML.Data;

/// <summary>The data lines of text files: without headers, empty lines and lines that start with "//" or "#@".</summary>
internal sealed class TextLines(TextLoader.Options options)
{
    private readonly FieldSplitter _splitter = new(options);

    public IEnumerable<string> Read(IMultiStreamSource source)
    {
        long rows = 0;
        for (int file = 0; file < source.Count; file++)
        {
            using TextReader reader = source.OpenTextReader(file);
            bool header = options.HasHeader;
            while (NextLine(reader) is { } line)
            {
                if (header)
                {
                    header = false;
                    continue;
                }
                if (rows++ >= (options.MaxRows ?? long.MaxValue))
                    yield break;
                yield return line;
            }
        }
    }

    /// <summary>The first line, or null if there is none.</summary>
    public string FirstLine(IMultiStreamSource source)
    {
        for (int file = 0; file < source.Count; file++)
        {
            using TextReader reader = source.OpenTextReader(file);
            if (NextLine(reader) is { } line)
                return line;
        }
        return null;
    }

    private string NextLine(TextReader reader)
    {
        string line;
        do
            line = reader.ReadLine();
        while (line != null && (line.Length == 0 || line.StartsWith("//", StringComparison.Ordinal) || line.StartsWith("#@", StringComparison.Ordinal)));
        if (line == null || !options.ReadMultilines || !options.AllowQuoting)
            return line;
        while (_splitter.EndsWithinQuotes(line) && reader.ReadLine() is { } next)
            line += "\n" + next;
        return line;
    }
}
