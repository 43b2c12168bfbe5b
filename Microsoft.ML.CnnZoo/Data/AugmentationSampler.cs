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
internal sealed class AugmentationSampler(
    ImageAugmentation augmentation, ImageShape network, long seed, PrincipalColors? colors)
{
    private const int AreaAttempts = 10;
    private readonly CropPlan _plan = new(augmentation, network, ImageFit.CenterCrop);

    /// <summary>A random crop.</summary>
    /// <param name="epoch">The epoch, from 1.</param>
    /// <param name="image">The image's number in its set.</param>
    /// <param name="height">Rows of the cached image.</param>
    /// <param name="width">Columns of the cached image.</param>
    public ImageCrop Draw(int epoch, int image, int height, int width)
    {
        var random = new PhiloxRandom(seed, RandomPurpose.Augmentation, $"epoch {epoch} image {image}");
        ImageRegion region = augmentation.Area is { } area ? DrawArea(random, area, height, width)
            : augmentation.ShorterSide is { } side ? DrawScaled(random, side, height, width)
            : augmentation.Padding > 0 ? DrawPadded(random, height, width)
            : Center(height, width).Region;
        bool mirror = augmentation.Mirror && (random.NextUInt32() & 1) == 1;
        return new ImageCrop(region, mirror, DrawColor(random));
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
            double aspect = aspects.Minimum * Math.Pow(aspects.Maximum / aspects.Minimum, random.NextDouble());
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
}
