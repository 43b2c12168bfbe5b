namespace Microsoft.ML.Data;

/// <summary>Finds the fields of the columns of a text loader.</summary>
internal static class TextColumnBinder
{
    public static TextColumn[] Bind(TextLoader.Column[] columns, int? inputSize)
    {
        var taken = new HashSet<int>(columns.SelectMany(column => column.Source.Where(range => !range.AllOther).SelectMany(range => Fields(column, range, inputSize))));
        return Array.ConvertAll(columns, column => Bind(column, taken, inputSize));
    }

    private static TextColumn Bind(TextLoader.Column column, HashSet<int> taken, int? inputSize)
    {
        List<int> fields = [];
        int? variableFrom = null;
        foreach (TextLoader.Range range in column.Source)
        {
            if (range.VariableEnd)
                variableFrom = range.Min;
            else if (range.AllOther)
                fields.AddRange(Enumerable.Range(range.Min, Math.Max(0, SizeFor(column, inputSize) - range.Min)).Where(field => !taken.Contains(field)));
            else
                fields.AddRange(Fields(column, range, inputSize));
        }
        bool isVector = fields.Count != 1 || variableFrom != null
            || Array.Exists(column.Source, range => range.ForceVector || range.AutoEnd || range.AllOther);
        if (fields.Count == 0 && variableFrom == null)
            throw new InvalidOperationException($"Column '{column.Name}' has no fields");
        return new TextColumn(column, ItemType(column), [.. fields], variableFrom, isVector);
    }

    private static IEnumerable<int> Fields(TextLoader.Column column, TextLoader.Range range, int? inputSize)
    {
        if (range.VariableEnd)
            return [];
        int last = range.AutoEnd ? SizeFor(column, inputSize) - 1 : range.Max ?? range.Min;
        return Enumerable.Range(range.Min, Math.Max(0, last - range.Min + 1));
    }

    private static int SizeFor(TextLoader.Column column, int? inputSize) => inputSize
        ?? throw new InvalidOperationException($"Column '{column.Name}' goes on to the end of a line, but the number of fields is not known: give InputSize or data to look at");

    private static PrimitiveDataViewType ItemType(TextLoader.Column column)
    {
        Type raw = ColumnTypes.RawTypeOf(column.DataKind);
        if (column.KeyCount == null)
            return ColumnTypes.PrimitiveOf(raw);
        if (!KeyDataViewType.IsValidDataType(raw))
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' cannot have keys of {column.DataKind}");
        ulong largest = raw == typeof(byte) ? byte.MaxValue : raw == typeof(ushort) ? ushort.MaxValue : raw == typeof(uint) ? uint.MaxValue : ulong.MaxValue;
        return new KeyDataViewType(raw, column.KeyCount.Count ?? largest);
    }
}
