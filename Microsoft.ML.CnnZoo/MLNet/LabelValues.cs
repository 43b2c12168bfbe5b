using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// The values behind a label's keys: the class names, in the type that the label had before MapValueToKey.
/// </summary>
internal abstract class LabelValues
{
    /// <summary>Number of classes.</summary>
    public abstract int Count { get; }

    /// <summary>The values' type; null when the key had no values.</summary>
    public abstract PrimitiveDataViewType? ItemType { get; }

    /// <summary>The value of a class as text.</summary>
    public abstract string Text(int classNumber);

    /// <summary>Adds the values as an annotation, in their own type; nothing when there are none.</summary>
    public abstract void AddTo(DataViewSchema.Annotations.Builder annotations, string kind);

    /// <summary>All values as text.</summary>
    public string[] Texts() => [.. Enumerable.Range(0, Count).Select(Text)];

    /// <summary>
    /// The first class that has another value there; null when there is none, or where one of them has no values.
    /// </summary>
    public int? FirstDifference(LabelValues other) => ItemType is null || other.ItemType is null ? null
        : Enumerable.Range(0, Math.Min(Count, other.Count)).Cast<int?>()
            .FirstOrDefault(c => Text(c!.Value) != other.Text(c.Value));

    /// <summary>The values of a label column (its KeyValues).</summary>
    public static LabelValues Of(DataViewSchema.Column label, int count)
    {
        DataViewType? type = label.Annotations.Schema.GetColumnOrNull(AnnotationUtils.Kinds.KeyValues)?.Type;
        if (type is not VectorDataViewType vector || vector.Size != count)
            return new NumberedLabels(count);
        return Kind.ByType(vector.ItemType)?.Read(label.Annotations) ?? new NumberedLabels(count);
    }

    /// <summary>Class names.</summary>
    public static LabelValues Of(IReadOnlyList<string> names) =>
        new TypedLabels<ReadOnlyMemory<char>>(Kind.Text, [.. names.Select(n => n.AsMemory())]);

    /// <summary>Writes type and values.</summary>
    public abstract void Save(BinaryWriter writer);

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The type is unknown.</exception>
    public static LabelValues Load(BinaryReader reader, int count)
    {
        string kind = reader.ReadString();
        return kind.Length == 0 ? new NumberedLabels(count)
            : Kind.ByName(kind)?.Load(reader, count)
                ?? throw CnnModelFile.Damaged(CnnModelFile.Block, $"its labels are of the unknown type '{kind}'");
    }

    /// <summary>How labels of one type are read, written and shown.</summary>
    private abstract record Kind(string Name, PrimitiveDataViewType Type)
    {
        public static readonly Kind<ReadOnlyMemory<char>> Text = new("String", TextDataViewType.Instance,
            (w, v) => w.Write(v.ToString()), r => r.ReadString().AsMemory(), v => v.ToString());

        private static readonly Kind[] All =
        [
            Text,
            new Kind<bool>("Boolean", BooleanDataViewType.Instance, (w, v) => w.Write(v), r => r.ReadBoolean(),
                v => v ? "True" : "False"),
            new Kind<float>("Single", NumberDataViewType.Single, (w, v) => w.Write(v), r => r.ReadSingle(), Invariant),
            new Kind<double>("Double", NumberDataViewType.Double, (w, v) => w.Write(v), r => r.ReadDouble(), Invariant),
            new Kind<sbyte>("SByte", NumberDataViewType.SByte, (w, v) => w.Write(v), r => r.ReadSByte(), Invariant),
            new Kind<byte>("Byte", NumberDataViewType.Byte, (w, v) => w.Write(v), r => r.ReadByte(), Invariant),
            new Kind<short>("Int16", NumberDataViewType.Int16, (w, v) => w.Write(v), r => r.ReadInt16(), Invariant),
            new Kind<ushort>("UInt16", NumberDataViewType.UInt16, (w, v) => w.Write(v), r => r.ReadUInt16(), Invariant),
            new Kind<int>("Int32", NumberDataViewType.Int32, (w, v) => w.Write(v), r => r.ReadInt32(), Invariant),
            new Kind<uint>("UInt32", NumberDataViewType.UInt32, (w, v) => w.Write(v), r => r.ReadUInt32(), Invariant),
            new Kind<long>("Int64", NumberDataViewType.Int64, (w, v) => w.Write(v), r => r.ReadInt64(), Invariant),
            new Kind<ulong>("UInt64", NumberDataViewType.UInt64, (w, v) => w.Write(v), r => r.ReadUInt64(), Invariant),
            new Kind<DateTime>("DateTime", DateTimeDataViewType.Instance, (w, v) => w.Write(v.ToBinary()),
                r => DateTime.FromBinary(r.ReadInt64()), v => v.ToString("s", CultureInfo.InvariantCulture)),
            new Kind<TimeSpan>("TimeSpan", TimeSpanDataViewType.Instance, (w, v) => w.Write(v.Ticks),
                r => new TimeSpan(r.ReadInt64()), v => v.ToString("c", CultureInfo.InvariantCulture)),
        ];

        public static Kind? ByType(DataViewType type) => Array.Find(All, k => k.Type.Equals(type));
        public static Kind? ByName(string name) => Array.Find(All, k => k.Name == name);

        public abstract LabelValues Read(DataViewSchema.Annotations annotations);
        public abstract LabelValues Load(BinaryReader reader, int count);

        private static string Invariant<T>(T value) where T : IFormattable =>
            value.ToString(null, CultureInfo.InvariantCulture);
    }

    private sealed record Kind<T>(string Name, PrimitiveDataViewType Type, Action<BinaryWriter, T> WriteValue,
        Func<BinaryReader, T> ReadValue, Func<T, string> Show) : Kind(Name, Type)
    {
        public override LabelValues Read(DataViewSchema.Annotations annotations)
        {
            VBuffer<T> values = default;
            annotations.GetValue(AnnotationUtils.Kinds.KeyValues, ref values);
            return new TypedLabels<T>(this, [.. values.DenseValues()]);
        }

        public override LabelValues Load(BinaryReader reader, int count)
        {
            var values = new T[count];
            for (int i = 0; i < count; i++)
                values[i] = ReadValue(reader);
            return new TypedLabels<T>(this, values);
        }
    }

    private sealed class TypedLabels<T>(Kind<T> kind, T[] values) : LabelValues
    {
        public override int Count => values.Length;
        public override PrimitiveDataViewType ItemType => kind.Type;
        public override string Text(int classNumber) => kind.Show(values[classNumber]);

        public override void AddTo(DataViewSchema.Annotations.Builder annotations, string name) =>
            annotations.Add(name, new VectorDataViewType(kind.Type, values.Length),
                (ref VBuffer<T> target) => new VBuffer<T>(values.Length, values).CopyTo(ref target));

        public override void Save(BinaryWriter writer)
        {
            writer.Write(kind.Name);
            foreach (T value in values)
                kind.WriteValue(writer, value);
        }
    }

    /// <summary>Keys without values: classes are called by number, from 0, as ML.NET's evaluator does.</summary>
    private sealed class NumberedLabels(int count) : LabelValues
    {
        public override int Count => count;
        public override PrimitiveDataViewType? ItemType => null;
        public override string Text(int classNumber) => classNumber.ToString(CultureInfo.InvariantCulture);
        public override void AddTo(DataViewSchema.Annotations.Builder annotations, string kind) { }
        public override void Save(BinaryWriter writer) => writer.Write("");
    }
}
