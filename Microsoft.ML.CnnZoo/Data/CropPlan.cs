using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// Which crops of which resized image a network is trained on, validated with and scores. Random crops are drawn by
/// <see cref="AugmentationSampler"/>; all else is decided here.
/// </summary>
/// <param name="augmentation">How training images are changed.</param>
/// <param name="network">Size of the network's images.</param>
/// <param name="fit">What becomes of images of another shape.</param>
internal sealed class CropPlan(ImageAugmentation augmentation, ImageShape network, ImageFit fit)
{
    private const double PaperSide = 224, PaperResizedSide = 256, SmallCrops = 0.25;

    /// <summary>
    /// By how much images are larger than the network's when their center is validated with or scored: as in training,
    /// in the middle of the range (Simonyan and Zisserman's Q); 256 : 224 where crops of a quarter of the area or less
    /// are trained on. Not where letterboxing is to show all of an image that crops of any size are taken from.
    /// </summary>
    private readonly double _centerFactor =
        fit == ImageFit.Letterbox && TakesAnySize(augmentation) ? 1
        : augmentation.ShorterSide is { } side
            ? Math.Round((side.Minimum + side.Maximum) / 2) / Math.Min(network.Height, network.Width)
        : augmentation.Area is { Minimum: <= SmallCrops } ? PaperResizedSide / PaperSide : 1;

    /// <summary>Size of an image whose center is validated with.</summary>
    public ImageShape ValidationImage => Enlarged(_centerFactor);

    /// <summary>
    /// Whether training images are cached in their own shape, for crops of any place and size are taken from them.
    /// </summary>
    private bool KeepsShape => fit != ImageFit.Stretch && TakesAnySize(augmentation);

    private static bool TakesAnySize(ImageAugmentation augmentation) =>
        augmentation.Area is not null || augmentation.ShorterSide is { } side && side.Minimum != side.Maximum;

    /// <summary>
    /// With crops of any area: what the smallest of them needs to have as many pixels as the network's image; more
    /// would cost memory and time, and show nothing.
    /// </summary>
    private int CachedShorterSide => Math.Min(augmentation.LargestShorterSide, Math.Max(
        Math.Min(ValidationImage.Height, ValidationImage.Width), (int)Math.Ceiling(
            Math.Min(network.Height, network.Width) / Math.Sqrt(augmentation.Area!.Value.Minimum))));

    /// <summary>Size of an image that a trained network scores crops of.</summary>
    public ImageShape ScoredImage(TestCrops crops) =>
        crops == TestCrops.Ten && ValidationImage == network ? Enlarged(PaperResizedSide / PaperSide) : ValidationImage;

    /// <summary>To the size of images that are trained on.</summary>
    public ImageScaler CreateTrainingScaler()
    {
        if (!TakesAnySize(augmentation))
            return CreateValidationScaler();
        int side = augmentation.ShorterSide is { } range ? (int)range.Maximum : CachedShorterSide;
        return KeepsShape ? ImageScaler.KeepingShape(side, network.Channels)
            : CreateScaler(Enlarged((double)side / Math.Min(network.Height, network.Width)), fit);
    }

    /// <summary>To the size of images that are validated with.</summary>
    public ImageScaler CreateValidationScaler() => CreateScaler(ValidationImage, fit);

    /// <summary>To a given size.</summary>
    public static ImageScaler CreateScaler(ImageShape size, ImageFit fit) =>
        new(size.Height, size.Width, size.Channels, fit);

    /// <summary>The crop of an image that is not augmented.</summary>
    /// <param name="height">Rows of the cached image.</param>
    /// <param name="width">Columns of the cached image.</param>
    public ImageCrop Center(int height, int width) => fit == ImageFit.Letterbox && KeepsShape
        ? new ImageCrop(ImageRegion.All(height, width)) { IsLetterboxed = true }
        : ImageCrop.Center(height, width, network.Height, network.Width, _centerFactor);

    /// <summary>Share of an image's area that its largest centered crop of the network's shape loses.</summary>
    public static double LostByCenterCrop(int height, int width, ImageShape network)
    {
        ImageRegion center = ImageRegion.Center(height, width, network.Height, network.Width);
        return 1 - center.Height * center.Width / ((double)height * width);
    }

    /// <summary>How many crops of an image are scored.</summary>
    public static int Count(TestCrops crops) => crops == TestCrops.Ten ? 10 : 1;

    /// <summary>
    /// The crops that are scored: center; or upper left, upper right, lower left, lower right, center, then the same
    /// mirrored.
    /// </summary>
    /// <param name="crops">Which.</param>
    /// <param name="resized">Size of the image, at least the network's.</param>
    /// <param name="network">Size of the network's images.</param>
    public static ImageCrop[] Scored(TestCrops crops, ImageShape resized, ImageShape network)
    {
        int bottom = resized.Height - network.Height, right = resized.Width - network.Width;
        ImageCrop At(int top, int left, bool mirror) =>
            new(new ImageRegion(top, left, network.Height, network.Width), mirror);
        if (crops == TestCrops.Center)
            return [At(bottom / 2, right / 2, false)];
        (int Top, int Left)[] places = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom / 2, right / 2)];
        return [.. places.Select(p => At(p.Top, p.Left, false)), .. places.Select(p => At(p.Top, p.Left, true))];
    }

    private ImageShape Enlarged(double factor) =>
        new((int)Math.Round(network.Height * factor), (int)Math.Round(network.Width * factor), network.Channels);
}
