using System;
using System.Linq.Expressions;
using System.Reflection;

namespace Microsoft.ML.Data;

internal static class MemberSetters
{
    /// <summary>Writes the row's current value of a column into a member.</summary>
    public static Action<TRow> Create<TRow>(MemberInfo member, Type memberType, DataViewRow row, DataViewSchema.Column column)
    {
        ParameterExpression target = Expression.Parameter(typeof(TRow)), value = Expression.Parameter(memberType);
        MemberExpression access = Expression.MakeMemberAccess(target, member);
        Delegate write = Expression.Lambda(typeof(Action<,>).MakeGenericType(typeof(TRow), memberType), Expression.Assign(access, value), target, value).Compile();
        Delegate read = member is PropertyInfo { CanRead: false }
            ? Expression.Lambda(Expression.Default(memberType), target).Compile()
            : Expression.Lambda(access, target).Compile();
        return (Action<TRow>)typeof(MemberSetters).GetMethod(nameof(Create), BindingFlags.Static | BindingFlags.NonPublic)
            .MakeGenericMethod(typeof(TRow), memberType)
            .Invoke(null, BindingFlags.DoNotWrapExceptions, null, [row, column, read, write], null);
    }

    /// <summary>A reader of the row's current value as a user's type: text as string, vectors as arrays; it may use the old value's memory.</summary>
    public static Func<T, T> Reader<T>(DataViewRow row, DataViewSchema.Column column)
    {
        if (typeof(T) == typeof(string))
            return (Func<T, T>)(object)TextReader(row, column);
        if (typeof(T) == typeof(string[]))
            return (Func<T, T>)(object)TextArrayReader(row, column);
        if (typeof(T).IsSZArray && column.Type is VectorDataViewType)
        {
            return (Func<T, T>)typeof(MemberSetters).GetMethod(nameof(ArrayReader), BindingFlags.Static | BindingFlags.NonPublic)
                .MakeGenericMethod(typeof(T).GetElementType())
                .Invoke(null, BindingFlags.DoNotWrapExceptions, null, [row, column], null);
        }
        ValueGetter<T> getter = row.GetGetter<T>(column);
        return old =>
        {
            getter(ref old);
            return old;
        };
    }

    private static Action<TRow> Create<TRow, TMember>(DataViewRow row, DataViewSchema.Column column, Func<TRow, TMember> read, Action<TRow, TMember> write)
    {
        Func<TMember, TMember> reader = Reader<TMember>(row, column);
        return target => write(target, reader(read(target)));
    }

    private static Func<string, string> TextReader(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<ReadOnlyMemory<char>> getter = row.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> text = default;
        return _ =>
        {
            getter(ref text);
            return text.ToString();
        };
    }

    private static Func<string[], string[]> TextArrayReader(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> getter = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
        VBuffer<ReadOnlyMemory<char>> texts = default;
        return old =>
        {
            getter(ref texts);
            string[] result = old?.Length == texts.Length ? old : new string[texts.Length];
            int i = 0;
            foreach (ReadOnlyMemory<char> text in texts.DenseValues())
                result[i++] = text.ToString();
            return result;
        };
    }

    private static Func<T[], T[]> ArrayReader<T>(DataViewRow row, DataViewSchema.Column column)
    {
        ValueGetter<VBuffer<T>> getter = row.GetGetter<VBuffer<T>>(column);
        VBuffer<T> values = default;
        return old =>
        {
            getter(ref values);
            T[] result = old?.Length == values.Length ? old : new T[values.Length];
            values.CopyTo(result);
            return result;
        };
    }
}
