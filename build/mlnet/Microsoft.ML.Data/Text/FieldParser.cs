using System.Globalization;

namespace Microsoft.ML.Data;

/// <summary>Reads a field as a value; a field that is no such value is missing: NaN, key 0 or the default.</summary>
internal static class FieldParser
{
    public static Func<ReadOnlyMemory<char>, T> Create<T>(PrimitiveDataViewType type, TextLoader.Options options)
    {
        if (type is KeyDataViewType key)
            return field => ParseKey<T>(field.Span, key.Count);
        TextParser<T> parse = TextParsers.For<T>();
        bool real = typeof(T) == typeof(float) || typeof(T) == typeof(double);
        T empty = real && options.MissingRealsAsNaNs ? ValueConversions.Missing<T>() : default;
        bool comma = real && options.DecimalMarker == ',';
        return field =>
        {
            if (field.IsEmpty)
                return empty;
            if (comma)
                field = field.ToString().Replace('.', '?').Replace(',', '.').AsMemory();
            return parse(field, out T value) ? value : ValueConversions.Missing<T>();
        };
    }

    // The text counts from 0, the key from 1.
    private static T ParseKey<T>(ReadOnlySpan<char> field, ulong count)
    {
        ulong key = ulong.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number < count ? number + 1 : 0;
        return (T)Convert.ChangeType(key, typeof(T), CultureInfo.InvariantCulture);
    }
}
