using System;
using System.Linq.Expressions;
using System.Reflection;

namespace Microsoft.ML.Data;

internal static class MemberGetters
{
    /// <summary>A getter of a member of whatever row <paramref name="current"/> gives.</summary>
    public static Delegate Create<TRow>(MemberBinding binding, Func<TRow> current)
    {
        ParameterExpression row = Expression.Parameter(typeof(TRow));
        Delegate read = Expression.Lambda(Expression.MakeMemberAccess(row, binding.Member), row).Compile();
        return (Delegate)Call(nameof(OfMember), [typeof(TRow), binding.MemberType], binding.ColumnType, current, read);
    }

    /// <summary>A getter of one value, with the conversions that members have.</summary>
    public static Delegate OfConstant<T>(T value, DataViewType type)
    {
        if (!MemberBinding.CanHold(typeof(T), type))
            throw new ArgumentOutOfRangeException(nameof(type), $"A value of {typeof(T)} cannot be {type}.");
        return OfSource(type, () => value);
    }

    private static Delegate OfMember<TRow, TMember>(DataViewType type, Func<TRow> current, Func<TRow, TMember> read) =>
        OfSource(type, () => read(current()));

    private static Delegate OfSource<TMember>(DataViewType type, Func<TMember> read)
    {
        if (read is Func<string> readText)
            return (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> destination) => destination = readText().AsMemory());
        if (read is Func<string[]> readTexts)
            return OfTexts(type.ValueCountOf(), readTexts);
        Type item = type is VectorDataViewType ? MemberBinding.VectorItemOf(typeof(TMember)) : null;
        if (item == null)
            return OfValue(type as KeyDataViewType, read);
        string name = typeof(TMember).IsArray ? nameof(OfArray) : nameof(OfVector);
        return (Delegate)Call(name, [item], type, read);
    }

    private static ValueGetter<T> OfValue<T>(KeyDataViewType key, Func<T> read)
    {
        if (key == null)
            return (ref T destination) => destination = read();
        Func<T, T> limit = Limit<T>(key.Count);
        return (ref T destination) => destination = limit(read());
    }

    private static ValueGetter<VBuffer<ReadOnlyMemory<char>>> OfTexts(int size, Func<string[]> read) => (ref VBuffer<ReadOnlyMemory<char>> destination) =>
    {
        string[] texts = read();
        VBufferEditor<ReadOnlyMemory<char>> editor = VBufferEditor.Create(ref destination, texts?.Length ?? size);
        if (texts == null)
            editor.Values.Clear();
        for (int i = 0; i < texts?.Length; i++)
            editor.Values[i] = texts[i].AsMemory();
        destination = editor.Commit();
    };

    private static ValueGetter<VBuffer<T>> OfArray<T>(DataViewType type, Func<T[]> read)
    {
        int size = type.ValueCountOf();
        Func<T, T> limit = type.ItemTypeOf() is KeyDataViewType key ? Limit<T>(key.Count) : null;
        return (ref VBuffer<T> destination) =>
        {
            T[] values = read();
            VBufferEditor<T> editor = VBufferEditor.Create(ref destination, values?.Length ?? size);
            if (values == null)
                editor.Values.Clear();
            else
                values.CopyTo(editor.Values);
            Apply(limit, editor.Values);
            destination = editor.Commit();
        };
    }

    private static ValueGetter<VBuffer<T>> OfVector<T>(DataViewType type, Func<VBuffer<T>> read)
    {
        Func<T, T> limit = type.ItemTypeOf() is KeyDataViewType key ? Limit<T>(key.Count) : null;
        return (ref VBuffer<T> destination) =>
        {
            read().CopyTo(ref destination);
            VBufferEditor<T> editor = VBufferEditor.CreateFromBuffer(ref destination);
            Apply(limit, editor.Values);
            destination = editor.Commit();
        };
    }

    private static void Apply<T>(Func<T, T> limit, Span<T> values)
    {
        if (limit == null)
            return;
        foreach (ref T value in values)
            value = limit(value);
    }

    /// <summary>Keys above the count become missing.</summary>
    private static Func<T, T> Limit<T>(ulong count)
    {
        Delegate limit = Type.GetTypeCode(typeof(T)) switch
        {
            TypeCode.Byte => (Func<byte, byte>)(v => v > count ? (byte)0 : v),
            TypeCode.UInt16 => (Func<ushort, ushort>)(v => v > count ? (ushort)0 : v),
            TypeCode.UInt32 => (Func<uint, uint>)(v => v > count ? 0 : v),
            TypeCode.UInt64 => (Func<ulong, ulong>)(v => v > count ? 0 : v),
            _ => throw new InvalidOperationException($"Keys are not stored as {typeof(T)}."),
        };
        return (Func<T, T>)limit;
    }

    private static object Call(string method, Type[] typeArguments, params object[] arguments) =>
        typeof(MemberGetters).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic).MakeGenericMethod(typeArguments)
            .Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null);
}
