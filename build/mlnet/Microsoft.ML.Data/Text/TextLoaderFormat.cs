namespace Microsoft.ML.Data;

/// <summary>Copies, saves and loads the options of a text loader.</summary>
internal static class TextLoaderFormat
{
    public static VersionInfo Version => ModelFormat.Of("TXTLOADR", TextLoader.LoaderSignature, typeof(TextLoader));

    /// <summary>A deep copy, with Label and Features where no columns are given.</summary>
    public static TextLoader.Options Copy(TextLoader.Options options)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        TextLoader.Column[] columns = options.Columns is { Length: > 0 } given ? given
            : [new TextLoader.Column("Label", DataKind.Single, 0), new TextLoader.Column("Features", DataKind.Single, [new TextLoader.Range(1, null)])];
        Write(writer, options, columns);
        stream.Position = 0;
        using var reader = new BinaryReader(stream);
        return Read(reader);
    }

    public static void Save(BinaryWriter writer, TextLoader.Options options, string[] header, int? inputSize)
    {
        Write(writer, options, options.Columns);
        WriteArray(writer, header, writer.Write);
        writer.Write(inputSize ?? -1);
    }

    public static (TextLoader.Options Options, string[] Header, int? InputSize) Load(BinaryReader reader)
    {
        TextLoader.Options options = Read(reader);
        string[] header = ReadArray(reader, reader.ReadString);
        return (options, header, OrNull(reader.ReadInt32()));
    }

    private static void Write(BinaryWriter writer, TextLoader.Options options, TextLoader.Column[] columns)
    {
        foreach (bool flag in new[] { options.AllowQuoting, options.AllowSparse, options.TrimWhitespace, options.HasHeader, options.UseThreads, options.ReadMultilines, options.MissingRealsAsNaNs })
            writer.Write(flag);
        writer.Write(options.InputSize ?? -1);
        writer.Write(new string(options.Separators is { Length: > 0 } separators ? separators : ['\t']));
        writer.Write(options.HeaderFile ?? "");
        writer.Write(options.MaxRows ?? -1);
        writer.Write((short)options.EscapeChar);
        writer.Write((short)options.DecimalMarker);
        WriteArray(writer, columns, column => Write(writer, column));
    }

    private static TextLoader.Options Read(BinaryReader reader) => new()
    {
        AllowQuoting = reader.ReadBoolean(),
        AllowSparse = reader.ReadBoolean(),
        TrimWhitespace = reader.ReadBoolean(),
        HasHeader = reader.ReadBoolean(),
        UseThreads = reader.ReadBoolean(),
        ReadMultilines = reader.ReadBoolean(),
        MissingRealsAsNaNs = reader.ReadBoolean(),
        InputSize = OrNull(reader.ReadInt32()),
        Separators = reader.ReadString().ToCharArray(),
        HeaderFile = reader.ReadString() is { Length: > 0 } file ? file : null,
        MaxRows = reader.ReadInt64() is >= 0 and long rows ? rows : null,
        EscapeChar = (char)reader.ReadInt16(),
        DecimalMarker = (char)reader.ReadInt16(),
        Columns = ReadArray(reader, () => ReadColumn(reader)),
    };

    private static void Write(BinaryWriter writer, TextLoader.Column column)
    {
        ArgumentException.ThrowIfNullOrEmpty(column.Name);
        if (column.Source is not { Length: > 0 })
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' has no source");
        writer.Write(column.Name);
        writer.Write((byte)column.DataKind);
        writer.Write(column.KeyCount != null);
        writer.Write(column.KeyCount?.Count ?? 0);
        WriteArray(writer, column.Source, range => Write(writer, range));
    }

    private static TextLoader.Column ReadColumn(BinaryReader reader)
    {
        string name = reader.ReadString();
        var kind = (DataKind)reader.ReadByte();
        bool isKey = reader.ReadBoolean();
        ulong count = reader.ReadUInt64();
        KeyCount keyCount = !isKey ? null : count == 0 ? new KeyCount() : new KeyCount(count);
        return new TextLoader.Column(name, kind, ReadArray(reader, () => ReadRange(reader)), keyCount);
    }

    private static void Write(BinaryWriter writer, TextLoader.Range range)
    {
        writer.Write(range.Min);
        writer.Write(range.Max ?? -1);
        foreach (bool flag in new[] { range.AutoEnd, range.VariableEnd, range.AllOther, range.ForceVector })
            writer.Write(flag);
    }

    private static TextLoader.Range ReadRange(BinaryReader reader) => new()
    {
        Min = reader.ReadInt32(),
        Max = OrNull(reader.ReadInt32()),
        AutoEnd = reader.ReadBoolean(),
        VariableEnd = reader.ReadBoolean(),
        AllOther = reader.ReadBoolean(),
        ForceVector = reader.ReadBoolean(),
    };

    private static int? OrNull(int number) => number < 0 ? null : number;

    private static void WriteArray<T>(BinaryWriter writer, T[] items, Action<T> write)
    {
        writer.Write(items.Length);
        Array.ForEach(items, write);
    }

    private static T[] ReadArray<T>(BinaryReader reader, Func<T> read)
    {
        int count = reader.ReadInt32();
        if (count < 0 || count > reader.BaseStream.Length)
            throw new FormatException($"Corrupt model file: a count of {count}");
        var items = new T[count];
        for (int i = 0; i < count; i++)
            items[i] = read();
        return items;
    }
}
