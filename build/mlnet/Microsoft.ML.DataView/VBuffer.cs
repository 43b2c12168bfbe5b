using System;
using System.Collections;
using System.Collections.Generic;

namespace Microsoft.ML.Data;

/// <summary>A vector, dense or sparse. The arrays behind it may be larger than what they hold, and may be reused by getters.</summary>
public readonly struct VBuffer<T> : IEnumerable
{
    private readonly T[] _values;
    private readonly int[] _indices;
    private readonly int _count;

    /// <summary>The number of items, explicit or not.</summary>
    public readonly int Length;

    /// <summary>A dense vector over the array.</summary>
    public VBuffer(int length, T[] values, int[] indices = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if ((values?.Length ?? 0) < length)
            throw new ArgumentException($"The array has {values?.Length ?? 0} items, the vector {length}.", nameof(values));
        Length = length;
        _values = values;
        _count = length;
        _indices = indices;
    }

    /// <summary>A vector of <paramref name="count"/> explicit items; sparse when that is less than its length.</summary>
    public VBuffer(int length, int count, T[] values, int[] indices)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (count < 0 || count > length)
            throw new ArgumentOutOfRangeException(nameof(count), $"The count is {count}, the length {length}.");
        if ((values?.Length ?? 0) < count)
            throw new ArgumentException($"The array has {values?.Length ?? 0} items, the count is {count}.", nameof(values));
        if (count < length && (indices?.Length ?? 0) < count)
            throw new ArgumentException($"The array has {indices?.Length ?? 0} items, the count is {count}.", nameof(indices));
        Length = length;
        _count = count;
        _values = values;
        _indices = indices;
    }

    /// <summary>Whether every item is explicit.</summary>
    public bool IsDense => _count == Length;

    internal int Count => _count;

    internal T[] ValuesArray => _values;

    internal int[] IndicesArray => _indices;

    /// <summary>The explicit values.</summary>
    public ReadOnlySpan<T> GetValues() => _values.AsSpan(0, _count);

    /// <summary>The indices of the explicit values, increasing; empty for a dense vector.</summary>
    public ReadOnlySpan<int> GetIndices() => IsDense ? default : _indices.AsSpan(0, _count);

    /// <summary>Copies the vector, keeping it dense or sparse.</summary>
    public void CopyTo(ref VBuffer<T> destination)
    {
        VBufferEditor<T> editor = VBufferEditor.Create(ref destination, Length, _count);
        GetValues().CopyTo(editor.Values);
        if (!IsDense)
            GetIndices().CopyTo(editor.Indices);
        destination = editor.Commit();
    }

    /// <summary>Copies the vector as a dense one.</summary>
    public void CopyToDense(ref VBuffer<T> destination)
    {
        VBufferEditor<T> editor = VBufferEditor.Create(ref destination, Length);
        CopyTo(editor.Values);
        destination = editor.Commit();
    }

    /// <summary>Copies a part of the vector.</summary>
    public void CopyTo(ref VBuffer<T> destination, int sourceIndex, int length)
    {
        if (sourceIndex < 0 || sourceIndex > Length)
            throw new ArgumentOutOfRangeException(nameof(sourceIndex));
        if (length < 0 || length > Length - sourceIndex)
            throw new ArgumentOutOfRangeException(nameof(length));
        if (IsDense)
        {
            VBufferEditor<T> dense = VBufferEditor.Create(ref destination, length);
            GetValues().Slice(sourceIndex, length).CopyTo(dense.Values);
            destination = dense.Commit();
            return;
        }
        int first = LowerBound(sourceIndex), last = LowerBound(sourceIndex + length);
        VBufferEditor<T> editor = VBufferEditor.Create(ref destination, length, last - first);
        GetValues()[first..last].CopyTo(editor.Values);
        if (last - first < length)
        {
            for (int i = first; i < last; i++)
                editor.Indices[i - first] = _indices[i] - sourceIndex;
        }
        destination = editor.Commit();
    }

    /// <summary>Copies all items, with defaults for those that are not explicit.</summary>
    public void CopyTo(Span<T> destination) => CopyTo(destination, 0);

    /// <summary>Copies all items to a place in the destination.</summary>
    public void CopyTo(Span<T> destination, int destinationIndex, T defaultValue = default)
    {
        if (destinationIndex < 0 || destinationIndex > destination.Length - Length)
            throw new ArgumentOutOfRangeException(nameof(destinationIndex), "Not enough capacity in destination");
        Span<T> target = destination.Slice(destinationIndex, Length);
        if (IsDense)
        {
            GetValues().CopyTo(target);
            return;
        }
        target.Fill(defaultValue);
        for (int i = 0; i < _count; i++)
            target[_indices[i]] = _values[i];
    }

    /// <summary>Makes a dense vector of a part of an array.</summary>
    public static void Copy(T[] source, int sourceIndex, ref VBuffer<T> destination, int length)
    {
        if (length < 0 || length > (source?.Length ?? 0))
            throw new ArgumentOutOfRangeException(nameof(length));
        if (sourceIndex < 0 || sourceIndex > (source?.Length ?? 0) - length)
            throw new ArgumentOutOfRangeException(nameof(sourceIndex));
        VBufferEditor<T> editor = VBufferEditor.Create(ref destination, length);
        source.AsSpan(sourceIndex, length).CopyTo(editor.Values);
        destination = editor.Commit();
    }

    /// <summary>The explicit items, or all of them, with their indices.</summary>
    public IEnumerable<KeyValuePair<int, T>> Items(bool all = false)
    {
        if (all || IsDense)
        {
            int index = 0;
            foreach (T value in DenseValues())
                yield return new KeyValuePair<int, T>(index++, value);
            yield break;
        }
        for (int i = 0; i < _count; i++)
            yield return new KeyValuePair<int, T>(_indices[i], _values[i]);
    }

    /// <summary>All items, with defaults for those that are not explicit.</summary>
    public IEnumerable<T> DenseValues()
    {
        int explicitAt = 0;
        for (int i = 0; i < Length; i++)
        {
            if (IsDense)
                yield return _values[i];
            else if (explicitAt < _count && _indices[explicitAt] == i)
                yield return _values[explicitAt++];
            else
                yield return default;
        }
    }

    /// <inheritdoc/>
    public IEnumerator GetEnumerator() => DenseValues().GetEnumerator();

    /// <summary>An item, or the default if it is not explicit.</summary>
    public void GetItemOrDefault(int index, ref T destination) => destination = GetItemOrDefault(index);

    /// <summary>An item, or the default if it is not explicit.</summary>
    public T GetItemOrDefault(int index)
    {
        if (index < 0 || index >= Length)
            throw new ArgumentOutOfRangeException(nameof(index));
        if (IsDense)
            return _values[index];
        int at = _indices.AsSpan(0, _count).BinarySearch(index);
        return at < 0 ? default : _values[at];
    }

    /// <inheritdoc/>
    public override string ToString() =>
        IsDense ? $"Dense vector of size {Length}" : $"Sparse vector of size {Length}, {_count} explicit values";

    private int LowerBound(int index)
    {
        int at = _indices.AsSpan(0, _count).BinarySearch(index);
        return at < 0 ? ~at : at;
    }
}
