using System.Globalization;
using System.Text;

namespace Microsoft.ML.Data;

/// <summary>Cuts a line into its fields; sparse ones are spelled out, with empty texts for those left out.</summary>
internal sealed class FieldSplitter(TextLoader.Options options)
{
    private readonly List<ReadOnlyMemory<char>> _fields = [];

    /// <summary>The fields; valid until the next call.</summary>
    public IReadOnlyList<ReadOnlyMemory<char>> Split(string line)
    {
        _fields.Clear();
        int start = 0;
        while (start <= line.Length)
            _fields.Add(NextField(line, ref start));
        if (options.AllowSparse)
            SpellOutSparse();
        return _fields;
    }

    /// <summary>Whether the line ends within quotes.</summary>
    public bool EndsWithinQuotes(string line)
    {
        int start = 0;
        bool open = false;
        while (start <= line.Length && !open)
            NextField(line, ref start, out open);
        return open;
    }

    private ReadOnlyMemory<char> NextField(string line, ref int start) => NextField(line, ref start, out _);

    // Leaves start behind the separator, or behind the line's length after the last field.
    private ReadOnlyMemory<char> NextField(string line, ref int start, out bool open)
    {
        open = false;
        while (start < line.Length && line[start] == ' ')
            start++;
        if (options.AllowQuoting && start < line.Length && line[start] == '"')
            return QuotedField(line, ref start, out open);

        int end = line.AsSpan(start).IndexOfAny(options.Separators);
        end = end < 0 ? line.Length : start + end;
        ReadOnlyMemory<char> field = line.AsMemory(start, end - start);
        start = end + 1;
        return options.TrimWhitespace ? field.TrimEnd() : field;
    }

    private ReadOnlyMemory<char> QuotedField(string line, ref int start, out bool open)
    {
        var text = new StringBuilder();
        int at = start + 1;
        for (open = true; at < line.Length; at++)
        {
            if (line[at] == options.EscapeChar && at + 1 < line.Length && line[at + 1] == '"')
                at++;
            else if (line[at] == '"')
            {
                open = false;
                break;
            }
            text.Append(line[at]);
        }

        int end = at >= line.Length ? -1 : line.AsSpan(at).IndexOfAny(options.Separators);
        start = end < 0 ? line.Length + 1 : at + end + 1;
        return text.ToString().AsMemory();
    }

    // "1 2 5 2:6 4:3" is "1 2", then five fields of which number 2 is 6 and number 4 is 3.
    private void SpellOutSparse()
    {
        int first = _fields.FindIndex(field => TrySplitPair(field.Span, out _, out _));
        if (first < 1 || !int.TryParse(_fields[first - 1].Span, NumberStyles.None, CultureInfo.InvariantCulture, out int size))
            return;
        var sparse = new ReadOnlyMemory<char>[size];
        foreach (ReadOnlyMemory<char> field in _fields.Skip(first))
        {
            if (TrySplitPair(field.Span, out int index, out int value) && index < size)
                sparse[index] = field[value..];
        }
        _fields.RemoveRange(first - 1, _fields.Count - first + 1);
        _fields.AddRange(sparse);
    }

    private static bool TrySplitPair(ReadOnlySpan<char> field, out int index, out int valueStart)
    {
        int colon = field.IndexOf(':');
        valueStart = colon + 1;
        index = 0;
        return colon > 0 && int.TryParse(field[..colon], NumberStyles.None, CultureInfo.InvariantCulture, out index);
    }
}
