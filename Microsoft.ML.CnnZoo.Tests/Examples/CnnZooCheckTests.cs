using System.Text.Json;
using Microsoft.ML.CnnZoo.Tests.Golden;
using SkiaSharp;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary><c>cnnzoo check</c>: planted faults are found, and nothing else.</summary>
public sealed class CnnZooCheckTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cnnzoo-check-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string At(string name) => Path.Combine(_root, name);

    [Fact]
    public void Check_GoodImages_FindsNothing()
    {
        DrawSet("data/train", first: 0, each: 12);
        DrawSet("data/test", first: 100, each: 4);
        Assert.Empty(Findings("--data", At("data"), "--folds", "0"));
    }

    [Fact]
    public void Check_PlantedCopies_FindsEachWithItsOriginal()
    {
        DrawSet("train", first: 0, each: 12);
        DrawSet("test", first: 100, each: 4);
        File.Copy(At("train/a/003.png"), At("train/a/copy.png"));
        File.Copy(At("train/a/004.png"), At("train/b/copy.png"));
        Change("train/b/002.png", "train/b/scaled.jpg", 1, 0.7f);
        Change("train/b/003.png", "train/b/mirrored.png", -1, 1);
        Change("train/a/005.png", "test/a/leak.jpg", 1, 1);
        Assert.Equal(
            [
                ("leak", "test/a/leak.jpg", "train/a/005.png"),
                ("conflict", "train/b/copy.png", "train/a/004.png"),
                ("duplicate", "train/a/copy.png", "train/a/003.png"),
                ("duplicate", "train/b/scaled.jpg", "train/b/002.png"),
                ("duplicate", "train/b/mirrored.png", "train/b/003.png"),
            ],
            Findings("--data", At("train"), "--test", At("test"), "--folds", "0"));
    }

    [Fact]
    public void Check_OddFiles_NamesWhatIsOdd()
    {
        DrawSet("train", first: 0, each: 30);
        byte[] whole = File.ReadAllBytes(At("train/a/000.png"));
        File.WriteAllBytes(At("train/a/half.png"), whole[..(whole.Length / 2)]);
        File.WriteAllText(At("train/a/text.jpg"), "not an image");
        File.WriteAllText(At("train/a/scan.tiff"), "");
        Save("train/b/black.png", 64, 64, (_, _) => SKColors.Black);
        Save("train/b/tiny.png", 8, 8, (x, y) => Color(200, x * 8, y * 8));
        Save("train/b/long.png", 300, 40, (x, y) => Color(201, x % 64, y));
        Save("train/b/gray.png", 64, 64, (x, y) => Gray(Color(202, x, y)));
        Save("train/b/clear.png", 64, 64, (x, y) => Color(203, x, y).WithAlpha((byte)(x < 20 ? 0 : 255)));
        Save("train/c/few.png", 64, 64, (x, y) => Color(204, x, y));
        Assert.Equal(
            [
                ("constant", "train/b/black.png"), ("imbalance", "train/c"), ("leftOut", "train/a/scan.tiff"),
                ("oddColors", "train/b/black.png"), ("oddColors", "train/b/clear.png"), ("oddColors", "train/b/gray.png"),
                ("oddSize", "train/b/long.png"), ("tiny", "train/b/tiny.png"), ("unreadable", "train/a/half.png"),
                ("unreadable", "train/a/text.jpg"),
            ],
            Findings("--data", At("train"), "--folds", "0").Select(f => (f.Kind, f.Path)).Order());
    }

    /// <summary>Handwritten digits are all alike: none is taken for a copy. Some are given to a wrong class.</summary>
    [Fact]
    public void Check_DigitsWithWrongLabels_FindsMostOfThemFirst()
    {
        const int Count = 500, Wrong = 20;
        for (int i = 0; i < Count; i++)
        {
            int label = (Digits.Label(i) + (i < Wrong ? 1 : 0)) % 10;
            int at = i;
            Save($"digits/{label}/{i:D3}.png", 28, 28, (x, y) => Gray(Digits.Pixels(at)[(28 * y) + x]));
        }
        (string Kind, string Path, string? Other)[] found = Findings("--data", At("digits"), "--arch", "lenet5_relu",
            "--folds", "4", "--epochs", "20", "--out", At("findings.csv"));
        Assert.All(found, f => Assert.Equal("mislabeled", f.Kind));
        int[] numbers = [.. found.Select(f => int.Parse(Path.GetFileNameWithoutExtension(f.Path)))];
        Assert.InRange(numbers.Count(n => n < Wrong), 0.8 * Wrong, Wrong);
        Assert.InRange(numbers.Take(Wrong / 2).Count(n => n < Wrong), 0.8 * Wrong / 2, Wrong / 2);
        Assert.InRange(found.Length, 1, 2 * Wrong);
        string[] lines = File.ReadAllLines(At("findings.csv"));
        Assert.Equal("kind,path,class,other,other_class,score,detail", lines[0]);
        Assert.Equal(found.Length, lines.Length - 1);
    }

    [Fact]
    public void Check_ClassOfCopies_SaysThatLabelsAreNotChecked()
    {
        DrawSet("train", first: 0, each: 6);
        foreach (string image in Directory.GetFiles(At("train/b")).Order(StringComparer.Ordinal).Skip(1))
            File.Copy(At("train/b/000.png"), image, overwrite: true);
        CnnZooCommand run = CnnZooCommand.Run("check", "--data", At("train"), "--folds", "2").AssertSuccess();
        Assert.Contains("the labels are not checked: that needs two classes, and of each as many images that are not copies of "
            + "others as there are --folds, 2.", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--folds", "1", "--folds needs 0, or a whole number from 2 to 100, not '1'.")]
    [InlineData("--arch", "lenet6", "There is no architecture 'lenet6'.")]
    [InlineData("--test", "nowhere", "'nowhere' does not exist")]
    [InlineData("--out", "nowhere/list.csv", "of the output file does not exist")]
    public void Check_WrongSwitch_SaysSo(string name, string value, string message)
    {
        DrawSet("train", first: 0, each: 2);
        CnnZooCommand run = CnnZooCommand.Run("check", "--data", At("train"), name, value);
        run.AssertFailure(run.ExitCode, message);
        Assert.NotEqual(0, run.ExitCode);
    }

    /// <summary>Kind, file and other file of each finding; paths begin below the temporary folder.</summary>
    private (string Kind, string Path, string? Other)[] Findings(params string[] arguments)
    {
        JsonElement json = CnnZooCommand.Run(["check", "--json", .. arguments]).Json();
        string Below(string path) => Path.GetRelativePath(_root, path).Replace('\\', '/');
        return [.. json.GetProperty("findings").EnumerateArray().Select(f => (f.GetProperty("kind").GetString()!,
            Below(f.GetProperty("path").GetString()!),
            f.GetProperty("other").GetString() is { } other ? Below(other) : null))];
    }

    private void DrawSet(string folder, int first, int each)
    {
        foreach ((string name, int seed) in (ReadOnlySpan<(string, int)>)[("a", 0), ("b", 500)])
            for (int i = 0; i < each; i++)
            {
                int number = seed + first + i;
                Save($"{folder}/{name}/{i:D3}.png", 64, 64, (x, y) => Color(number, x, y));
            }
    }

    /// <summary>Waves whose directions and colors depend on a number.</summary>
    private static SKColor Color(int number, int x, int y)
    {
        var random = new Random(number);
        byte Channel()
        {
            double value = 128;
            for (int wave = 0; wave < 4; wave++)
                value += 30 * Math.Sin((random.NextDouble() - 0.5) * 0.6 * x + (random.NextDouble() - 0.5) * 0.6 * y
                    + random.NextDouble() * 6);
            return (byte)Math.Clamp(value, 0, 255);
        }
        return new SKColor(Channel(), Channel(), Channel());
    }

    private static SKColor Gray(SKColor color) => Gray(color.Green);

    private static SKColor Gray(byte value) => new(value, value, value);

    private void Save(string name, int width, int height, Func<int, int, SKColor> color)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                bitmap.SetPixel(x, y, color(x, y));
        Write(bitmap, name);
    }

    private void Change(string source, string target, int direction, float scale)
    {
        using SKBitmap original = SKBitmap.Decode(At(source));
        using var changed = new SKBitmap((int)(original.Width * scale), (int)(original.Height * scale));
        using (var canvas = new SKCanvas(changed))
        {
            canvas.Scale(direction * scale, scale);
            if (direction < 0)
                canvas.Translate(-original.Width, 0);
            canvas.DrawBitmap(original, 0, 0);
        }
        Write(changed, target);
    }

    private void Write(SKBitmap bitmap, string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        using FileStream stream = File.Create(At(name));
        bitmap.Encode(stream, name.EndsWith(".jpg", StringComparison.Ordinal) ? SKEncodedImageFormat.Jpeg
            : SKEncodedImageFormat.Png, quality: 80);
    }
}
