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
    public Delegate CreateGetter(TextLoader.Options options, Func<IReadOnlyList<ReadOnlyMemory<char>>> line) =>
        (Delegate)GenericMethod.Invoke(this, nameof(CreateTypedGetter), ItemType.RawType, options, line);

    private Delegate CreateTypedGetter<T>(TextLoader.Options options, Func<IReadOnlyList<ReadOnlyMemory<char>>> line)
    {
        Func<ReadOnlyMemory<char>, T> parse = FieldParser.Create<T>(ItemType, options);
        T Value(IReadOnlyList<ReadOnlyMemory<char>> fields, int field) => parse(field < fields.Count ? fields[field] : default);
        if (Type is not VectorDataViewType)
            return new ValueGetter<T>((ref T value) => value = Value(line(), _fields[0]));
        return new ValueGetter<VBuffer<T>>((ref VBuffer<T> vector) =>
        {
            IReadOnlyList<ReadOnlyMemory<char>> fields = line();
            int more = _variableFrom == null ? 0 : Math.Max(0, fields.Count - _variableFrom.Value);
            VBufferEditor<T> editor = VBufferEditor.Create(ref vector, _fields.Length + more);
            for (int i = 0; i < _fields.Length; i++)
                editor.Values[i] = Value(fields, _fields[i]);
            for (int i = 0; i < more; i++)
                editor.Values[_fields.Length + i] = Value(fields, _variableFrom.Value + i);
            vector = editor.Commit();
        });
    }
}
