namespace Microsoft.ML.CnnZoo.Weights.PyTorch;

/// <summary>Elements in a file of torch.save, which tensors view.</summary>
/// <param name="Key">Its name in the file.</param>
/// <param name="DataType">Element type as safetensors calls it; U8 for untyped ones.</param>
/// <param name="Count">Number of elements.</param>
/// <param name="Start">First element, in the file's storage of that name.</param>
internal sealed record TorchStorage(string Key, string DataType, long Count, long Start = 0);

/// <summary>A tensor: a view of a storage.</summary>
/// <param name="Storage">The elements.</param>
/// <param name="DataType">Element type as safetensors calls it.</param>
/// <param name="Offset">First element, in elements of the tensor's own type.</param>
/// <param name="Shape">Dimensions, outermost first.</param>
/// <param name="Strides">Elements from one to the next along each dimension; 0 where it is expanded.</param>
internal sealed record TorchTensor(TorchStorage Storage, string DataType, long Offset, long[] Shape, long[] Strides)
{
    private const int MaxRank = 64;

    /// <summary>Most elements of a tensor that repeats elements of its storage.</summary>
    private const long MaxExpanded = 1 << 24;

    /// <summary>Bytes of an element.</summary>
    public int ElementSize => TensorElements.SizeOf(DataType);

    /// <summary>Elements from the first that is viewed to the last; 0 where it has none.</summary>
    public long Span => Shape.Contains(0) ? 0 : 1 + Shape.Zip(Strides, (size, stride) => (size - 1) * stride).Sum();

    /// <summary>Number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (a, b) => a * b);

    /// <summary>Whether the elements lie in the storage as they are counted.</summary>
    public bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int i = Shape.Length - 1; i >= 0; i--)
            {
                if (Shape[i] != 1 && Strides[i] != expected)
                    return false;
                expected *= Shape[i];
            }
            return true;
        }
    }

    /// <summary>A view, checked against its storage.</summary>
    /// <returns>Null where it reaches outside the storage, or repeats its elements without bound.</returns>
    public static TorchTensor? Create(TorchStorage storage, string dataType, long offset, long[] shape, long[] strides)
    {
        if (shape.Length != strides.Length || shape.Length > MaxRank || offset < 0 || shape.Any(d => d < 0)
            || strides.Any(s => s < 0))
            return null;
        var tensor = new TorchTensor(storage, dataType, offset, shape, strides);
        try
        {
            checked
            {
                long count = 1, last = offset;
                for (int i = 0; i < shape.Length; i++)
                {
                    count *= shape[i];
                    last += Math.Max(0, shape[i] - 1) * strides[i];
                }
                long room = storage.Count * TensorElements.SizeOf(storage.DataType) / tensor.ElementSize;
                return count == 0 || (last < room && count <= Math.Max(room, MaxExpanded)) ? tensor : null;
            }
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    /// <summary>The elements in the order in which they are counted.</summary>
    /// <param name="span">The bytes of <see cref="Span"/> elements from the first on.</param>
    public byte[] Gather(ReadOnlySpan<byte> span)
    {
        int size = ElementSize;
        var gathered = new byte[checked(ElementCount * size)];
        var index = new long[Shape.Length];
        long at = 0;
        for (int target = 0; target < gathered.Length; target += size)
        {
            span.Slice((int)(at * size), size).CopyTo(gathered.AsSpan(target));
            for (int d = Shape.Length - 1; d >= 0; d--)
            {
                at += Strides[d];
                if (++index[d] < Shape[d])
                    break;
                at -= Strides[d] * Shape[d];
                index[d] = 0;
            }
        }
        return gathered;
    }
}
