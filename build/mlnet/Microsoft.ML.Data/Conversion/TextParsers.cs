using System.Globalization;

namespace Microsoft.ML.Data;

/// <summary>Reads a value from the whole of a text; false if the text is no such value.</summary>
internal delegate bool TextParser<T>(ReadOnlyMemory<char> text, out T value);

/// <summary>How texts become values, culture-independent: no surrounding blanks, "?", "NaN" and "NA" for a missing real.</summary>
internal static class TextParsers
{
    private const NumberStyles Real = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
    private const NumberStyles Integer = NumberStyles.AllowLeadingSign;

    private static readonly string[] True = ["1", "+1", "+", "true", "yes", "t", "y"];
    private static readonly string[] False = ["0", "-1", "-", "false", "no", "f", "n"];
    private static readonly string[] MissingReals = ["?", "NaN", "NA"];

    private static readonly Dictionary<Type, Delegate> Parsers = new()
    {
        [typeof(sbyte)] = IntegerParser<sbyte>(),
        [typeof(short)] = IntegerParser<short>(),
        [typeof(int)] = IntegerParser<int>(),
        [typeof(long)] = IntegerParser<long>(),
        [typeof(byte)] = IntegerParser<byte>(),
        [typeof(ushort)] = IntegerParser<ushort>(),
        [typeof(uint)] = IntegerParser<uint>(),
        [typeof(ulong)] = IntegerParser<ulong>(),
        [typeof(float)] = RealParser(float.NaN),
        [typeof(double)] = RealParser(double.NaN),
        [typeof(bool)] = (TextParser<bool>)ParseBoolean,
        [typeof(ReadOnlyMemory<char>)] = (TextParser<ReadOnlyMemory<char>>)((ReadOnlyMemory<char> text, out ReadOnlyMemory<char> value) =>
        {
            value = text;
            return true;
        }),
        [typeof(TimeSpan)] = (TextParser<TimeSpan>)((ReadOnlyMemory<char> text, out TimeSpan value) =>
            TimeSpan.TryParse(text.Span, CultureInfo.InvariantCulture, out value) || text.IsEmpty),
        [typeof(DateTime)] = (TextParser<DateTime>)((ReadOnlyMemory<char> text, out DateTime value) =>
            DateTime.TryParse(text.Span, CultureInfo.InvariantCulture, DateTimeStyles.None, out value) || text.IsEmpty),
        [typeof(DateTimeOffset)] = (TextParser<DateTimeOffset>)((ReadOnlyMemory<char> text, out DateTimeOffset value) =>
            DateTimeOffset.TryParse(text.Span, CultureInfo.InvariantCulture, DateTimeStyles.None, out value) || text.IsEmpty),
    };

    /// <summary>The parser for a type of values; an empty text gives every type's default.</summary>
    public static TextParser<T> For<T>() => Parsers.TryGetValue(typeof(T), out Delegate parser)
        ? (TextParser<T>)parser
        : throw new InvalidOperationException($"No conversion from String to {typeof(T)}");

    public static bool Knows(Type type) => Parsers.ContainsKey(type);

    private static TextParser<T> IntegerParser<T>() where T : struct, ISpanParsable<T>, System.Numerics.INumberBase<T> =>
        (ReadOnlyMemory<char> text, out T value) =>
        {
            value = default;
            return text.IsEmpty || T.TryParse(text.Span, Integer, CultureInfo.InvariantCulture, out value);
        };

    private static TextParser<T> RealParser<T>(T missing) where T : struct, System.Numerics.INumberBase<T> =>
        (ReadOnlyMemory<char> text, out T value) =>
        {
            value = default;
            if (text.IsEmpty || T.TryParse(text.Span, Real, CultureInfo.InvariantCulture, out value))
                return true;
            value = missing;
            return IsOneOf(text.Span, MissingReals);
        };

    private static bool ParseBoolean(ReadOnlyMemory<char> text, out bool value)
    {
        value = IsOneOf(text.Span, True);
        return value || text.IsEmpty || IsOneOf(text.Span, False);
    }

    private static bool IsOneOf(ReadOnlySpan<char> text, string[] words)
    {
        foreach (string word in words)
        {
            if (text.Equals(word, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }
}
