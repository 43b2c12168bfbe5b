using System;

namespace Microsoft.ML.Data;

/// <summary>Makes editors, through which a vector's arrays are filled and reused.</summary>
public static class VBufferEditor
{
    /// <summary>An editor over the vector as it is.</summary>
    public static VBufferEditor<T> CreateFromBuffer<T>(ref VBuffer<T> destination) =>
        Create(ref destination, destination.Length, destination.Count, keepOldOnResize: true);

    /// <summary>An editor for a vector of the given length, with the arrays of the old one where they are large enough.</summary>
    public static VBufferEditor<T> Create<T>(
        ref VBuffer<T> destination,
        int newLogicalLength,
        int? valuesCount = null,
        int? maxValuesCapacity = null,
        bool keepOldOnResize = false,
        bool requireIndicesOnDense = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(newLogicalLength);
        int count = valuesCount ?? newLogicalLength;
        if (count < 0 || count > newLogicalLength)
            throw new ArgumentOutOfRangeException(nameof(valuesCount), $"The count is {count}, the length {newLogicalLength}.");

        T[] values = destination.ValuesArray;
        bool newValues = Resize(ref values, count, maxValuesCapacity ?? newLogicalLength, keepOldOnResize);
        int[] indices = destination.IndicesArray;
        bool newIndices = (count < newLogicalLength || requireIndicesOnDense)
            && Resize(ref indices, count, maxValuesCapacity ?? newLogicalLength, keepOldOnResize);
        return new VBufferEditor<T>(newLogicalLength, count, values, indices, requireIndicesOnDense, newValues, newIndices);
    }

    private static bool Resize<TItem>(ref TItem[] array, int count, int capacity, bool keep)
    {
        if ((array?.Length ?? 0) >= count)
            return false;
        var larger = new TItem[Math.Max(count, Math.Min(capacity, 2 * (long)count))];
        if (keep)
            array?.CopyTo(larger, 0);
        array = larger;
        return true;
    }
}

/// <summary>Writes into the arrays of a vector; <see cref="Commit"/> gives the vector.</summary>
public readonly ref struct VBufferEditor<T>
{
    /// <summary>The explicit values.</summary>
    public readonly Span<T> Values;

    /// <summary>The indices of the explicit values; empty for a dense vector.</summary>
    public readonly Span<int> Indices;

    private readonly int _logicalLength;
    private readonly T[] _values;
    private readonly int[] _indices;

    internal VBufferEditor(int logicalLength, int count, T[] values, int[] indices, bool requireIndices, bool createdNewValues, bool createdNewIndices)
    {
        _logicalLength = logicalLength;
        _values = values;
        _indices = indices;
        CreatedNewValues = createdNewValues;
        CreatedNewIndices = createdNewIndices;
        Values = values.AsSpan(0, count);
        Indices = count == logicalLength && !requireIndices ? default : indices.AsSpan(0, count);
    }

    /// <summary>Whether the values' array is a new one.</summary>
    public bool CreatedNewValues { get; }

    /// <summary>Whether the indices' array is a new one.</summary>
    public bool CreatedNewIndices { get; }

    /// <summary>The vector.</summary>
    public VBuffer<T> Commit() => new(_logicalLength, Values.Length, _values, _indices);

    /// <summary>The vector with only the first so many explicit values.</summary>
    public VBuffer<T> CommitTruncated(int physicalValuesCount)
    {
        if (physicalValuesCount < 0 || physicalValuesCount > Values.Length)
            throw new ArgumentOutOfRangeException(nameof(physicalValuesCount), "Updating physicalValuesCount during CommitTruncated cannot be bigger than the original physicalValuesCount value.");
        return new VBuffer<T>(_logicalLength, physicalValuesCount, _values, _indices);
    }
}
