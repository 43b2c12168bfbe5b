namespace Microsoft.ML.Data;

/// <summary>The data lines of text files: without headers, empty lines and lines that start with "//" or "#@".</summary>
internal sealed class TextLines(TextLoader.Options options)
{
    private readonly FieldSplitter _splitter = new(options);

    /// <summary>The lines and their numbers in their files, from 1.</summary>
    public IEnumerable<(string Text, long Number)> Read(IMultiStreamSource source)
    {
        long rows = 0;
        for (int file = 0; file < source.Count; file++)
        {
            using TextReader reader = source.OpenTextReader(file);
            bool header = options.HasHeader;
            long number = 0;
            while (NextLine(reader, ref number) is { } line)
            {
                if (header)
                {
                    header = false;
                    continue;
                }
                if (rows++ >= (options.MaxRows ?? long.MaxValue))
                    yield break;
                yield return (line, number);
            }
        }
    }

    /// <summary>The first line, or null if there is none.</summary>
    public string FirstLine(IMultiStreamSource source)
    {
        for (int file = 0; file < source.Count; file++)
        {
            using TextReader reader = source.OpenTextReader(file);
            long number = 0;
            if (NextLine(reader, ref number) is { } line)
                return line;
        }
        return null;
    }

    private string NextLine(TextReader reader, ref long number)
    {
        string line;
        do
        {
            line = reader.ReadLine();
            number++;
        }
        while (line != null && (line.Length == 0 || line.StartsWith("//", StringComparison.Ordinal) || line.StartsWith("#@", StringComparison.Ordinal)));
        if (line == null || !options.ReadMultilines || !options.AllowQuoting)
            return line;
        while (_splitter.EndsWithinQuotes(line) && reader.ReadLine() is { } next)
        {
            line += "\n" + next;
            number++;
        }
        return line;
    }
}
