namespace Microsoft.ML.CnnZoo.Execution.Planning;

/// <summary>
/// Gives every storage an offset so that storages alive at the same step never overlap: the largest first, each in the
/// smallest gap that fits between those already placed and alive at the same time.
/// </summary>
internal static class ArenaLayout
{
    /// <summary>Sets the offsets; returns the arena's size in bytes.</summary>
    public static long Assign(IEnumerable<Storage> storages)
    {
        var placed = new List<Storage>();
        long size = 0;
        foreach (Storage storage in storages.OrderByDescending(s => s.ByteLength).ThenBy(s => s.First))
        {
            storage.Offset = FindGap(storage, placed);
            size = Math.Max(size, storage.Offset + Align(storage.ByteLength));
            placed.Insert(InsertionIndex(placed, storage.Offset), storage);
        }
        return size;
    }

    private static long FindGap(Storage storage, List<Storage> placedByOffset)
    {
        long size = Align(storage.ByteLength), end = 0, best = -1, bestGap = long.MaxValue;
        foreach (Storage other in placedByOffset)
        {
            if (other.First > storage.Last || other.Last < storage.First)
                continue;
            long gap = other.Offset - end;
            if (gap >= size && gap < bestGap)
                (best, bestGap) = (end, gap);
            end = Math.Max(end, other.Offset + Align(other.ByteLength));
        }
        return best >= 0 ? best : end;
    }

    private static int InsertionIndex(List<Storage> placed, long offset)
    {
        int index = placed.FindIndex(s => s.Offset > offset);
        return index < 0 ? placed.Count : index;
    }

    private static long Align(long bytes) => Math.Max(NativeBuffer.Alignment,
        (bytes + NativeBuffer.Alignment - 1) / NativeBuffer.Alignment * NativeBuffer.Alignment);
}
