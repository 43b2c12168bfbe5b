using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Training;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>What augmentation draws: ranges, frequencies, and that seed, epoch and image alone decide.</summary>
public class AugmentationSamplerTests
{
    private const int Draws = 8000;
    private static readonly ImageShape Network = new(32, 32, 3);

    [Fact]
    public void Draw_SameSeedEpochAndImage_IsTheSame()
    {
        ImageAugmentation augmentation = ImageAugmentation.Vgg.ForSide(32);
        ImageCrop Draw(long seed, int epoch, int image) =>
            new AugmentationSampler(augmentation, Network, seed, null).Draw(epoch, image, 60, 90);
        Assert.Equal(Draw(1, 2, 3), Draw(1, 2, 3));
        Assert.NotEqual(Draw(1, 2, 3), Draw(2, 2, 3));
        Assert.NotEqual(Draw(1, 2, 3), Draw(1, 3, 3));
        Assert.NotEqual(Draw(1, 2, 3), Draw(1, 2, 4));
    }

    [Fact]
    public void Draw_Mirror_HalfOfTheImages()
    {
        int mirrored = Crops(new ImageAugmentation { Mirror = true }, 32, 32).Count(c => c.Mirror);
        Assert.InRange(mirrored, (Draws / 2) - 200, (Draws / 2) + 200); // 200 is more than four standard deviations
        Assert.All(Crops(new ImageAugmentation { Padding = 2 }, 32, 32), c => Assert.False(c.Mirror));
    }

    [Fact]
    public void Draw_Padding_AllPlacesEquallyOften()
    {
        var places = Crops(ImageAugmentation.Cifar, 32, 32).GroupBy(c => (c.Region.Top, c.Region.Left))
            .ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(81, places.Count);
        Assert.All(places.Keys, p => Assert.True(p.Top is >= -4 and <= 4 && p.Left is >= -4 and <= 4));
        Assert.All(places.Values, n => Assert.InRange(n, 50, 150)); // 99 on average, standard deviation 10
    }

    [Fact]
    public void Draw_OneShorterSide_IsACropOfTheNetworksSize()
    {
        ImageCrop[] crops = Crops(new ImageAugmentation { ShorterSide = new(36, 36) }, 36, 36);
        Assert.All(crops, c => Assert.Equal((32.0, 32.0), (c.Region.Height, c.Region.Width)));
        Assert.Equal(Enumerable.Range(0, 5).Select(i => (double)i), crops.Select(c => c.Region.Top).Distinct().Order());
        Assert.Equal(25, crops.Select(c => (c.Region.Top, c.Region.Left)).Distinct().Count());
    }

    [Fact]
    public void Draw_ScaleJitter_EverySizeAndPlaceWithinTheImage()
    {
        ImageCrop[] crops = Crops(new ImageAugmentation { ShorterSide = new(40, 64) }, 64, 128);
        Assert.All(crops, c => Assert.True(
            c.Region.Top >= 0 && c.Region.Left >= 0 && c.Region.Top + c.Region.Height <= 64 + 1e-9
            && c.Region.Left + c.Region.Width <= 128 + 1e-9));
        int[] sides = [.. crops.Select(c => (int)Math.Round(64 * 32 / c.Region.Height))];
        Assert.Equal(Enumerable.Range(40, 25), sides.Distinct().Order());
        // 320 on average, standard deviation 18
        Assert.All(sides.GroupBy(s => s), g => Assert.InRange(g.Count(), 240, 400));
        Assert.All(crops, c => Assert.Equal(c.Region.Height, c.Region.Width, 1e-9));
    }

    [Fact]
    public void Draw_Area_SharesAndAspectRatiosAreInTheirRanges()
    {
        ImageCrop[] crops = Crops(ImageAugmentation.Inception, 200, 200);
        double[] areas = [.. crops.Select(c => c.Region.Height * c.Region.Width / 40000)],
            aspects = [.. crops.Select(c => c.Region.Width / c.Region.Height)];
        Assert.All(crops, c => Assert.True(
            c.Region.Top >= 0 && c.Region.Left >= 0 && c.Region.Top + c.Region.Height <= 200
            && c.Region.Left + c.Region.Width <= 200));
        Assert.All(areas, a => Assert.InRange(a, 0.075, 1));
        Assert.All(aspects, a => Assert.InRange(a, 0.73, 1.36)); // sides are whole pixels
        Assert.InRange(areas.Min(), 0.075, 0.1);
        // a little less than 0.54: large crops that do not fit are drawn again
        Assert.InRange(areas.Average(), 0.45, 0.54);
        Assert.InRange(aspects.Count(a => a > 1), (Draws / 2) - 300, (Draws / 2) + 300);
    }

    [Fact]
    public void Draw_AreaThatNeverFits_IsTheLargestCenteredCrop()
    {
        var sampler = new AugmentationSampler(new ImageAugmentation { Area = new(1, 1) }, Network, 1, null);
        ImageRegion region = sampler.Draw(1, 0, 10, 100).Region;
        Assert.Equal((0, 10), (region.Top, region.Height), (a, b) =>
            Math.Abs(a.Top - b.Top) < 1e-9 && Math.Abs(a.Height - b.Height) < 1e-9);
        Assert.Equal(10 * 4.0 / 3, region.Width, 1e-9);
        Assert.Equal((100 - region.Width) / 2, region.Left, 1e-9);
    }

    [Fact]
    public void Draw_Color_HasTheComponentsStandardDeviations()
    {
        var statistics = new ChannelStatistics(3);
        var pixels = new byte[3000];
        new Random(1).NextBytes(pixels);
        for (int i = 0; i < pixels.Length; i += 3)
            pixels[i + 1] = pixels[i];
        statistics.Add(pixels);
        var colors = new PrincipalColors(statistics);
        var augmentation = new ImageAugmentation { ColorStandardDeviation = 0.1 };
        float[][] shifts = [.. Crops(augmentation, 32, 32, colors).Select(c => c.Color!)];
        for (int i = 0; i < 3; i++)
        {
            double[] component = colors.Vector(i).ToArray();
            double variance = shifts.Average(s => Math.Pow(Enumerable.Range(0, 3).Sum(c => s[c] * component[c]), 2));
            // the standard deviation of the estimate is 1.6 %
            Assert.Equal(0.01 * colors.Value(i), variance, 0.06 * 0.01 * colors.Value(i) + 1e-9);
        }
    }

    [Fact]
    public void Draw_Warp_RangesAreFilledUniformly()
    {
        var augmentation = new ImageAugmentation { Rotation = 15, Scale = new(0.8, 1.25), Translation = 0.25 };
        ImageWarp[] warps = [.. Crops(augmentation, 32, 32).Select(c => c.Warp)];
        double[] angles = [.. warps.Select(w => double.RadiansToDegrees(Math.Atan2(w.YX, 1 + w.XX)))],
            scales = [.. warps.Select(w => 1 / Math.Sqrt((1 + w.XX) * (1 + w.YY) - w.XY * w.YX))];
        Assert.All(angles, a => Assert.InRange(a, -15.0001, 15.0001));
        Assert.Equal(15 / Math.Sqrt(3), Math.Sqrt(angles.Average(a => a * a)), 0.3);
        Assert.InRange(angles.Average(), -0.4, 0.4); // four standard deviations
        Assert.All(scales, s => Assert.InRange(s, 0.7999, 1.2501));
        Assert.InRange(scales.Count(s => s > 1), (Draws / 2) - 180, (Draws / 2) + 180);
        // Undone, the shift is at most a quarter of 32 pixels to each side.
        double[] right = [.. warps.Select(Shift)];
        Assert.All(right, x => Assert.InRange(x, -8.0001, 8.0001));
        Assert.Equal(8 / Math.Sqrt(3), Math.Sqrt(right.Average(x => x * x)), 0.15);

        static double Shift(ImageWarp w)
        {
            double determinant = (1 + w.XX) * (1 + w.YY) - w.XY * w.YX;
            return -((1 + w.YY) * w.X - w.XY * w.Y) / determinant;
        }
    }

    [Fact]
    public void Draw_Jitter_FactorsAreUniformAndNotNegative()
    {
        var augmentation = new ImageAugmentation { Brightness = 0.4, Contrast = 2, Saturation = 0.5, Hue = 0.1 };
        ColorFactors[] factors = [.. Crops(augmentation, 32, 32).Select(c => c.Jitter)];
        Check(f => f.Brightness, -0.4, 0.4);
        Check(f => f.Contrast, -1, 2); // factors from 0 to 3
        Check(f => f.Saturation, -0.5, 0.5);
        Check(f => f.Hue, -0.1, 0.1);

        void Check(Func<ColorFactors, float> value, double least, double most)
        {
            Assert.All(factors, f => Assert.InRange(value(f), least - 1e-6, most + 1e-6));
            double middle = (least + most) / 2, deviation = (most - least) / Math.Sqrt(12);
            Assert.Equal(middle, factors.Average(value), 4 * deviation / Math.Sqrt(Draws));
            Assert.Equal(deviation, Math.Sqrt(factors.Average(f => Math.Pow(value(f) - middle, 2))), 0.03 * deviation);
        }
    }

    [Fact]
    public void Draw_Erasing_AsOftenAndAsLargeAsSaid()
    {
        PixelRectangle[] erased = [.. Crops(new ImageAugmentation { Erasing = 0.25 }, 32, 32).Select(c => c.Erased)
            .Where(e => e != default)];
        Assert.InRange(erased.Length, (Draws / 4) - 160, (Draws / 4) + 160);
        Assert.All(erased, e => Assert.True(
            e.Top >= 0 && e.Left >= 0 && e.Top + e.Height <= 32 && e.Left + e.Width <= 32));
        double[] areas = [.. erased.Select(e => e.Height * e.Width / 1024.0)];
        Assert.All(areas, a => Assert.InRange(a, 0.015, 0.42)); // whole pixels
        Assert.InRange(areas.Average(), 0.17, 0.22);
        Assert.InRange(erased.Count(e => e.Width > e.Height), 0.4 * erased.Length, 0.55 * erased.Length);
    }

    [Fact]
    public void Draw_TrivialAugment_EachOperationEquallyOften()
    {
        ImageCrop[] crops = Crops(new ImageAugmentation { TrivialAugment = true }, 32, 32);
        Dictionary<string, int> counts = crops.GroupBy(Name).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(9, counts.Count);
        Assert.All(counts.Values, n => Assert.InRange(n, (Draws / 9) - 120, (Draws / 9) + 120));

        static string Name(ImageCrop crop) => crop switch
        {
            { Warp: { X: not 0, Y: 0 } } => "right",
            { Warp: { X: 0, Y: not 0 } } => "down",
            { Warp: { XY: not 0, YX: not 0 } } => "rotation",
            { Warp.XY: not 0 } => "shear x",
            { Warp.YX: not 0 } => "shear y",
            { Jitter.Brightness: not 0 } => "brightness",
            { Jitter.Contrast: not 0 } => "contrast",
            { Jitter.Saturation: not 0 } => "saturation",
            _ => "nothing",
        };
    }

    [Fact]
    public void Draw_MoreIsChanged_CropsStayTheSame()
    {
        ImageCrop[] few = Crops(ImageAugmentation.Inception, 90, 120),
            many = Crops(ImageAugmentation.Inception with { Rotation = 10, Hue = 0.1, Erasing = 0.5 }, 90, 120);
        Assert.Equal(few.Select(c => (c.Region, c.Mirror)), many.Select(c => (c.Region, c.Mirror)));
    }

    private static ImageCrop[] Crops(
        ImageAugmentation augmentation, int height, int width, PrincipalColors? colors = null)
    {
        var sampler = new AugmentationSampler(augmentation, Network, 5, colors);
        return [.. Enumerable.Range(0, Draws).Select(i => sampler.Draw(1 + (i % 3), i, height, width))];
    }
}
