using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Data;

/// <summary>Which files of a folder become rows, in what order, and what is said about the others.</summary>
public sealed class ImageFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("cnnzoo-folder-").FullName;

    private sealed class Row
    {
        public string ImagePath { get; set; } = "";
        public string Label { get; set; } = "";
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Load_FolderPerClass_RowsInOrdinalOrderWithTheFoldersName()
    {
        Touch("b/2.png", "b/10.PNG", "a/x/deep.jpeg", "a/1.webp", "Z/9.jfif");
        var mlContext = new MLContext();
        ImageFolder images = ImageFolder.Load(_root, mlContext);
        Row[] rows = [.. mlContext.Data.CreateEnumerable<Row>(images, reuseRowObject: false)];
        Assert.Equal(
            ["Z/9.jfif", "a/1.webp", "a/x/deep.jpeg", "b/10.PNG", "b/2.png"], rows.Select(r => Relative(r.ImagePath)));
        Assert.Equal(["Z", "a", "a", "b", "b"], rows.Select(r => r.Label));
        Assert.Equal(["Z", "a", "b"], images.Classes);
        Assert.Empty(images.LeftOut);
        Assert.Equal(5, images.GetRowCount());
    }

    [Fact]
    public void Load_View_PassesThroughSplitCacheAndKeys()
    {
        Touch([.. Enumerable.Range(0, 40).Select(i => $"{"ab"[i % 2]}/{i}.png")]);
        var mlContext = new MLContext(seed: 1);
        DataOperationsCatalog.TrainTestData split =
            mlContext.Data.TrainTestSplit(ImageFolder.Load(_root), testFraction: 0.5);
        IDataView keys = mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(split.TrainSet)
            .Transform(mlContext.Data.Cache(split.TrainSet));
        Assert.Equal([1u, 2u], keys.GetColumn<uint>("Label").Distinct().Order());
        Assert.Equal(
            40, split.TrainSet.GetColumn<string>("ImagePath").Concat(split.TestSet.GetColumn<string>("ImagePath"))
            .Distinct().Count());
    }

    [Fact]
    public void Load_EveryTypeThatSkiaReads_IsListed()
    {
        string[] types = ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "gif", "ico", "wbmp"];
        Touch([.. types.Select(type => $"a/1.{type}")]);
        Assert.Equal(
            types.Order(StringComparer.Ordinal),
            ImageFolder.Load(_root).Images.Select(i => Path.GetExtension(i.ImagePath)[1..]));
    }

    [Theory]
    [InlineData("a/._1.png", "a/._1.png", "hidden")]
    [InlineData("a/.DS_Store", "a/.DS_Store", "hidden")]
    [InlineData("a/.ipynb_checkpoints/1-checkpoint.png", "a/.ipynb_checkpoints", "hidden")]
    [InlineData(".git/objects/1.png", ".git", "hidden")]
    [InlineData("__MACOSX/a/1.png", "__MACOSX", "hidden")]
    [InlineData("a/1.tiff", "a/1.tiff", ".tiff images are not read: convert them to PNG or JPEG")]
    [InlineData("a/1.HEIC", "a/1.HEIC", ".heic images are not read: convert them to PNG or JPEG")]
    [InlineData("a/1.avif", "a/1.avif", ".avif images are not read: convert them to PNG or JPEG")]
    [InlineData("a/notes.txt", "a/notes.txt", ".txt is no image type")]
    [InlineData("a/README", "a/README", "no extension")]
    [InlineData("loose.png", "loose.png", "image outside of the class folders")]
    [InlineData("labels.csv", "labels.csv", ".csv is no image type")]
    [InlineData("empty/notes.md", "empty", "class folder without images")]
    public void Load_WhatIsNoImageOfAClass_IsLeftOutWithTheReason(string file, string leftOut, string reason)
    {
        Touch("a/1.png", file);
        ImageFolder images = ImageFolder.Load(_root);
        Assert.Equal(["a/1.png"], images.Images.Select(i => Relative(i.ImagePath)));
        Assert.Contains(new LeftOutFile(Path.Combine(_root, leftOut), reason), images.LeftOut);
    }

    [Fact]
    public void Load_LinksInACircle_EndsAndListsEachImageOnce()
    {
        Touch("set/a/1.png", "set/b/2.png", "elsewhere/3.png");
        Link("set/a/self", "set/a");
        Link("set/a/up", "set");
        Link("set/b/outer", "");
        Link("set/b/more", "elsewhere");
        Link("set/b/again", "elsewhere");
        Link("elsewhere/back", "set/b");
        Link("set/c", "set");
        ImageFolder images = ImageFolder.Load(Path.Combine(_root, "set"));
        Assert.Equal(
            ["set/a/1.png", "set/b/2.png", "set/b/again/3.png"], images.Images.Select(i => Relative(i.ImagePath)));
        Assert.Equal(
            ["set/a/self", "set/a/up", "set/b/again/back", "set/b/more", "set/b/outer", "set/c"],
            images.LeftOut.Select(f => Relative(f.Path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Load_LinkedClassAndBrokenLink_OneIsListedTheOtherLeftOut()
    {
        Touch("set/a/1.png", "elsewhere/3.png");
        Link("set/b", "elsewhere");
        Link("set/a/0.png", "nowhere.png");
        Link("set/a/2.png", "set/a/3.png");
        Link("set/a/3.png", "set/a/2.png");
        ImageFolder images = ImageFolder.Load(Path.Combine(_root, "set"));
        Assert.Equal(["set/a/1.png", "set/b/3.png"], images.Images.Select(i => Relative(i.ImagePath)));
        Assert.Equal(["broken link", "broken link", "broken link"], images.LeftOut.Select(f => f.Reason));
    }

    [Theory]
    [InlineData("train", "test")]
    [InlineData("Train", "VAL")]
    [InlineData("training", "testing")]
    [InlineData("train", "validation")]
    [InlineData("valid", "test")]
    public void Load_RootOfSplits_SaysHowToLoadThem(string one, string other)
    {
        Touch($"{one}/a/1.png", $"{one}/b/1.png", $"{other}/a/1.png", ".git/config");
        var error = Assert.Throws<InvalidDataException>(() => ImageFolder.Load(_root));
        Assert.Contains(one, error.Message, StringComparison.Ordinal);
        Assert.Contains(other, error.Message, StringComparison.Ordinal);
        Assert.Contains($"ImageFolder.LoadSplits(\"{_root}\")", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ClassCalledTrainAmongOthers_IsAClass()
    {
        Touch("train/1.png", "bus/1.png");
        Assert.Equal(["bus", "train"], ImageFolder.Load(_root).Classes);
    }

    [Fact]
    public void LoadSplits_ThreeFolders_EachIsAFolderOfClasses()
    {
        Touch("train/a/1.png", "train/b/1.png", "val/a/2.png", "test/b/3.png", "notes.txt");
        (ImageFolder train, ImageFolder? validation, ImageFolder? test) = ImageFolder.LoadSplits(_root);
        Assert.Equal(["a", "b"], train.Classes);
        Assert.Equal("val/a/2.png", Relative(Assert.Single(validation!.Images).ImagePath));
        Assert.Equal("test/b/3.png", Relative(Assert.Single(test!.Images).ImagePath));
    }

    [Fact]
    public void LoadSplits_TrainOnly_HasNoOthers()
    {
        Touch("Training/a/1.png");
        ImageFolderSplits splits = ImageFolder.LoadSplits(_root);
        Assert.Equal((1, null, null), (splits.Train.Images.Count, splits.Validation, splits.Test));
    }

    [Fact]
    public void LoadSplits_NoTrainOrTwoForOneSplit_SaysSo()
    {
        Touch("a/1.png");
        Assert.Contains(
            "train", Assert.Throws<DirectoryNotFoundException>(() => ImageFolder.LoadSplits(_root)).Message,
            StringComparison.Ordinal);
        Touch("train/a/1.png", "val/a/1.png", "valid/a/1.png");
        Assert.Contains(
            "val and valid", Assert.Throws<InvalidDataException>(() => ImageFolder.LoadSplits(_root)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NoSuchFolderOrAFile_SaysWhich()
    {
        Touch("a/1.png");
        Assert.Contains(
            "absent' does not exist",
            Assert.Throws<DirectoryNotFoundException>(() => ImageFolder.Load(Path.Combine(_root, "absent"))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "is a file",
            Assert.Throws<DirectoryNotFoundException>(() => ImageFolder.Load(Path.Combine(_root, "a/1.png"))).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ImageFolder.Load(" "));
    }

    [Fact]
    public void Load_NoImageInClassFolders_SaysWhatIsThere()
    {
        Directory.CreateDirectory(Path.Combine(_root, "empty"));
        Assert.Contains(
            "holds no images", Assert.Throws<InvalidDataException>(() => ImageFolder.Load(_root)).Message,
            StringComparison.Ordinal);
        Touch("1.png", "2.png", "a/1.tif");
        string message = Assert.Throws<InvalidDataException>(() => ImageFolder.Load(_root)).Message;
        Assert.Contains("2 images, but not in class folders", message, StringComparison.Ordinal);
        Assert.Contains(".tif images are not read", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SomethingLeftOutOrASingleImage_IsLogged()
    {
        Touch("a/1.png", "a/2.png", "a/3.tif", "b/1.png");
        var mlContext = new MLContext();
        var log = new List<string>();
        mlContext.Log += (_, e) => log.Add(e.Message);
        ImageFolder.Load(_root, mlContext);
        Assert.Contains(
            log, m =>
                m.Contains("Kind=Info", StringComparison.Ordinal)
                && m.Contains("3 images of 2 classes", StringComparison.Ordinal));
        Assert.Contains(
            log, m =>
                m.Contains("Kind=Warning", StringComparison.Ordinal) && m.Contains("3.tif", StringComparison.Ordinal));
        Assert.Contains(
            log, m =>
                m.Contains("Kind=Warning", StringComparison.Ordinal)
                && m.Contains("only one image of 'b'", StringComparison.Ordinal));
    }

    private void Touch(params string[] files)
    {
        foreach (string file in files)
        {
            string path = Path.Combine(_root, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, []);
        }
    }

    private void Link(string link, string target) =>
        File.CreateSymbolicLink(Path.Combine(_root, link), Path.Combine(_root, target));

    private string Relative(string path) => Path.GetRelativePath(_root, path).Replace('\\', '/');
}
