using Microsoft.ML.Data;

namespace Benchmarks;

/// <summary>A file and its class.</summary>
internal sealed class LabeledFile
{
    public string Path { get; set; } = "";

    public uint Label { get; set; }
}

/// <summary>
/// JPEG files of the usual size of photographs in training sets, 500x375, with smooth shapes and some noise.
/// </summary>
internal static class JpegFolder
{
    private const int Width = 500, Height = 375, Classes = 2, Noise = 24;

    /// <summary>Writes the files.</summary>
    public static LabeledFile[] Create(string folder, int count)
    {
        var files = new LabeledFile[count];
        for (int i = 0; i < count; i++)
        {
            files[i] = new LabeledFile { Path = Path.Combine(folder, $"{i}.jpg"), Label = (uint)(i % Classes) };
            using MLImage image = MLImage.CreateFromPixels(Width, Height, MLPixelFormat.Bgra32, Pixels(i));
            image.Save(files[i].Path);
        }
        return files;
    }

    private static byte[] Pixels(int seed)
    {
        var random = new Random(seed);
        double across = 0.01 + (0.1 * random.NextDouble()), down = 0.01 + (0.1 * random.NextDouble()),
            class1 = seed % Classes;
        var pixels = new byte[Width * Height * 4];
        for (int y = 0, i = 0; y < Height; y++)
            for (int x = 0; x < Width; x++, i += 4)
            {
                double wave = Math.Sin((x * across) + (class1 * y * down)) * Math.Cos(y * down);
                pixels[i] = (byte)(100 + (70 * wave) + random.Next(Noise));
                pixels[i + 1] = (byte)(120 + (60 * Math.Sin(x * down)) + random.Next(Noise));
                pixels[i + 2] = (byte)(110 - (80 * wave) + random.Next(Noise));
                pixels[i + 3] = 255;
            }
        return pixels;
    }
}
