using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.MLNet;

/// <summary>LoadImages and LoadRawImageBytes: paths, ownership, bad files. Expected values are those of ML.NET 5.0.0.</summary>
public sealed class ImagesLoadingTests : IDisposable
{
    private readonly MLContext _context = new(seed: 1);
    private readonly ImageFiles _files = new();

    public void Dispose() => _files.Dispose();

    private IDataView Load(params string[] names) =>
        Transform(_context.Transforms.LoadImages("I", _files.Folder, "S"), names);

    private IDataView Transform(ImageLoadingEstimator estimator, params string[] names)
    {
        IDataView paths = ImageRows.Paths(_context, names);
        return estimator.Fit(paths).Transform(paths);
    }

    [Fact]
    public void LoadImages_Png_GivesImageWithFullPathAsTag()
    {
        using MLImage image = ImageFiles.Counting(3, 2);
        string path = _files.Save("a.png", image);
        IDataView view = Load("a.png");
        Assert.Equal("Image", view.Schema["I"].Type.ToString());
        (int, int, MLPixelFormat, string) read = Assert.Single(
            ImageRows.Read(view, "I", (MLImage i) => (i.Width, i.Height, i.PixelFormat, i.Tag)));
        Assert.Equal((3, 2, MLPixelFormat.Bgra32, path), read);
        Assert.Equal(image.GetBGRPixels, Assert.Single(ImageRows.Bgr(view, "I")));
    }

    [Fact]
    public void LoadImages_NoFolder_TakesPathAsItIs()
    {
        using MLImage image = ImageFiles.Counting(3, 2);
        string path = _files.Save("a.png", image);
        IDataView view = Transform(_context.Transforms.LoadImages("I", null, "S"), path);
        Assert.Equal(image.GetBGRPixels, Assert.Single(ImageRows.Bgr(view, "I")));
    }

    [Fact]
    public void LoadImages_EmptyPath_GivesNull()
    {
        _files.Save("a.png", ImageFiles.Counting(3, 2));
        Assert.Equal([true, false, true], ImageRows.Read(Load("", "a.png", ""), "I", (MLImage? i) => i is null));
    }

    [Fact]
    public void LoadImages_ImagesBelongToTheCursor()
    {
        _files.Save("a.png", ImageFiles.Counting(3, 2));
        var images = new List<MLImage>();
        IDataView view = Load("a.png", "a.png");
        ImageRows.Read(view, "I", (MLImage image) =>
        {
            images.Add(image);
            return Assert.IsType<int>(image.Width);
        });
        Assert.NotSame(images[0], images[1]);
        Assert.All(images, image => Assert.Throws<InvalidOperationException>(() => image.Width));
    }

    [Fact]
    public void LoadImages_MissingFile_ThrowsAndNamesIt()
    {
        FileNotFoundException e = Assert.Throws<FileNotFoundException>(() => ImageRows.Bgr(Load("none.png"), "I"));
        Assert.Contains($"Could not find file '{_files.Path("none.png")}'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadImages_TextFileNamedPng_ThrowsAndNamesIt()
    {
        string path = _files.Write("bad.png", "just text"u8.ToArray());
        ArgumentException e = Assert.Throws<ArgumentException>(() => ImageRows.Bgr(Load("bad.png"), "I"));
        Assert.StartsWith("Invalid input stream contents", e.Message, StringComparison.Ordinal);
        Assert.Contains(path, e.Message, StringComparison.Ordinal);
        Assert.Equal("imageStream", e.ParamName);
    }

    [Fact]
    public void LoadImages_TruncatedPng_ThrowsAndNamesIt()
    {
        byte[] png = ImageFiles.EncodePng(ImageFiles.Noise(8, 8, seed: 3));
        string path = _files.Write("cut.png", png[..(png.Length / 2)]);
        ArgumentException e = Assert.Throws<ArgumentException>(() => ImageRows.Bgr(Load("cut.png"), "I"));
        Assert.StartsWith($"Invalid input stream contents: '{path}': the png image is truncated", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadImages_HugeHeader_ThrowsWithSizeAndName()
    {
        string path = _files.Write("huge.png", ImageFiles.PngHeader(100_000, 100_000));
        ArgumentException e = Assert.Throws<ArgumentException>(() => ImageRows.Bgr(Load("huge.png"), "I"));
        Assert.StartsWith($"Invalid input stream contents: '{path}': the image is 100000x100000 pixels", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadImages_BadFileAmongGood_LeavesTheOthersReadable()
    {
        _files.Save("a.png", ImageFiles.Counting(3, 2));
        _files.Write("bad.png", "just text"u8.ToArray());
        IDataView loaded = Load("a.png", "bad.png", "a.png");
        IDataView view = _context.Transforms.ResizeImages("R", 6, 4, "I").Fit(loaded).Transform(loaded);
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["R"]]);
        ValueGetter<MLImage> getter = cursor.GetGetter<MLImage>(view.Schema["R"]);
        MLImage? image = null;
        Assert.True(cursor.MoveNext());
        getter(ref image!);
        Assert.True(cursor.MoveNext());
        Assert.Throws<ArgumentException>(() => getter(ref image!));
        Assert.Null(image);
        Assert.True(cursor.MoveNext());
        getter(ref image!);
        Assert.Equal(6, image.Width);
    }

    [Fact]
    public void LoadImages_MissingFolder_ThrowsAtOnce()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => _context.Transforms.LoadImages("I", "nofolder", "S"));
        Assert.Equal("Directory \"nofolder\" does not exist.", e.Message);
    }

    [Fact]
    public void LoadImages_InputIsNoText_Throws()
    {
        IDataView images = ImageRows.Small(_context, ImageFiles.Counting(3, 2));
        ArgumentOutOfRangeException e = Assert.Throws<ArgumentOutOfRangeException>(
            () => _context.Transforms.LoadImages("J", _files.Folder, "I").Fit(images));
        Assert.StartsWith("Schema mismatch for input column 'I': expected String, got Image", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<ArgumentOutOfRangeException>(() => _context.Transforms.LoadImages("J", _files.Folder, "nope").Fit(images));
        Assert.StartsWith("Could not find input column 'nope'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadRawImageBytes_GivesTheFilesBytes()
    {
        byte[] first = [1, 2, 3];
        byte[] second = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];
        _files.Write("a.bin", first);
        _files.Write("b.bin", second);
        IDataView view = Transform(_context.Transforms.LoadRawImageBytes("I", _files.Folder, "S"), "a.bin", "b.bin", "", "a.bin");
        Assert.Equal("Vector<Byte>", view.Schema["I"].Type.ToString());
        List<byte[]> read = ImageRows.Read(view, "I", (VBuffer<byte> value) => value.DenseValues().ToArray());
        Assert.Equal([first, second, [], first], read);
    }

    [Fact]
    public void LoadImages_SameViewFromManyThreads_EveryCursorSeesItsOwn()
    {
        string[] names = [.. Enumerable.Range(0, 20).Select(i => $"{i}.png")];
        byte[][] expected = new byte[names.Length][];
        for (int i = 0; i < names.Length; i++)
        {
            using MLImage image = ImageFiles.Noise(10 + i, 9, seed: i);
            _files.Save(names[i], image);
            expected[i] = image.GetBGRPixels;
        }
        IDataView view = Load(names);
        Parallel.For(0, 8, _ => Assert.Equal(expected, ImageRows.Bgr(view, "I")));
    }
}
