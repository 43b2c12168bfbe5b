using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>
/// A temporary folder per class with small images that any network can tell apart: a bright bar that lies or stands, at
/// a place that varies.
/// </summary>
internal sealed class BarImages : IDisposable
{
    private const int Size = 20;

    /// <summary>Writes <paramref name="each"/> images of each class.</summary>
    public BarImages(int each = 40)
    {
        for (int i = 0; i < each; i++)
        {
            Save(Path.Combine(Folder, "lying"), i, (x, y) => Math.Abs(y - 4 - i % 12) < 2);
            Save(Path.Combine(Folder, "standing"), i, (x, y) => Math.Abs(x - 4 - i % 12) < 2);
        }
    }

    /// <summary>Folder that holds everything, removed at the end.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("cnnzoo-cli-").FullName;

    /// <summary>Folder with the class folders <c>lying</c> and <c>standing</c>.</summary>
    public string Folder => Path.Combine(Root, "images");

    /// <summary>A path outside the class folders.</summary>
    public string At(string name) => Path.Combine(Root, name);

    /// <summary>An image of a class.</summary>
    public string Image(string className, int index = 0) => Path.Combine(Folder, className, $"{index:D3}.png");

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static void Save(string folder, int index, Func<int, int, bool> bright)
    {
        Directory.CreateDirectory(folder);
        byte[] pixels = new byte[4 * Size * Size];
        for (int i = 0; i < Size * Size; i++)
        {
            byte gray = (byte)(bright(i % Size, i / Size) ? 220 - index : index);
            (pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2], pixels[4 * i + 3]) =
                (gray, gray, gray, byte.MaxValue);
        }
        using var image = MLImage.CreateFromPixels(Size, Size, MLPixelFormat.Rgba32, pixels);
        image.Save(Path.Combine(folder, $"{index:D3}.png"));
    }
}
