namespace Microsoft.ML.CnnZoo.Judging;

/// <summary>Area under ROC curves by ranks (Mann and Whitney 1947): equal scores share their mean rank.</summary>
internal static class RankAuc
{
    /// <summary>One class against all others; NaN where there are no rows of it, or no others.</summary>
    public static double OneVersusRest(IReadOnlyList<double[]> probabilities, IReadOnlyList<int> labels, int number)
    {
        double[] scores = [.. probabilities.Select(p => p[number])];
        int[] rows = [.. Enumerable.Range(0, scores.Length)];
        Array.Sort((double[])scores.Clone(), rows);
        long positives = labels.Count(l => l == number), negatives = labels.Count - positives;
        if (positives == 0 || negatives == 0)
            return double.NaN;
        double ranks = 0;
        for (int first = 0, next; first < rows.Length; first = next)
        {
            int among = 0;
            for (next = first; next < rows.Length && scores[rows[next]] == scores[rows[first]]; next++)
                among += labels[rows[next]] == number ? 1 : 0;
            ranks += among * (first + next + 1) / 2.0;
        }
        return (ranks - (positives * (positives + 1) / 2.0)) / positives / negatives;
    }
}
