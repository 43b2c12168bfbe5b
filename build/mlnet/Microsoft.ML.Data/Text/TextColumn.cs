namespace Microsoft.ML.Data;

/// <summary>A column of a text loader, bound to fields: scalar, vector of fixed fields, or vector of all fields from one on.</summary>
internal sealed class TextColumn
{
    private readonly int[] _fields;
    private readonly int? _variableFrom;

    /// <param name="column">The column as the user gave it.</param>
    /// <param name="itemType">The type of a value.</param>
    /// <param name="fields">The fields, in order.</param>
    /// <param name="variableFrom">The field from which on all are taken besides, or null.</param>
    /// <param name="isVector">Whether even one field is a vector.</param>
    public TextColumn(TextLoader.Column column, PrimitiveDataViewType itemType, int[] fields, int? variableFrom, bool isVector)
    {
        Name = column.Name;
        _fields = fields;
        _variableFrom = variableFrom;
        ItemType = itemType;
        Type = !isVector ? itemType
            : new VectorDataViewType(itemType, variableFrom != null ? 0 : fields.Length);
    }

    public string Name { get; }

    public PrimitiveDataViewType ItemType { get; }

    public DataViewType Type { get; }

    /// <summary>The column of the schema; the header's fields are the slot names of a vector.</summary>
    public DataViewSchema.DetachedColumn Describe(string[] header)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        if (Type is VectorDataViewType { IsKnownSize: true } && Array.Exists(_fields, field => field < header.Length && header[field].Length > 0))
        {
            annotations.AddVector(AnnotationUtils.Kinds.SlotNames, TextDataViewType.Instance,
                Array.ConvertAll(_fields, field => field < header.Length ? header[field].AsMemory() : default));
        }
        return new DataViewSchema.DetachedColumn(Name, Type, annotations.ToAnnotations());
    }

    /// <summary>A <see cref="ValueGetter{TValue}"/> of the column over the fields of the present line.</summary>
    public Delegate CreateGetter(TextLoader.Options options, Func<TextRow> row) =>
        (Delegate)GenericMethod.Invoke(this, nameof(CreateTypedGetter), ItemType.RawType, options, row);

    private Delegate CreateTypedGetter<T>(TextLoader.Options options, Func<TextRow> row)
    {
        Func<ReadOnlyMemory<char>, T> parse = FieldParser.Create<T>(ItemType, options);
        if (Type is not VectorDataViewType)
            return new ValueGetter<T>((ref T value) => value = Value(row(), _fields[0], parse));
        return new ValueGetter<VBuffer<T>>((ref VBuffer<T> vector) =>
        {
            TextRow current = row();
            int more = _variableFrom == null ? 0 : Math.Max(0, current.Fields.Count - _variableFrom.Value);
            VBufferEditor<T> editor = VBufferEditor.Create(ref vector, _fields.Length + more);
            for (int i = 0; i < _fields.Length; i++)
                editor.Values[i] = Value(current, _fields[i], parse);
            for (int i = 0; i < more; i++)
                editor.Values[_fields.Length + i] = Value(current, _variableFrom.Value + i, parse);
            vector = editor.Commit();
        });
    }

    private T Value<T>(TextRow row, int field, Func<ReadOnlyMemory<char>, T> parse)
    {
        try
        {
            return parse(field < row.Fields.Count ? row.Fields[field] : default);
        }
        catch (InvalidOperationException ex)
        {
            throw new InvalidOperationException($"{ex.Message} in line {row.Line}, column {Name}", ex);
        }
    }
}

/// <summary>The fields of a line and its number in the file, from 1.</summary>
internal readonly record struct TextRow(IReadOnlyList<ReadOnlyMemory<char>> Fields, long Line);
