using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.Data;

namespace Microsoft.ML.CnnZoo.Tests.Documentation;

/// <summary>
/// The folder that a reader of the documents works in: <c>photos/</c> with a folder of color pictures per class,
/// <c>photo.png</c>, and <c>digits/train</c> and <c>digits/test</c> as the quickstart leaves them, with fewer images.
/// </summary>
public sealed class ReaderFolder : IDisposable
{
    private const int PhotosEach = 30, PhotoSide = 48, DigitsToTrain = 400, DigitsToTest = 100;

    private static readonly (string Name, byte R, byte G, byte B)[] Classes =
        [("apple", 200, 40, 30), ("leaf", 40, 160, 60), ("sky", 60, 120, 220)];

    public ReaderFolder()
    {
        for (int c = 0; c < Classes.Length; c++)
            for (int i = 0; i < PhotosEach; i++)
                Save(Path.Combine("photos", Classes[c].Name, $"{i:D3}.png"), Photo(c, i));
        Save("photo.png", Photo(0, PhotosEach));
        for (int i = 0; i < DigitsToTrain + DigitsToTest; i++)
        {
            string part = i < DigitsToTrain ? "train" : "test";
            Save(Path.Combine("digits", part, $"{Digits.Label(i)}", $"{i:D5}.png"), DigitRows.Image(i));
        }
    }

    /// <summary>The folder, removed at the end.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("cnnzoo-docs-").FullName;

    public void Dispose() => Directory.Delete(Root, recursive: true);

    /// <summary>A bright disk in the class's color on a dark, noisy ground.</summary>
    private static MLImage Photo(int classNumber, int index)
    {
        var random = new Random((classNumber * 1000) + index);
        (string _, byte r, byte g, byte b) = Classes[classNumber];
        int x0 = random.Next(14, PhotoSide - 14), y0 = random.Next(14, PhotoSide - 14);
        return ImageFiles.Make(PhotoSide, PhotoSide, (x, y) =>
        {
            byte noise = (byte)random.Next(40);
            byte Add(byte value) => (byte)Math.Min(byte.MaxValue, value + noise);
            bool inside = ((x - x0) * (x - x0)) + ((y - y0) * (y - y0)) < 144;
            return inside ? (Add(r), Add(g), Add(b), byte.MaxValue) : (noise, noise, noise, byte.MaxValue);
        });
    }

    private void Save(string name, MLImage image)
    {
        string path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        image.Save(path);
        image.Dispose();
    }
}
