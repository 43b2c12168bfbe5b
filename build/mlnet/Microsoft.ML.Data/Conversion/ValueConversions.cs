using System.Globalization;
using System.Numerics;

namespace Microsoft.ML.Data;

/// <summary>Turns a value of one type into one of another.</summary>
internal delegate void ValueConversion<TSource, TDestination>(in TSource source, ref TDestination destination);

/// <summary>
/// ML.NET's standard conversions: integers to wider ones of the same sign and to reals, reals to reals, Boolean to signed
/// numbers and reals, time to 64-bit ticks and reals, text to everything (what does not parse is missing), everything to text.
/// </summary>
internal static class ValueConversions
{
    private static readonly Dictionary<(Type, Type), Delegate> Standard = CreateStandard();

    /// <summary>The conversion between two item types, or null. A key converts to unsigned integers only, by its physical value.</summary>
    public static Delegate Find(DataViewType source, DataViewType destination)
    {
        if (source is KeyDataViewType && !IsUnsigned(destination))
            return null;
        if (destination is KeyDataViewType)
            return null;
        return Standard.GetValueOrDefault((source.RawType, destination.RawType));
    }

    /// <summary>The text of a value as ML.NET writes it.</summary>
    public static string ToText<T>(T value) => value switch
    {
        ReadOnlyMemory<char> text => text.ToString(),
        bool flag => flag ? "1" : "0",
        float real => float.IsNaN(real) ? "" : real.ToString("R", CultureInfo.InvariantCulture),
        double real => double.IsNaN(real) ? "" : real.ToString("R", CultureInfo.InvariantCulture),
        DateTime time => time.ToString("o", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.ToString("o", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value?.ToString() ?? "",
    };

    /// <summary>NaN for reals, the default otherwise.</summary>
    public static T Missing<T>()
    {
        if (typeof(T) == typeof(float))
            return (T)(object)float.NaN;
        return typeof(T) == typeof(double) ? (T)(object)double.NaN : default;
    }

    private static bool IsUnsigned(DataViewType type) =>
        type == NumberDataViewType.Byte || type == NumberDataViewType.UInt16 || type == NumberDataViewType.UInt32 || type == NumberDataViewType.UInt64;

    private static Dictionary<(Type, Type), Delegate> CreateStandard()
    {
        var table = new Dictionary<(Type, Type), Delegate>();
        AddNumber<sbyte>(table).To<short>().To<int>().To<long>().To<float>().To<double>();
        AddNumber<short>(table).To<int>().To<long>().To<float>().To<double>();
        AddNumber<int>(table).To<long>().To<float>().To<double>();
        AddNumber<long>(table).To<float>().To<double>();
        AddNumber<byte>(table).To<ushort>().To<uint>().To<ulong>().To<float>().To<double>();
        AddNumber<ushort>(table).To<uint>().To<ulong>().To<float>().To<double>();
        AddNumber<uint>(table).To<ulong>().To<float>().To<double>();
        AddNumber<ulong>(table).To<float>().To<double>();
        AddNumber<float>(table).To<double>();
        AddNumber<double>(table).To<float>();
        AddBoolean<sbyte>(table);
        AddBoolean<short>(table);
        AddBoolean<int>(table);
        AddBoolean<long>(table);
        AddBoolean<float>(table);
        AddBoolean<double>(table);
        AddOther<bool>(table);
        AddOther<ReadOnlyMemory<char>>(table);
        AddOther<DataViewRowId>(table);
        AddTicks<TimeSpan>(table, time => time.Ticks);
        AddTicks<DateTime>(table, time => time.Ticks);
        AddTicks<DateTimeOffset>(table, time => time.UtcTicks);
        return table;
    }

    private static void Add<TSource, TDestination>(Dictionary<(Type, Type), Delegate> table, ValueConversion<TSource, TDestination> conversion) =>
        table[(typeof(TSource), typeof(TDestination))] = conversion;

    private static void AddOther<T>(Dictionary<(Type, Type), Delegate> table)
    {
        Add(table, (in T source, ref T destination) => destination = source);
        if (typeof(T) == typeof(ReadOnlyMemory<char>))
            return;
        Add(table, (in T source, ref ReadOnlyMemory<char> destination) => destination = ToText(source).AsMemory());
        if (TextParsers.Knows(typeof(T)))
        {
            TextParser<T> parse = TextParsers.For<T>();
            Add(table, (in ReadOnlyMemory<char> source, ref T destination) =>
                destination = parse(source, out T value) ? value : Missing<T>());
        }
    }

    private static NumberConversions<T> AddNumber<T>(Dictionary<(Type, Type), Delegate> table) where T : struct, INumberBase<T>
    {
        AddOther<T>(table);
        return new NumberConversions<T>(table);
    }

    private static void AddBoolean<T>(Dictionary<(Type, Type), Delegate> table) where T : INumberBase<T> =>
        Add(table, (in bool source, ref T destination) => destination = source ? T.One : T.Zero);

    private static void AddTicks<T>(Dictionary<(Type, Type), Delegate> table, Func<T, long> ticks)
    {
        AddOther<T>(table);
        Add(table, (in T source, ref long destination) => destination = ticks(source));
        Add(table, (in T source, ref float destination) => destination = ticks(source));
        Add(table, (in T source, ref double destination) => destination = ticks(source));
    }

    private readonly struct NumberConversions<TSource>(Dictionary<(Type, Type), Delegate> table) where TSource : INumberBase<TSource>
    {
        public NumberConversions<TSource> To<TDestination>() where TDestination : INumberBase<TDestination>
        {
            Add(table, (in TSource source, ref TDestination destination) => destination = TDestination.CreateSaturating(source));
            return this;
        }
    }
}
