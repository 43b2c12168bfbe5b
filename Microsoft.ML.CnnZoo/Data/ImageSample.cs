using Microsoft.ML.CnnZoo.Imaging;

namespace Microsoft.ML.CnnZoo.Data;

/// <summary>What some of the training images look like, before any is cached.</summary>
/// <param name="ShorterSide">The median of their shorter sides, in pixels.</param>
/// <param name="IsColored">Whether one in ten at least has colors.</param>
internal sealed record ImageSample(int ShorterSide, bool IsColored)
{
    private const int FirstRows = 64;
    private const double ColorDeviation = 6, ColoredShare = 0.1;

    /// <summary>
    /// Looks at the first rows and at ever fewer of the following: some hundreds of a million. Bad images are passed
    /// over; null when none is good.
    /// </summary>
    public static ImageSample? Of(IImageRows rows, long maxPixels, CancellationToken cancellation)
    {
        var decoder = new ImageDecoder(new ImageScaler(32, 32, 3, ImageFit.Stretch), maxPixels);
        var raw = new RawImage();
        var pixels = new byte[32 * 32 * 3];
        var sides = new List<int>();
        int colored = 0;
        using IImageCursor cursor = rows.Open();
        for (long row = 0; cursor.MoveNext(); row++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (row % (1 + row / FirstRows) != 0 || !TryDecode(cursor, raw, decoder, pixels))
                continue;
            sides.Add(raw.ShorterSide);
            colored += IsColorImage(pixels) ? 1 : 0;
        }
        if (sides.Count == 0)
            return null;
        sides.Sort();
        return new ImageSample(sides[sides.Count / 2], colored >= ColoredShare * sides.Count);
    }

    private static bool TryDecode(IImageCursor cursor, RawImage raw, ImageDecoder decoder, byte[] pixels)
    {
        try
        {
            return cursor.TryFetch(raw) && decoder.TryDecode<byte>(raw, pixels);
        }
        catch (Exception e) when (ImageDecoder.IsBadImage(e))
        {
            return false;
        }
    }

    private static bool IsColorImage(byte[] pixels)
    {
        double difference = 0;
        for (int i = 0; i < pixels.Length; i += 3)
            difference += Math.Max(pixels[i], Math.Max(pixels[i + 1], pixels[i + 2]))
                - Math.Min(pixels[i], Math.Min(pixels[i + 1], pixels[i + 2]));
        return difference / (pixels.Length / 3) > ColorDeviation;
    }
}
