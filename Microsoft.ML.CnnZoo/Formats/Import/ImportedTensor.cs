using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>
/// A part of a dimension, told from others of the same size by reference: NCHW's C stays itself when it lies last in
/// memory, and C = 2·58 is two factors once a channel shuffle has divided it.
/// </summary>
internal sealed class Factor(int size)
{
    /// <summary>Its size; <see cref="ImportedTensor.Batch"/> for the batch.</summary>
    public int Size { get; } = size;
}

/// <summary>
/// A tensor of the graph that is built, seen with the file's dimensions. Transposing, reshaping and flattening only
/// change the view; elements move when an op needs them in another order (<see cref="TensorArranger"/>).
/// </summary>
/// <param name="Tensor">In the graph; its memory, row-major, holds the factors in the order of
/// <paramref name="Memory"/>.</param>
/// <param name="Dimensions">The file's dimensions, each a product of factors, outermost first.</param>
/// <param name="Memory">The same factors in the order of memory.</param>
internal sealed record ImportedTensor(
    NodeOutput Tensor, IReadOnlyList<IReadOnlyList<Factor>> Dimensions, IReadOnlyList<Factor> Memory)
{
    /// <summary>
    /// The size by which the unknown batch is known in shapes: a prime, so that batch · 49 is told from all else.
    /// </summary>
    public const int Batch = 65521;

    /// <summary>Number of the file's dimensions.</summary>
    public int Rank => Dimensions.Count;

    /// <summary>The file's shape, the batch as <see cref="Batch"/>.</summary>
    public int[] Shape => [.. Dimensions.Select(SizeOf)];

    /// <summary>The product of factors.</summary>
    public static int SizeOf(IEnumerable<Factor> factors) => factors.Aggregate(1, (s, f) => checked(s * f.Size));

    /// <summary>A size for our graph, where the batch is unknown.</summary>
    public static int ToGraph(long size) => size % Batch == 0 && size > 0 ? TensorShape.Unknown : checked((int)size);

    /// <summary>A new tensor whose memory is in the order of the given dimensions of the file.</summary>
    /// <param name="tensor">In the graph.</param>
    /// <param name="shape">The file's shape, the batch as <see cref="Batch"/>.</param>
    /// <param name="order">The file's dimensions in the order of memory; null: as they are.</param>
    public static ImportedTensor Of(NodeOutput tensor, IEnumerable<int> shape, IReadOnlyList<int>? order = null)
    {
        Factor[] factors = [.. shape.Select(s => new Factor(s))];
        return new(tensor, [.. factors.Select(f => new[] { f })],
            order is null ? factors : [.. order.Select(o => factors[o])]);
    }

    /// <summary>A tensor [N,H,W,C] of the graph that the file sees as N, C, H, W.</summary>
    public static ImportedTensor OfImage(NodeOutput image)
    {
        TensorShape s = image.Shape;
        return Of(image, [Batch, s[3], s[1], s[2]], [0, 2, 3, 1]);
    }

    /// <summary>The file's dimensions in another order.</summary>
    public ImportedTensor Transpose(IEnumerable<int> permutation) =>
        this with { Dimensions = [.. permutation.Select(p => Dimensions[p])] };

    /// <summary>As a tensor of the file, for those who compare.</summary>
    public FileTensor ToFile(string name)
    {
        if (Dimensions.Any(d => d.Count != 1))
            return new(name, Tensor, null);
        Factor[] memory = [.. Memory];
        int[] axes = [.. Dimensions.Select(d => Array.IndexOf(memory, d[0]))];
        return Tensor.Shape.Rank == memory.Length
            && memory.Select(f => ToGraph(f.Size)).SequenceEqual(Tensor.Shape.Dimensions.ToArray())
            ? new(name, Tensor, axes) : new(name, Tensor, null);
    }
}
