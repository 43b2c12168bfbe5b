namespace Microsoft.ML.CnnZoo;

/// <summary>A range of values, both ends included.</summary>
/// <param name="Minimum">Least value.</param>
/// <param name="Maximum">Greatest value.</param>
public readonly record struct ValueRange(double Minimum, double Maximum);

/// <summary>
/// How training images are changed at random, anew in every epoch, against overfitting; validation and scoring use
/// the center of the image, unchanged. Every change is drawn from a stream fixed by seed, epoch and
/// image: the same seed gives the same pixels, whatever the number of threads.
/// </summary>
/// <remarks>
/// At most one of <see cref="Padding"/>, <see cref="ShorterSide"/> and <see cref="Area"/> sets how crops are taken.
/// Lengths are the papers', for networks on 224x224 pixels; <see cref="ForSide"/> gives the same protocol for another
/// size. Derive your own from a preset with <c>with</c>: <c>ImageAugmentation.Cifar with { Mirror = false }</c>.
/// </remarks>
public sealed record ImageAugmentation
{
    private const int PaperSide = 224;

    /// <summary>Images as they are.</summary>
    public static ImageAugmentation None { get; } = new();

    /// <summary>
    /// A random crop of the image padded by 4 pixels, and mirroring: Lee et al. 2014, arXiv:1409.5185; He et al. 2015,
    /// arXiv:1512.03385, section 4.2. For small images.
    /// </summary>
    public static ImageAugmentation Cifar { get; } = new() { Padding = 4, Mirror = true };

    /// <summary>
    /// A random crop of the 256x256 center, mirroring, colors along their principal components: Krizhevsky, Sutskever,
    /// Hinton 2012, section 4.1.
    /// </summary>
    public static ImageAugmentation AlexNet { get; } =
        new() { ShorterSide = new(256, 256), Mirror = true, ColorStandardDeviation = 0.1 };

    /// <summary>
    /// A random crop of the image at a random size, the shorter side 256 to 512, mirroring, colors: Simonyan, Zisserman
    /// 2014, arXiv:1409.1556, section 3.1.
    /// </summary>
    public static ImageAugmentation Vgg { get; } =
        new() { ShorterSide = new(256, 512), Mirror = true, ColorStandardDeviation = 0.1 };

    /// <summary>The same with the shorter side 256 to 480: He et al. 2015, arXiv:1512.03385, section 3.4.</summary>
    public static ImageAugmentation ResNet { get; } =
        new() { ShorterSide = new(256, 480), Mirror = true, ColorStandardDeviation = 0.1 };

    /// <summary>
    /// A random crop of 8 to 100 % of the area with an aspect ratio of 3/4 to 4/3, scaled to the network's size, and
    /// mirroring: Szegedy et al. 2014, arXiv:1409.4842, section 6. The paper's photometric distortions, which it does
    /// not specify, are left out.
    /// </summary>
    public static ImageAugmentation Inception { get; } = new() { Area = new(0.08, 1), Mirror = true };

    /// <summary>Whether each image is mirrored left to right with probability 1/2. Default: false.</summary>
    public bool Mirror { get; init; }

    /// <summary>
    /// Pixels added at each edge before a crop of the network's size is taken at random, ≥ 0. They are 0 after
    /// normalization: the mean color, where it subtracts the mean. Default: 0.
    /// </summary>
    public int Padding { get; init; }

    /// <summary>
    /// Length of the image's shorter side, in whole pixels, before a crop of the network's size is taken at random;
    /// null to take all of the image. Equal ends: the image is first cut to its center of the network's shape
    /// (AlexNet). Else the length is drawn uniformly from the range and the crop is taken from all of the image (VGG).
    /// Default: null.
    /// </summary>
    public ValueRange? ShorterSide { get; init; }

    /// <summary>
    /// Share of the image's area that is taken and scaled to the network's size, in (0, 1], drawn uniformly; null to
    /// take all of the image. Default: null.
    /// </summary>
    public ValueRange? Area { get; init; }

    /// <summary>
    /// Width by height of the crop that <see cref="Area"/> takes, > 0; drawn uniformly on a logarithmic scale, so
    /// that portrait and landscape crops are equally likely. Default: 3/4 to 4/3.
    /// </summary>
    public ValueRange AspectRatio { get; init; } = new(3.0 / 4, 4.0 / 3);

    /// <summary>
    /// With <see cref="Area"/>: images whose shorter side is longer than this are cached at this length in pixels, ≥ 1;
    /// default 512.
    /// </summary>
    public int LargestShorterSide { get; init; } = 512;

    /// <summary>
    /// Standard deviation of α in the color change Σ αᵢ·√λᵢ·pᵢ that is added to every pixel of an image, α drawn anew
    /// for each image; pᵢ and λᵢ are eigenvectors and eigenvalues of the covariance of the training images' colors. 0,
    /// the default, for none; the paper's is 0.1.
    /// </summary>
    /// <remarks>
    /// The paper writes λᵢ, which depends on the unit of the pixels; its authors' published code takes the standard
    /// deviation √λᵢ, and so does this.
    /// </remarks>
    public double ColorStandardDeviation { get; init; }

    /// <summary>Whether images stay as they are.</summary>
    public bool IsNone => !Mirror && Padding == 0 && ShorterSide is null && Area is null && ColorStandardDeviation == 0;

    /// <summary>
    /// The same for networks whose images have another side than 224: all lengths but <see cref="Padding"/> are scaled
    /// by side / 224, to no less than the side.
    /// </summary>
    /// <param name="side">Height or width of the network's images in pixels, ≥ 1.</param>
    public ImageAugmentation ForSide(int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        double Scale(double length) => Math.Max(side, Math.Round(length * side / PaperSide));
        return this with
        {
            ShorterSide = ShorterSide is { } range ? new(Scale(range.Minimum), Scale(range.Maximum)) : null,
            LargestShorterSide = (int)Scale(LargestShorterSide),
        };
    }

    /// <summary>Checks the ranges against the network's images.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, or two rules set how crops are
    /// taken.</exception>
    internal void Check(int height, int width)
    {
        string?[] crops = [Padding > 0 ? nameof(Padding) : null, ShorterSide is null ? null : nameof(ShorterSide),
            Area is null ? null : nameof(Area)];
        string[] chosen = [.. crops.OfType<string>()];
        if (chosen.Length > 1)
            throw new ArgumentException($"ImageAugmentation has {string.Join(" and ", chosen)}; "
                + "expected one of Padding, ShorterSide and Area at most: each sets how crops are taken.");
        Require(Padding >= 0, nameof(Padding), $"{Padding}", "0 or more");
        Require(LargestShorterSide >= 1, nameof(LargestShorterSide), $"{LargestShorterSide}", "1 or more");
        Require(ColorStandardDeviation >= 0 && double.IsFinite(ColorStandardDeviation), nameof(ColorStandardDeviation),
            $"{ColorStandardDeviation}", "0 or more");
        if (ShorterSide is { } side)
            Require(side.Minimum >= Math.Min(height, width) && side.Maximum >= side.Minimum && side.Maximum <= 1 << 14,
                nameof(ShorterSide), $"{side.Minimum}…{side.Maximum}",
                $"an increasing range from {Math.Min(height, width)}, the network's shorter side, to 16384");
        if (Area is { } area)
            Require(area.Minimum > 0 && area.Maximum >= area.Minimum && area.Maximum <= 1, nameof(Area),
                $"{area.Minimum}…{area.Maximum}", "an increasing range within (0, 1]");
        Require(AspectRatio.Minimum > 0 && AspectRatio.Maximum >= AspectRatio.Minimum
            && double.IsFinite(AspectRatio.Maximum),
            nameof(AspectRatio), $"{AspectRatio.Minimum}…{AspectRatio.Maximum}", "an increasing range above 0");
    }

    private static void Require(bool condition, string name, string value, string expected)
    {
        if (!condition)
            throw new ArgumentException($"ImageAugmentation.{name} is {value}; expected {expected}.");
    }
}
