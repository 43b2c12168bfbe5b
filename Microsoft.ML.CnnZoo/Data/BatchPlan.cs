namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// How an epoch is cut into batches, and which images of a batch are whose: images are dealt to the ranks like cards, so
/// that position p of an epoch is the turn of rank p mod n, and batch k has the positions from k·size on. One rank has
/// all of them.
/// </summary>
internal sealed class BatchPlan
{
    private readonly int[] _images;
    private readonly int _rank, _positions;

    /// <summary>The plan of a process that trains alone.</summary>
    /// <param name="images">Number of images.</param>
    /// <param name="size">Images of a batch, ≥ 1.</param>
    public BatchPlan(int images, int size) : this([images], 0, size)
    {
    }

    /// <summary>The plan of one of several ranks.</summary>
    /// <param name="images">Number of images of each rank.</param>
    /// <param name="rank">The rank.</param>
    /// <param name="size">Images of a batch of all ranks together, ≥ 1.</param>
    public BatchPlan(int[] images, int rank, int size)
    {
        (_images, _rank) = (images, rank);
        _positions = images.Select((count, r) => count == 0 ? 0 : r + ((count - 1) * images.Length) + 1).Max();
        Size = Math.Min(size, Math.Max(1, _positions));
    }

    /// <summary>Images of a batch, of all ranks together; the last of an epoch may have fewer.</summary>
    public int Size { get; }

    /// <summary>Batches of an epoch.</summary>
    public int Batches => (_positions + Size - 1) / Size;

    /// <summary>Those of them that have <see cref="Size"/> images.</summary>
    public int WholeBatches => Enumerable.Range(0, Batches).TakeWhile(batch => CountOf(batch) == Size).Count();

    /// <summary>Images of all ranks.</summary>
    public int Images => _images.Sum();

    /// <summary>Most images of this rank in a batch.</summary>
    public int LargestShare => Batches == 0 ? 0 : Enumerable.Range(0, Math.Min(Batches, _images.Length + 1)).Max(b => ShareOf(b).Count);

    /// <summary>Images of a batch, of all ranks.</summary>
    public int CountOf(int batch) => Enumerable.Range(0, _images.Length).Sum(rank => ShareOf(rank, batch).Count);

    /// <summary>This rank's images of a batch: a range of its own epoch.</summary>
    public (int First, int Count) ShareOf(int batch) => ShareOf(_rank, batch);

    private (int First, int Count) ShareOf(int rank, int batch)
    {
        int first = ImagesBefore(rank, (long)batch * Size);
        return (first, ImagesBefore(rank, (batch + 1L) * Size) - first);
    }

    private int ImagesBefore(int rank, long position) =>
        (int)Math.Clamp((position - rank + _images.Length - 1) / _images.Length, 0, _images[rank]);
}
