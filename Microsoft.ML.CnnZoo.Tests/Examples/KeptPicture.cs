using SkiaSharp;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>
/// Small kept pictures of pages, beside this file in Golden/pages: fonts differ from machine to machine, so pages are compared loosely.
/// CNNZOO_WRITE_SCREENSHOTS=1 writes them anew: look at them then.
/// </summary>
internal static class KeptPicture
{
    private const int Width = 140;
    private const double MostDifference = 9; // of 255; a section that is missing or unstyled makes more

    /// <summary>Compares a screenshot with the kept one of a name.</summary>
    public static void AssertLike(string name, byte[] screenshot)
    {
        using SKBitmap found = Small(screenshot);
        if (Environment.GetEnvironmentVariable("CNNZOO_WRITE_SCREENSHOTS") == "1")
        {
            string kept = Path.Combine(Documentation.DocumentExamples.Root, "Microsoft.ML.CnnZoo.Tests", "Golden", "pages");
            Directory.CreateDirectory(kept);
            using SKData png = found.Encode(SKEncodedImageFormat.Png, 100);
            File.WriteAllBytes(Path.Combine(kept, $"{name}.png"), png.ToArray());
            return;
        }
        using var expected = SKBitmap.Decode(Path.Combine(Golden.GoldenFiles.Folder, "pages", $"{name}.png"));
        Assert.Equal((expected.Width, expected.Height), (found.Width, found.Height));
        double difference = Difference(expected, found);
        Assert.True(difference <= MostDifference, $"{name} differs from the kept picture by {difference:f1} of 255 on average.");
    }

    /// <summary>Mean absolute difference of the colors.</summary>
    public static double Difference(SKBitmap a, SKBitmap b) => a.Pixels.Zip(b.Pixels, (p, q) =>
        (Math.Abs(p.Red - q.Red) + Math.Abs(p.Green - q.Green) + Math.Abs(p.Blue - q.Blue)) / 3.0).Average();

    private static SKBitmap Small(byte[] png)
    {
        using var whole = SKBitmap.Decode(png);
        return whole.Resize(new SKImageInfo(Width, whole.Height * Width / whole.Width), SKFilterQuality.High);
    }
}
