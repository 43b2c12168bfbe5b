namespace Microsoft.ML.CnnZoo.Layers;

/// <summary>Height and width of a filter or window, in pixels; a single number means a square.</summary>
/// <param name="Height">Rows, ≥ 1.</param>
/// <param name="Width">Columns, ≥ 1.</param>
internal readonly record struct KernelSize(int Height, int Width)
{
    /// <summary>A square.</summary>
    public static implicit operator KernelSize(int side) => FromInt32(side);

    /// <summary>Height, then width: <c>(1, 7)</c>.</summary>
    public static implicit operator KernelSize((int Height, int Width) size) => FromValueTuple(size);

    /// <summary>A square.</summary>
    public static KernelSize FromInt32(int side) => new(side, side);

    /// <summary>Height, then width.</summary>
    public static KernelSize FromValueTuple((int Height, int Width) size) => new(size.Height, size.Width);

    /// <summary>For example <c>5x5</c>.</summary>
    public override string ToString() => $"{Height}x{Width}";
}
