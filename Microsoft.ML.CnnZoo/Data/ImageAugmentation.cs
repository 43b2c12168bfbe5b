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

    /// <summary>What suits the images and the network: the trainer chooses it. Not to be changed by <c>with</c>.</summary>
    public static ImageAugmentation Auto { get; } = new() { IsAuto = true };

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
    /// normalization: the mean color, where it subtracts the mean; in crops that are also turned, scaled or moved they
    /// repeat the edge. Default: 0.
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
    /// or at a lesser one, if it gives the smallest crop as many pixels as the network takes. Default: 512.
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

    /// <summary>
    /// Greatest angle in degrees, in [0, 180], by which the crop is turned about its center; drawn uniformly to both
    /// sides. Default: 0.
    /// </summary>
    /// <remarks>
    /// Turning, <see cref="Scale"/> and <see cref="Translation"/> are one resampling with the crop, bilinear and
    /// antialiased where it shrinks. What comes into the crop is the image around it; beyond the image's edge, the
    /// nearest pixel of the edge.
    /// </remarks>
    public double Rotation { get; init; }

    /// <summary>
    /// Factor by which the crop's content is enlarged about its center, &gt; 0, drawn uniformly on a logarithmic scale;
    /// null for none. For small images, such as digits: 0.9 to 1.1. Default: null.
    /// </summary>
    public ValueRange? Scale { get; init; }

    /// <summary>
    /// Greatest shift of the crop's content as a share of its height and width, in [0, 1], drawn uniformly to both sides
    /// of both axes. Default: 0.
    /// </summary>
    public double Translation { get; init; }

    /// <summary>
    /// Brightness: pixels are multiplied by a factor drawn uniformly from [max(0, 1 - x), 1 + x]; x ≥ 0. Default: 0.
    /// </summary>
    /// <remarks>
    /// <see cref="Brightness"/>, <see cref="Contrast"/>, <see cref="Saturation"/> and <see cref="Hue"/> are those of
    /// torchvision's ColorJitter, in this order; pixels that came as bytes are cut to 0…255 after each. Saturation and
    /// hue leave gray images as they are.
    /// </remarks>
    public double Brightness { get; init; }

    /// <summary>
    /// Contrast: f·pixel + (1 - f)·(mean gray of the crop), f drawn as for <see cref="Brightness"/>. Default: 0.
    /// </summary>
    public double Contrast { get; init; }

    /// <summary>
    /// Saturation: f·pixel + (1 - f)·(gray of the pixel), f drawn as for <see cref="Brightness"/>. Default: 0.
    /// </summary>
    public double Saturation { get; init; }

    /// <summary>
    /// Greatest change of the hue in turns of the color circle, in [0, 0.5], drawn uniformly to both sides. Default: 0.
    /// </summary>
    public double Hue { get; init; }

    /// <summary>
    /// Probability, in [0, 1], that a rectangle of the crop is set to 0 after normalization: Zhong et al. 2017,
    /// arXiv:1708.04896 (the paper's is 0.5). Default: 0.
    /// </summary>
    public double Erasing { get; init; }

    /// <summary>
    /// Share of the crop's area that <see cref="Erasing"/> takes, in (0, 1], drawn uniformly. Default: 0.02 to 0.4.
    /// </summary>
    public ValueRange ErasedArea { get; init; } = new(0.02, 0.4);

    /// <summary>
    /// Width by height of the erased rectangle, &gt; 0, drawn uniformly on a logarithmic scale. Default: 0.3 to 1/0.3.
    /// </summary>
    public ValueRange ErasedAspectRatio { get; init; } = new(0.3, 1 / 0.3);

    /// <summary>
    /// Whether each image is changed by one operation more, of random strength: Müller, Hutter 2021, arXiv:2103.10158.
    /// There is nothing to tune. Default: false.
    /// </summary>
    /// <remarks>
    /// One of nothing, rotation (to 30°), shear (to 0.3) or translation (to 10/32 of the side) in one direction,
    /// brightness, contrast and saturation (factors 0.1 to 1.9), in the ranges of RandAugment (Cubuk et al. 2019,
    /// arXiv:1909.13719). The papers' posterize, solarize, equalize, sharpness and autocontrast are left out.
    /// </remarks>
    public bool TrivialAugment { get; init; }

    /// <summary>
    /// α ≥ 0 of mixup: the images of a batch are mixed with the same images in another order, λ of the one and 1 - λ of
    /// the other, and so are the losses of their labels; λ is drawn from Beta(α, α) for each batch. Zhang et al. 2017,
    /// arXiv:1710.09412 (0.2 to 0.4 there). With <see cref="CutMix"/>, each batch gets one of the two. Default: 0, none.
    /// </summary>
    public double Mixup { get; init; }

    /// <summary>
    /// α ≥ 0 of CutMix: a rectangle of 1 - λ of the area comes from another image of the batch; λ is drawn from
    /// Beta(α, α), place and λ for each batch. Yun et al. 2019, arXiv:1905.04899 (1 there). Default: 0, none.
    /// </summary>
    public double CutMix { get; init; }

    /// <summary>Whether the trainer chooses; see <see cref="Auto"/>.</summary>
    public bool IsAuto { get; private init; }

    /// <summary>Whether images stay as they are.</summary>
    public bool IsNone => !IsAuto && !Mirror && Padding == 0 && ShorterSide is null && Area is null
        && ColorStandardDeviation == 0 && !Warps && !Jitters && Erasing == 0 && !TrivialAugment && !Mixes;

    /// <summary>Whether crops are turned, scaled or moved.</summary>
    internal bool Warps => Rotation != 0 || Scale is not null || Translation != 0;

    /// <summary>Whether brightness, contrast, saturation or hue change.</summary>
    internal bool Jitters => Brightness != 0 || Contrast != 0 || Saturation != 0 || Hue != 0;

    /// <summary>Whether images of a batch are mixed.</summary>
    internal bool Mixes => Mixup != 0 || CutMix != 0;

    /// <summary>
    /// The same for networks whose images have another side than 224: all lengths but <see cref="Padding"/> are scaled
    /// by side / 224, to no less than the side.
    /// </summary>
    /// <param name="side">Height or width of the network's images in pixels, ≥ 1.</param>
    public ImageAugmentation ForSide(int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        double Scaled(double length) => Math.Max(side, Math.Round(length * side / PaperSide));
        return this with
        {
            ShorterSide = ShorterSide is { } range ? new(Scaled(range.Minimum), Scaled(range.Maximum)) : null,
            LargestShorterSide = (int)Scaled(LargestShorterSide),
        };
    }

    /// <summary>What is done, for the log.</summary>
    internal string Describe()
    {
        static FormattableString Range(ValueRange? range) => $"{range?.Minimum:0.###}…{range?.Maximum:0.###}";
        (bool IsDone, FormattableString What)[] parts =
        [
            (Padding > 0, $"padding {Padding}"), (ShorterSide is not null, $"shorter side {Range(ShorterSide)}"),
            (Area is not null, $"crops of {Range(Area)}"), (Rotation > 0, $"rotation ±{Rotation}°"),
            (Scale is not null, $"scale {Range(Scale)}"), (Translation > 0, $"shift ±{Translation}"),
            (ColorStandardDeviation > 0, $"colors ±{ColorStandardDeviation}"), (Brightness > 0, $"brightness ±{Brightness}"),
            (Contrast > 0, $"contrast ±{Contrast}"), (Saturation > 0, $"saturation ±{Saturation}"), (Hue > 0, $"hue ±{Hue}"),
            (TrivialAugment, $"TrivialAugment"), (Erasing > 0, $"erasing {Erasing}"), (Mirror, $"mirroring half of them"),
            (Mixup > 0, $"mixup {Mixup}"), (CutMix > 0, $"CutMix {CutMix}"),
        ];
        return IsAuto ? "auto" : IsNone ? "none"
            : string.Join(", ", parts.Where(p => p.IsDone).Select(p => FormattableString.Invariant(p.What)));
    }

    /// <summary>Checks the ranges against the network's images.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, or two rules set how crops are
    /// taken.</exception>
    internal void Check(int height, int width)
    {
        if (IsAuto)
            throw new ArgumentException(this == Auto
                ? "ImageAugmentation.Auto is chosen by the trainer; expected an augmentation that says what it does."
                : "ImageAugmentation.Auto was changed; expected Auto itself, or a change of None or of a preset.");
        string?[] crops = [Padding > 0 ? nameof(Padding) : null, ShorterSide is null ? null : nameof(ShorterSide),
            Area is null ? null : nameof(Area)];
        string[] chosen = [.. crops.OfType<string>()];
        if (chosen.Length > 1)
            throw new ArgumentException($"ImageAugmentation has {string.Join(" and ", chosen)}; "
                + "expected one of Padding, ShorterSide and Area at most: each sets how crops are taken.");
        Require(Padding >= 0, nameof(Padding), $"{Padding}", "0 or more");
        Require(LargestShorterSide >= 1, nameof(LargestShorterSide), $"{LargestShorterSide}", "1 or more");
        if (ShorterSide is { } side)
            Require(side.Minimum >= Math.Min(height, width) && side.Maximum >= side.Minimum && side.Maximum <= 1 << 14,
                nameof(ShorterSide), $"{side.Minimum}…{side.Maximum}",
                $"an increasing range from {Math.Min(height, width)}, the network's shorter side, to 16384");
        if (Area is { } area)
            RequireShares(area, nameof(Area));
        RequirePositive(AspectRatio, nameof(AspectRatio));
        RequireWithin(ColorStandardDeviation, double.MaxValue, nameof(ColorStandardDeviation));
        RequireWithin(Rotation, 180, nameof(Rotation));
        if (Scale is { } scale)
            RequirePositive(scale, nameof(Scale));
        RequireWithin(Translation, 1, nameof(Translation));
        RequireWithin(Brightness, double.MaxValue, nameof(Brightness));
        RequireWithin(Contrast, double.MaxValue, nameof(Contrast));
        RequireWithin(Saturation, double.MaxValue, nameof(Saturation));
        RequireWithin(Hue, 0.5, nameof(Hue));
        RequireWithin(Erasing, 1, nameof(Erasing));
        RequireShares(ErasedArea, nameof(ErasedArea));
        RequirePositive(ErasedAspectRatio, nameof(ErasedAspectRatio));
        RequireWithin(Mixup, double.MaxValue, nameof(Mixup));
        RequireWithin(CutMix, double.MaxValue, nameof(CutMix));
    }

    private static void RequireWithin(double value, double maximum, string name) =>
        Require(value >= 0 && value <= maximum, name, $"{value}",
            maximum == double.MaxValue ? "0 or more" : $"0 to {maximum}");

    private static void RequireShares(ValueRange range, string name) =>
        Require(range.Minimum > 0 && range.Maximum >= range.Minimum && range.Maximum <= 1, name,
            $"{range.Minimum}…{range.Maximum}", "an increasing range within (0, 1]");

    private static void RequirePositive(ValueRange range, string name) =>
        Require(range.Minimum > 0 && range.Maximum >= range.Minimum && double.IsFinite(range.Maximum), name,
            $"{range.Minimum}…{range.Maximum}", "an increasing range above 0");

    private static void Require(bool condition, string name, string value, string expected)
    {
        if (!condition)
            throw new ArgumentException($"ImageAugmentation.{name} is {value}; expected {expected}.");
    }
}
