using Microsoft.ML.CnnZoo.Execution;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>Holds out a share of each class's images.</summary>
internal static class ClassSplit
{
    /// <summary>
    /// Numbers of the images to train on and of those held out, each in order. Of each class the share is held out,
    /// rounded so that the whole is met as closely as possible; one image at least is left to train on.
    /// </summary>
    /// <param name="labels">Class numbers.</param>
    /// <param name="share">In [0, 1).</param>
    /// <param name="seed">The run's seed.</param>
    public static (int[] Kept, int[] HeldOut) Split(IReadOnlyList<int> labels, double share, long seed)
    {
        int[] order = [.. Enumerable.Range(0, labels.Count)];
        new PhiloxRandom(seed, RandomPurpose.Splitting).Shuffle(order.AsSpan());
        var held = new List<int>();
        double owed = 0;
        foreach (IGrouping<int, int> members in order.GroupBy(i => labels[i]).OrderBy(g => g.Key))
        {
            int[] images = [.. members];
            owed += images.Length * share;
            int count = Math.Clamp((int)Math.Round(owed), 0, images.Length - 1);
            owed -= count;
            held.AddRange(images.Take(count));
        }
        int[] heldOut = [.. held.Order()];
        return ([.. Enumerable.Range(0, labels.Count).Except(heldOut)], heldOut);
    }
}
