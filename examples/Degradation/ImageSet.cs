using System.IO.Compression;
using Microsoft.ML.CnnZoo;

namespace Degradation;

/// <summary>Images to train on.</summary>
/// <param name="Name">For the plot's title.</param>
/// <param name="Image">Size of each image.</param>
/// <param name="Images">The images.</param>
internal sealed record ImageSet(string Name, ImageShape Image, IReadOnlyList<LabeledPixels> Images)
{
    private const int IdxImagesHeader = 16, IdxLabelsHeader = 8, DigitSide = 28, CifarSide = 32;

    /// <summary>
    /// The first digits of examples/data; small ones are halved to 14x14, each pixel the mean of four.
    /// </summary>
    public static ImageSet Digits(int count, bool halved)
    {
        byte[] images = Decompress("digits-train-images.gz"), labels = Decompress("digits-train-labels.gz");
        count = Math.Min(count, labels.Length - IdxLabelsHeader);
        // The file is sorted into classes: take every n-th.
        double stride = (labels.Length - IdxLabelsHeader) / (double)count;
        var set = new List<LabeledPixels>();
        for (int i = 0; i < count; i++)
        {
            int index = (int)(i * stride);
            byte[] pixels = images.AsSpan(IdxImagesHeader + (index * DigitSide * DigitSide), DigitSide * DigitSide)
                .ToArray();
            set.Add(new LabeledPixels
                { Pixels = halved ? Halve(pixels) : pixels, Label = labels[IdxLabelsHeader + index] });
        }
        int side = halved ? DigitSide / 2 : DigitSide;
        return new ImageSet($"{count:N0} digits of {side}x{side}", new ImageShape(side, side, 1), set);
    }

    /// <summary>
    /// CIFAR-10's binary version: data_batch_1.bin and so on; a label, then the planes red, green, blue.
    /// </summary>
    public static ImageSet Cifar10(string folder)
    {
        const int Plane = CifarSide * CifarSide, Record = 1 + (3 * Plane);
        var set = new List<LabeledPixels>();
        foreach (string file in Directory.EnumerateFiles(folder, "data_batch_*.bin").Order(StringComparer.Ordinal))
        {
            byte[] bytes = File.ReadAllBytes(file);
            for (int start = 0; start + Record <= bytes.Length; start += Record)
            {
                var pixels = new byte[3 * Plane];
                for (int p = 0; p < Plane; p++)
                    for (int c = 0; c < 3; c++)
                        pixels[(3 * p) + c] = bytes[start + 1 + (c * Plane) + p];
                set.Add(new LabeledPixels { Pixels = pixels, Label = bytes[start] });
            }
        }
        return set.Count > 0
            ? new ImageSet($"CIFAR-10, {set.Count:N0} images", new ImageShape(CifarSide, CifarSide, 3), set)
            : throw new FileNotFoundException($"'{folder}' has no data_batch_*.bin of CIFAR-10's binary version.");
    }

    private static byte[] Halve(byte[] pixels)
    {
        const int Half = DigitSide / 2;
        var half = new byte[Half * Half];
        for (int y = 0; y < Half; y++)
            for (int x = 0; x < Half; x++)
            {
                int at = (2 * y * DigitSide) + (2 * x);
                half[(y * Half) + x] =
                    (byte)((pixels[at] + pixels[at + 1] + pixels[at + DigitSide] + pixels[at + DigitSide + 1]) / 4);
            }
        return half;
    }

    private static byte[] Decompress(string file)
    {
        using var packed = new GZipStream(
            File.OpenRead(Path.Combine(AppContext.BaseDirectory, "data", file)), CompressionMode.Decompress);
        using var content = new MemoryStream();
        packed.CopyTo(content);
        return content.ToArray();
    }
}
