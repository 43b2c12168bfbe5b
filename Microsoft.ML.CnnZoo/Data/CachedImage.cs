namespace Microsoft.ML.CnnZoo.Data;

/// <summary>A decoded image [height, width, channels].</summary>
/// <typeparam name="T">byte or float.</typeparam>
/// <param name="Pixels">Its values.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
internal readonly record struct CachedImage<T>(T[] Pixels, int Height, int Width) where T : unmanaged
{
    /// <summary>Rows and columns before the image was scaled.</summary>
    public (int Height, int Width) Original { get; init; }
}

/// <summary>Decodes images again that could not be cached.</summary>
/// <typeparam name="T">byte or float.</typeparam>
/// <param name="rows">Numbers of the rows, increasing.</param>
/// <param name="labels">The labels that they had when they were first read.</param>
/// <returns>One image per row, in order.</returns>
/// <exception cref="InvalidOperationException">A row has gone, has another label or an image that cannot be read any
/// more.</exception>
internal delegate IReadOnlyList<CachedImage<T>> RereadImages<T>(
    IReadOnlyList<long> rows, IReadOnlyList<int> labels) where T : unmanaged;
