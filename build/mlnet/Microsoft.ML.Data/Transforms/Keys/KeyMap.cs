namespace Microsoft.ML.Data;

/// <summary>Which value has which key: the trained state of a value-to-key mapping of one column.</summary>
internal abstract class KeyMap
{
    /// <summary>The type of the values; for an input that is itself a key, the key type.</summary>
    public abstract PrimitiveDataViewType ItemType { get; }

    public abstract int Count { get; }

    public static bool IsSupported(DataViewType itemType) =>
        itemType is KeyDataViewType || (itemType is PrimitiveDataViewType && TextParsers.Knows(itemType.RawType));

    /// <summary>Trains on a column of a row; the function returned is called for every row, and the map made after the last.</summary>
    public static KeyMapBuilder CreateBuilder(DataViewRow row, DataViewSchema.Column column) =>
        (KeyMapBuilder)GenericMethod.InvokeStatic(typeof(KeyMap), nameof(CreateTypedBuilder), column.Type.ItemTypeOf().RawType, row, column);

    /// <summary>The keys of a scalar or vector column of <see cref="ItemType"/>; values without a key give 0.</summary>
    public abstract Delegate CreateGetter(DataViewRow row, DataViewSchema.Column column);

    /// <summary>Adds the values in the order of their keys as the annotation KeyValues, unless there are none.</summary>
    public abstract void AddKeyValues(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column input, bool asText);

    public abstract void Save(BinaryWriter writer);

    public static KeyMap Load(BinaryReader reader)
    {
        DataKind kind = (DataKind)reader.ReadByte();
        ulong keyCount = reader.ReadUInt64();
        PrimitiveDataViewType item = ColumnTypes.PrimitiveOf(kind);
        if (keyCount > 0)
            item = new KeyDataViewType(item.RawType, keyCount);
        return (KeyMap)GenericMethod.InvokeStatic(typeof(KeyMap), nameof(LoadTyped), item.RawType, item, reader);
    }

    private static KeyMapBuilder<T> CreateTypedBuilder<T>(DataViewRow row, DataViewSchema.Column column) => new(row, column);

    private static KeyMap<T> LoadTyped<T>(PrimitiveDataViewType item, BinaryReader reader)
    {
        var values = new T[reader.ReadInt32()];
        for (int i = 0; i < values.Length; i++)
            values[i] = BinaryValues.Read<T>(reader);
        return new KeyMap<T>(item, values);
    }
}

/// <inheritdoc/>
internal sealed class KeyMap<T> : KeyMap
{
    private readonly T[] _values;
    private readonly Dictionary<T, uint> _keys;

    /// <param name="itemType">The type of the values.</param>
    /// <param name="values">Distinct and not missing; the first gets key 1.</param>
    public KeyMap(PrimitiveDataViewType itemType, T[] values)
    {
        ItemType = itemType;
        _values = values;
        _keys = new Dictionary<T, uint>(values.Length, KeyValueComparer.EqualityOf<T>());
        foreach (T value in values)
            _keys.Add(value, (uint)_keys.Count + 1);
    }

    public override PrimitiveDataViewType ItemType { get; }

    public override int Count => _values.Length;

    public override Delegate CreateGetter(DataViewRow row, DataViewSchema.Column column)
    {
        bool isKey = ItemType is KeyDataViewType;
        void Map(in T value, ref uint key)
        {
            if (KeyValueComparer.IsMissing(value, isKey) || !_keys.TryGetValue(value, out key))
                key = 0;
        }
        return ItemGetters.Create<T, uint>(row, column, Map, keepsDefault: isKey || !_keys.ContainsKey(default));
    }

    public override void AddKeyValues(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column input, bool asText)
    {
        if (Count == 0)
            return;
        if (ItemType is KeyDataViewType)
            AddValuesOfKeys(annotations, input, asText);
        else
            Add(annotations, ItemType, _values, asText);
    }

    public override void Save(BinaryWriter writer)
    {
        writer.Write((byte)ColumnTypes.KindOrNull(typeof(T)).Value);
        writer.Write(ItemType is KeyDataViewType key ? key.Count : 0);
        writer.Write(_values.Length);
        foreach (T value in _values)
            BinaryValues.Write(writer, value);
    }

    private static void Add<TValue>(DataViewSchema.Annotations.Builder annotations, PrimitiveDataViewType type, TValue[] values, bool asText)
    {
        if (asText && type is not TextDataViewType)
            annotations.AddVector(AnnotationUtils.Kinds.KeyValues, TextDataViewType.Instance, Array.ConvertAll(values, value => ValueConversions.ToText(value).AsMemory()));
        else
            annotations.AddVector(AnnotationUtils.Kinds.KeyValues, type, values);
    }

    // What an input key stands for, if its column says so, otherwise the key itself.
    private void AddValuesOfKeys(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column input, bool asText)
    {
        int[] indices = Array.ConvertAll(_values, key => checked((int)(Convert.ToUInt64(key, null) - 1)));
        if (input.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.KeyValues) is { Type: VectorDataViewType type } && type.Size > indices.Max())
            GenericMethod.Invoke(this, nameof(AddInner), type.ItemType.RawType, annotations, input, type.ItemType, indices, asText);
        else
            Add(annotations, NumberDataViewType.UInt32, Array.ConvertAll(indices, index => (uint)index + 1), asText);
    }

    private void AddInner<TValue>(DataViewSchema.Annotations.Builder annotations, DataViewSchema.Column input, PrimitiveDataViewType type, int[] indices, bool asText)
    {
        VBuffer<TValue> values = default;
        input.Annotations.GetValue(AnnotationUtils.Kinds.KeyValues, ref values);
        TValue[] dense = [.. values.DenseValues()];
        Add(annotations, type, Array.ConvertAll(indices, index => dense[index]), asText);
    }
}
