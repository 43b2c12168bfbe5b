using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>The images of a training, and the labels of all of them: of several ranks, those of the others too.</summary>
/// <param name="Training">Images to train on; of several ranks, this one's.</param>
/// <param name="Validation">Images to validate with; of several ranks, this one's; null for none.</param>
/// <param name="Labels">Class of each image that was read from the training rows.</param>
/// <param name="TrainingLabels">Class of each image to train on.</param>
/// <param name="ValidationLabels">Class of each image to validate with.</param>
/// <param name="Normalization">What pixels become.</param>
/// <param name="Pixels">What they are before.</param>
internal sealed record TrainingSets(IBatchSource Training, IBatchSource? Validation, IReadOnlyList<int> Labels,
    IReadOnlyList<int> TrainingLabels, IReadOnlyList<int> ValidationLabels, PixelNormalization Normalization,
    ChannelStatistics Pixels);

/// <summary>Where a rank's images stand among those of all ranks: in the order of their rows, as one process has them.</summary>
/// <param name="Labels">Class of each image of all ranks.</param>
/// <param name="Own">Numbers of this rank's images.</param>
internal sealed record RankOrder(int[] Labels, int[] Own)
{
    /// <summary>Learns of the others' images.</summary>
    /// <param name="ranks">The ranks; null for one process.</param>
    /// <param name="rows">Rows of this rank's images.</param>
    /// <param name="labels">Their classes.</param>
    public static RankOrder Of(RankGroup? ranks, IReadOnlyList<long> rows, IReadOnlyList<int> labels)
    {
        if (ranks is null)
            return new([.. labels], [.. Enumerable.Range(0, labels.Count)]);
        byte[][] all = ranks.GatherBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(
            [.. rows.Zip(labels, (row, label) => (long[])[row, label]).SelectMany(p => p)]).ToArray());
        var images = all.SelectMany((bytes, rank) =>
            System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(bytes).ToArray().Chunk(2)
                .Select(p => (Row: p[0], Label: (int)p[1], Rank: rank))).OrderBy(i => i.Row).ToArray();
        return new([.. images.Select(i => i.Label)],
            [.. Enumerable.Range(0, images.Length).Where(i => images[i].Rank == ranks.Rank)]);
    }

    /// <summary>Which of this rank's images are among some of all.</summary>
    public int[] OwnOf(int[] numbers)
    {
        var wanted = numbers.ToHashSet();
        return [.. Enumerable.Range(0, Own.Length).Where(i => wanted.Contains(Own[i]))];
    }
}
