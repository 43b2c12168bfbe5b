namespace Microsoft.ML.CnnZoo.Data;

/// <summary>Every n-th row, for one of n ranks; images of others are not fetched.</summary>
/// <param name="rows">All rows.</param>
/// <param name="rank">The rank, from 0.</param>
/// <param name="ranks">Their number.</param>
internal sealed class RankRows(IImageRows rows, int rank, int ranks) : IImageRows
{
    private const ulong FnvOffset = 0xcbf29ce484222325, FnvPrime = 0x100000001b3;

    private int Rank => rank;

    private int Ranks => ranks;

    /// <summary>Number and labels of all rows, as the last complete pass found them: the same on all ranks.</summary>
    public string Seen { get; private set; } = "";

    /// <inheritdoc/>
    public string Name => rows.Name;

    /// <inheritdoc/>
    public string ImageColumn => rows.ImageColumn;

    /// <inheritdoc/>
    public IImageCursor Open() => new Cursor(this, rows.Open());

    private sealed class Cursor(RankRows owner, IImageCursor cursor) : IImageCursor
    {
        private ulong _labels = FnvOffset;
        private long _count;

        public long Row => cursor.Row;

        public bool MoveNext()
        {
            while (cursor.MoveNext())
            {
                _count++;
                _labels = (_labels ^ (uint)cursor.ReadLabel()) * FnvPrime;
                if (cursor.Row % owner.Ranks == owner.Rank)
                    return true;
            }
            owner.Seen = $"{_count} rows, labels {_labels:x16}";
            return false;
        }

        public int ReadLabel() => cursor.ReadLabel();

        public bool TryFetch(RawImage target) => cursor.TryFetch(target);

        public void Dispose() => cursor.Dispose();
    }
}
