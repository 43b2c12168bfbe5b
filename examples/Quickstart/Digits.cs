using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML.Data;

namespace Quickstart;

/// <summary>The digits that come with the examples (examples/data), as a folder of PNG files per class.</summary>
internal static class Digits
{
    private const int ImagesHeader = 16;
    private const int LabelsHeader = 8;

    /// <summary>Writes folder/train/7/00042.png and so on, unless that was done before.</summary>
    public static void Unpack(string folder)
    {
        foreach (string set in (string[])["train", "test"])
        {
            byte[] images = Decompress($"digits-{set}-images.gz"), labels = Decompress($"digits-{set}-labels.gz");
            string target = Path.Combine(folder, set);
            if (Directory.Exists(target)
                && Directory.EnumerateFiles(target, "*.png", SearchOption.AllDirectories)
                    .Count() == labels.Length - LabelsHeader)
                continue;
            Console.WriteLine($"Unpacking {labels.Length - LabelsHeader:N0} digits into {target}");
            for (int digit = 0; digit < 10; digit++)
                Directory.CreateDirectory(Path.Combine(target, $"{digit}"));
            Parallel.For(
                0, labels.Length - LabelsHeader, i =>
                    Save(images, i, Path.Combine(target, $"{labels[LabelsHeader + i]}", $"{i:D5}.png")));
        }
    }

    private static void Save(byte[] images, int index, string path)
    {
        int rows = BinaryPrimitives.ReadInt32BigEndian(images.AsSpan(8)),
        columns = BinaryPrimitives.ReadInt32BigEndian(images.AsSpan(12));
        ReadOnlySpan<byte> gray = images.AsSpan(ImagesHeader + index * rows * columns, rows * columns);
        byte[] pixels = new byte[4 * gray.Length];
        for (int i = 0; i < gray.Length; i++)
            (pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2], pixels[4 * i + 3]) =
                (gray[i], gray[i], gray[i], byte.MaxValue);
        using var image = MLImage.CreateFromPixels(columns, rows, MLPixelFormat.Rgba32, pixels);
        image.Save(path);
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
