using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli.Doctor;

/// <summary>An image of a data set that is checked.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Class">Its class folder.</param>
/// <param name="IsTest">Whether it is one of the test set.</param>
internal sealed record CheckedImage(string Path, string Class, bool IsTest)
{
    /// <summary>The images of a folder.</summary>
    public static IEnumerable<CheckedImage> Of(ImageFolder folder, bool areTest) =>
        folder.Images.Select(image => new CheckedImage(image.ImagePath, image.Label, areTest));
}

/// <summary>What a look at an image's pixels tells.</summary>
/// <param name="Image">The image.</param>
/// <param name="Height">Rows of pixels, upright.</param>
/// <param name="Width">Columns.</param>
/// <param name="Thumbnail">32x32 pixels, red, green, blue.</param>
/// <param name="Hash">Of the file's bytes.</param>
/// <param name="IsTransparent">Whether some pixels are transparent.</param>
internal sealed record ImageFacts(
    CheckedImage Image, int Height, int Width, byte[] Thumbnail, UInt128 Hash, bool IsTransparent)
{
    /// <summary>Height and width of the thumbnail.</summary>
    public const int Side = 32;

    private const double GrayDeviation = 4;

    /// <summary>The shorter side in pixels.</summary>
    public int ShorterSide => Math.Min(Height, Width);

    /// <summary>The longer side over the shorter.</summary>
    public double AspectRatio => (double)Math.Max(Height, Width) / ShorterSide;

    /// <summary>Whether it has colors.</summary>
    public bool IsColored { get; } = MeanSpread(Thumbnail) > GrayDeviation;

    /// <summary>The largest standard deviation of a channel, in units of 0 to 255.</summary>
    public double Contrast { get; } = Enumerable.Range(0, 3).Max(c => Deviation(Thumbnail, c));

    private static double MeanSpread(byte[] pixels) =>
        pixels.Chunk(3).Average(p => Math.Max(p[0], Math.Max(p[1], p[2])) - Math.Min(p[0], Math.Min(p[1], p[2])));

    private static double Deviation(byte[] pixels, int channel)
    {
        double sum = 0, squares = 0;
        for (int i = channel; i < pixels.Length; i += 3)
        {
            sum += pixels[i];
            squares += (double)pixels[i] * pixels[i];
        }
        double count = pixels.Length / 3, mean = sum / count;
        return Math.Sqrt(Math.Max(0, (squares / count) - (mean * mean)));
    }
}
