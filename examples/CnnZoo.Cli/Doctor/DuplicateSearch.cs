namespace CnnZoo.Cli.Doctor;

/// <summary>
/// Finds pictures that are there twice: equal files, and those that were scaled, encoded again, cropped a little,
/// mirrored or made brighter.
/// </summary>
/// <remarks>
/// Candidates are each image's nearest others, by coarse pixels, by mirrored ones and by a network's features. A pair is a
/// duplicate where it is far more alike than either is like others: handwritten ones are all alike, photographs are not.
/// </remarks>
internal static class DuplicateSearch
{
    private const int Candidates = 3, Surroundings = 8;
    private const double LeastCorrelation = 0.9, CertainCorrelation = 0.998, ShareOfUsualDistance = 0.5, LeastContrast = 2;
    private const float LeastCosine = 0.5f;

    /// <summary>Adds a finding for each image that another one of its group of duplicates stands for.</summary>
    /// <param name="images">The images.</param>
    /// <param name="features">A network's features of each; null for none.</param>
    /// <param name="findings">Receives them.</param>
    /// <returns>For each image the number of the first of its group.</returns>
    public static int[] Find(ImageFacts[] images, float[][]? features, List<Finding> findings)
    {
        var groups = new Groups(images.Length);
        foreach (IGrouping<UInt128, int> equal in Enumerable.Range(0, images.Length).GroupBy(i => images[i].Hash))
            foreach (int copy in equal.Skip(1))
                groups.Join(equal.First(), copy, 1);
        // Equal files are one image here, and images of one color look like each other anyway.
        int[] different = [.. Enumerable.Range(0, images.Length)
            .Where(i => groups.First(i) == i && images[i].Contrast >= LeastContrast)];
        foreach ((int a, int b, double correlation) in NearPairs(images, different, features))
            groups.Join(a, b, correlation);
        foreach (int[] group in groups.All())
            Report(images, group, groups, findings);
        return [.. Enumerable.Range(0, images.Length).Select(groups.First)];
    }

    private static IEnumerable<(int A, int B, double Correlation)> NearPairs(ImageFacts[] images, int[] different,
        float[][]? features)
    {
        float[][] pixels = [.. different.Select(i => PixelMatch.Coarse(images[i].Thumbnail, mirror: false))],
            mirrored = [.. different.Select(i => PixelMatch.Coarse(images[i].Thumbnail, mirror: true))];
        (int Number, float Cosine)[][] nearest = Neighbors.Find(pixels, pixels, Surroundings);
        double[] usual = [.. nearest.Select(n => n.Length == 0 ? 0 : Distance(n[^1].Cosine))];
        IEnumerable<(int, int)> near = Pairs(nearest).Concat(Pairs(Neighbors.Find(mirrored, pixels, Candidates)));
        if (features is not null)
        {
            float[][] centered = Neighbors.Center([.. different.Select(i => features[i])]);
            near = near.Concat(Pairs(Neighbors.Find(centered, centered, Candidates)));
        }
        (int A, int B)[] pairs = [.. near.Distinct()];
        var correlations = new double[pairs.Length];
        Parallel.For(0, pairs.Length, p => correlations[p] = PixelMatch.Correlation(
            images[different[pairs[p].A]].Thumbnail, images[different[pairs[p].B]].Thumbnail));
        return pairs.Zip(correlations).Where(p => p.Second >= CertainCorrelation || (p.Second >= LeastCorrelation
                && Distance(p.Second) <= ShareOfUsualDistance * Math.Min(usual[p.First.A], usual[p.First.B])))
            .Select(p => (different[p.First.A], different[p.First.B], p.Second));
    }

    private static IEnumerable<(int, int)> Pairs((int Number, float Cosine)[][] nearest) => nearest.SelectMany((found, i) =>
        found.Take(Candidates).Where(other => other.Cosine > LeastCosine)
            .Select(other => (Math.Min(i, other.Number), Math.Max(i, other.Number))));

    /// <summary>Of vectors of norm 1.</summary>
    private static double Distance(double cosine) => Math.Sqrt(Math.Max(0, 2 - (2 * cosine)));

    /// <summary>One image stands for the group: of the training set, where there is one.</summary>
    private static void Report(ImageFacts[] images, int[] group, Groups groups, List<Finding> findings)
    {
        int kept = group.OrderBy(i => images[i].Image.IsTest).ThenBy(i => i).First();
        CheckedImage original = images[kept].Image;
        foreach (int i in group.Where(i => i != kept))
        {
            CheckedImage image = images[i].Image;
            FindingKind kind = image.IsTest != original.IsTest ? FindingKind.Leak
                : image.Class != original.Class ? FindingKind.Conflict : FindingKind.Duplicate;
            bool equal = images[i].Hash == images[kept].Hash;
            string classes = image.Class == original.Class ? "" : $", which is in the class '{original.Class}'";
            string sets = kind == FindingKind.Leak ? " of the training set" : "";
            findings.Add(new Finding(kind, image.Path, image.Class,
                $"{(equal ? "the same file as" : "nearly the same picture as")} '{original.Path}'{sets}{classes}",
                original.Path, original.Class, equal ? 1 : groups.Correlation(i)));
        }
    }

    /// <summary>Images joined in groups; the first of a group stands for it.</summary>
    private sealed class Groups(int count)
    {
        private readonly int[] _parents = [.. Enumerable.Range(0, count)];
        private readonly Dictionary<int, double> _correlations = [];

        public int First(int i)
        {
            while (_parents[i] != i)
                i = _parents[i] = _parents[_parents[i]];
            return i;
        }

        public void Join(int a, int b, double correlation)
        {
            (int first, int second) = (First(a), First(b));
            _parents[Math.Max(first, second)] = Math.Min(first, second);
            foreach (int i in (int[])[a, b])
                _correlations[i] = Math.Max(correlation, _correlations.GetValueOrDefault(i));
        }

        /// <summary>The correlation with the most similar one of its group.</summary>
        public double Correlation(int i) => _correlations[i];

        public IEnumerable<int[]> All() => Enumerable.Range(0, _parents.Length).GroupBy(First)
            .Where(g => g.Count() > 1).Select(g => g.ToArray());
    }
}
