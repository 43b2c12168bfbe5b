namespace CnnZoo.Cli.Doctor;

/// <summary>Images that are unlike the others: constant, tiny, long, gray among colored ones; and small classes.</summary>
internal static class OddImages
{
    private const double LeastContrast = 2, LongRatio = 3, LargeFactor = 8, OddShare = 0.1, FewShare = 1.0 / 3;
    private const int TinySide = 16, SmallSide = 32;

    /// <summary>Adds what is odd about single images.</summary>
    public static void Find(ImageFacts[] images, List<Finding> findings)
    {
        if (images.Length == 0)
            return;
        double side = Median(images.Select(i => (double)i.ShorterSide)), ratio = Median(images.Select(i => i.AspectRatio));
        double tiny = side < SmallSide ? side / 2 : Math.Max(TinySide, side / 4);
        foreach (ImageFacts image in images)
        {
            string size = $"{image.Width}x{image.Height} pixels (width x height)";
            if (image.Contrast < LeastContrast)
                Add(image, FindingKind.Constant, "one color all over");
            if (image.ShorterSide < tiny)
                Add(image, FindingKind.Tiny, $"{size}; half of the images have shorter sides of {side:F0} or more");
            else if (image.ShorterSide > LargeFactor * side)
                Add(image, FindingKind.OddSize, $"{size}; half of the images have shorter sides of {side:F0} or less");
            if (image.AspectRatio > LongRatio && image.AspectRatio > 2 * ratio)
                Add(image, FindingKind.OddSize, $"{size}: {image.AspectRatio:F1} times as long as high or wide");
            if (image.IsTransparent)
                Add(image, FindingKind.OddColors,
                    "some pixels are transparent: a network sees the colors stored under them");
        }
        ImageFacts[] gray = [.. images.Where(i => !i.IsColored)];
        if (gray.Length <= OddShare * images.Length)
            foreach (ImageFacts image in gray)
                Add(image, FindingKind.OddColors, "gray, where most images are colored");
        else if (images.Length - gray.Length <= OddShare * images.Length)
            foreach (ImageFacts image in images.Where(i => i.IsColored))
                Add(image, FindingKind.OddColors, "colored, where most images are gray");

        void Add(ImageFacts image, FindingKind kind, string detail) =>
            findings.Add(new Finding(kind, image.Image.Path, image.Image.Class, detail));
    }

    /// <summary>Adds classes with far fewer images than others.</summary>
    public static void FindSmallClasses(string folder, IEnumerable<CheckedImage> images, List<Finding> findings)
    {
        KeyValuePair<string, int>[] counts = [.. images.Where(i => !i.IsTest).CountBy(i => i.Class)];
        double median = Median(counts.Select(c => (double)c.Value));
        foreach ((string name, int count) in counts.Where(c => c.Value < FewShare * median))
            findings.Add(new Finding(FindingKind.Imbalance, Path.Combine(folder, name), name,
                $"{count:N0} images; half of the classes have {median:N0} or more (cnnzoo train --class-weights balanced)"));
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : sorted[sorted.Length / 2];
    }
}
