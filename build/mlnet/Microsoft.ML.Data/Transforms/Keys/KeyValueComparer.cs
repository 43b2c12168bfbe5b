namespace Microsoft.ML.Data;

/// <summary>When values count as the same, as missing, and in which order they stand: text by its characters' numbers, the rest naturally.</summary>
internal static class KeyValueComparer
{
    public static IEqualityComparer<T> EqualityOf<T>() =>
        typeof(T) == typeof(ReadOnlyMemory<char>) ? (IEqualityComparer<T>)(object)OrdinalText.Instance : EqualityComparer<T>.Default;

    public static IComparer<T> OrderOf<T>() =>
        typeof(T) == typeof(ReadOnlyMemory<char>) ? (IComparer<T>)(object)OrdinalText.Instance : Comparer<T>.Default;

    /// <summary>NaN, empty text, and key 0.</summary>
    public static bool IsMissing<T>(T value, bool isKey) => value switch
    {
        ReadOnlyMemory<char> text => text.IsEmpty,
        float real => float.IsNaN(real),
        double real => double.IsNaN(real),
        _ => isKey && EqualityComparer<T>.Default.Equals(value, default),
    };

    /// <summary>The value in memory of its own, so that keeping it does not keep a whole file's text.</summary>
    public static T Owned<T>(T value) => value is ReadOnlyMemory<char> text ? (T)(object)text.ToString().AsMemory() : value;

    private sealed class OrdinalText : IEqualityComparer<ReadOnlyMemory<char>>, IComparer<ReadOnlyMemory<char>>
    {
        public static readonly OrdinalText Instance = new();

        public bool Equals(ReadOnlyMemory<char> x, ReadOnlyMemory<char> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<char> obj) => string.GetHashCode(obj.Span);

        public int Compare(ReadOnlyMemory<char> x, ReadOnlyMemory<char> y) => x.Span.SequenceCompareTo(y.Span);
    }
}
