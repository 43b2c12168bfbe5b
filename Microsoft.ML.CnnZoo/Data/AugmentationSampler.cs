using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>
/// Draws the crop of an image that is trained on in an epoch. A function of seed, epoch and image: nothing is kept
/// between drawings, so any thread may draw in any order.
/// </summary>
/// <param name="augmentation">What may be drawn.</param>
/// <param name="network">Size of the network's images.</param>
/// <param name="seed">The run's seed.</param>
/// <param name="colors">Principal components of the training images' colors; needed where colors are changed.</param>
/// <param name="fit">What becomes of images of another shape.</param>
internal sealed class AugmentationSampler(
    ImageAugmentation augmentation, ImageShape network, long seed, PrincipalColors? colors,
    ImageFit fit = ImageFit.CenterCrop)
{
    private const int AreaAttempts = 10, ErasingAttempts = 10;
    // RandAugment's greatest strengths: degrees, pixels a pixel, share of the side, factor - 1.
    private const double GreatestAngle = 30, GreatestShear = 0.3, GreatestShift = 10.0 / 32, GreatestFactor = 0.9;
    private readonly CropPlan _plan = new(augmentation, network, fit);

    /// <summary>A random crop.</summary>
    /// <param name="epoch">The epoch, from 1.</param>
    /// <param name="image">The image's number in its set.</param>
    /// <param name="height">Rows of the cached image.</param>
    /// <param name="width">Columns of the cached image.</param>
    public ImageCrop Draw(int epoch, int image, int height, int width)
    {
        var random = new PhiloxRandom(seed, RandomPurpose.Augmentation, epoch, image);
        ImageRegion region = augmentation.Area is { } area ? DrawArea(random, area, height, width)
            : augmentation.ShorterSide is { } side ? DrawScaled(random, side, height, width)
            : augmentation.Padding > 0 ? DrawPadded(random, height, width)
            : Center(height, width).Region;
        bool mirror = augmentation.Mirror && (random.NextUInt32() & 1) == 1;
        float[]? color = DrawColor(random);
        WarpSettings warp = augmentation.Warps ? DrawWarp(random) : WarpSettings.None;
        ColorFactors jitter = augmentation.Jitters ? DrawJitter(random) : default;
        PixelRectangle erased = augmentation.Erasing > 0 && random.NextDouble() < augmentation.Erasing
            ? DrawErased(random) : default;
        if (augmentation.TrivialAugment)
            AddOperation(random, ref warp, ref jitter);
        return new ImageCrop(region, mirror, color)
        {
            Warp = warp == WarpSettings.None ? default : ImageWarp.Create(warp.Degrees, warp.Scale, warp.ShearX,
                warp.ShearY, warp.Right * network.Width, warp.Down * network.Height),
            Jitter = jitter,
            Erased = erased,
        };
    }

    private readonly record struct WarpSettings(
        double Degrees, double Scale, double ShearX, double ShearY, double Right, double Down)
    {
        public static WarpSettings None { get; } = new(0, 1, 0, 0, 0, 0);
    }

    /// <summary>The crop of an image when it is not augmented.</summary>
    public ImageCrop Center(int height, int width) => _plan.Center(height, width);

    private ImageRegion DrawPadded(PhiloxRandom random, int height, int width)
    {
        int padding = augmentation.Padding;
        int top = random.Next(height + 2 * padding - network.Height + 1) - padding;
        int left = random.Next(width + 2 * padding - network.Width + 1) - padding;
        return new(top, left, network.Height, network.Width);
    }

    /// <summary>
    /// The image is as if scaled to a drawn shorter side; a crop of the network's size is taken from it at whole
    /// pixels.
    /// </summary>
    private ImageRegion DrawScaled(PhiloxRandom random, ValueRange range, int height, int width)
    {
        int least = (int)range.Minimum, side = least + random.Next((int)range.Maximum - least + 1);
        int scaledHeight = ScaledLength(height, width, side, network.Height),
            scaledWidth = ScaledLength(width, height, side, network.Width);
        int top = random.Next(scaledHeight - network.Height + 1), left = random.Next(scaledWidth - network.Width + 1);
        double down = (double)height / scaledHeight, across = (double)width / scaledWidth;
        return new(top * down, left * across, network.Height * down, network.Width * across);
    }

    private static int ScaledLength(int length, int other, int side, int least) =>
        Math.Max(least, (int)Math.Round((double)length * side / Math.Min(length, other)));

    /// <summary>
    /// A crop of drawn area and aspect ratio that fits into the image; after ten that do not, the largest centered crop
    /// of a legal aspect ratio.
    /// </summary>
    private ImageRegion DrawArea(PhiloxRandom random, ValueRange area, int height, int width)
    {
        ValueRange aspects = augmentation.AspectRatio;
        for (int attempt = 0; attempt < AreaAttempts; attempt++)
        {
            double size = (area.Minimum + (area.Maximum - area.Minimum) * random.NextDouble()) * height * width;
            double aspect = Logarithmic(random, aspects);
            int cropWidth = (int)Math.Round(Math.Sqrt(size * aspect)),
                cropHeight = (int)Math.Round(Math.Sqrt(size / aspect));
            if (cropWidth >= 1 && cropWidth <= width && cropHeight >= 1 && cropHeight <= height)
                return new(
                    random.Next(height - cropHeight + 1), random.Next(width - cropWidth + 1), cropHeight, cropWidth);
        }
        double legal = Math.Clamp((double)width / height, aspects.Minimum, aspects.Maximum);
        double usedWidth = Math.Min(width, height * legal), usedHeight = usedWidth / legal;
        return new((height - usedHeight) / 2, (width - usedWidth) / 2, usedHeight, usedWidth);
    }

    private float[]? DrawColor(PhiloxRandom random)
    {
        if (augmentation.ColorStandardDeviation == 0 || colors is null)
            return null;
        Span<double> alpha = stackalloc double[colors.Channels];
        for (int i = 0; i < alpha.Length; i++)
            alpha[i] = augmentation.ColorStandardDeviation * random.NextNormal();
        return colors.Shift(alpha);
    }

    private WarpSettings DrawWarp(PhiloxRandom random)
    {
        double degrees = Uniform(random, augmentation.Rotation);
        double scale = augmentation.Scale is { } range ? Logarithmic(random, range) : 1;
        return new(degrees, scale, 0, 0, Uniform(random, augmentation.Translation),
            Uniform(random, augmentation.Translation));
    }

    private ColorFactors DrawJitter(PhiloxRandom random)
    {
        float Factor(double range) => range == 0 ? 0
            : (float)(Math.Max(-1, -range) + (range + Math.Min(1, range)) * random.NextDouble());
        return new(Factor(augmentation.Brightness), Factor(augmentation.Contrast), Factor(augmentation.Saturation),
            (float)Uniform(random, augmentation.Hue));
    }

    /// <summary>A rectangle of drawn area and shape that fits into the crop; after ten that do not, none.</summary>
    private PixelRectangle DrawErased(PhiloxRandom random)
    {
        for (int attempt = 0; attempt < ErasingAttempts; attempt++)
        {
            ValueRange area = augmentation.ErasedArea;
            double size = (area.Minimum + (area.Maximum - area.Minimum) * random.NextDouble())
                * network.Height * network.Width;
            double aspect = Logarithmic(random, augmentation.ErasedAspectRatio);
            int width = (int)Math.Round(Math.Sqrt(size * aspect)), height = (int)Math.Round(Math.Sqrt(size / aspect));
            if (width <= network.Width && height <= network.Height)
                return new(random.Next(network.Height - height + 1), random.Next(network.Width - width + 1), height,
                    width);
        }
        return default;
    }

    /// <summary>TrivialAugment's one operation; its strength is uniform.</summary>
    private static void AddOperation(PhiloxRandom random, ref WarpSettings warp, ref ColorFactors jitter)
    {
        int operation = random.Next(9);
        double strength = Uniform(random, 1);
        float factor = (float)(GreatestFactor * strength);
        (warp, jitter) = operation switch // 0 is nothing
        {
            1 => (warp with { Degrees = warp.Degrees + GreatestAngle * strength }, jitter),
            2 => (warp with { ShearX = GreatestShear * strength }, jitter),
            3 => (warp with { ShearY = GreatestShear * strength }, jitter),
            4 => (warp with { Right = warp.Right + GreatestShift * strength }, jitter),
            5 => (warp with { Down = warp.Down + GreatestShift * strength }, jitter),
            6 => (warp, jitter with { Brightness = Both(jitter.Brightness) }),
            7 => (warp, jitter with { Contrast = Both(jitter.Contrast) }),
            8 => (warp, jitter with { Saturation = Both(jitter.Saturation) }),
            _ => (warp, jitter),
        };
        float Both(float other) => (1 + other) * (1 + factor) - 1;
    }

    /// <summary>Uniform from -<paramref name="greatest"/> to <paramref name="greatest"/>.</summary>
    private static double Uniform(PhiloxRandom random, double greatest) =>
        greatest == 0 ? 0 : greatest * (2 * random.NextDouble() - 1);

    private static double Logarithmic(PhiloxRandom random, ValueRange range) =>
        range.Minimum * Math.Pow(range.Maximum / range.Minimum, random.NextDouble());
}
