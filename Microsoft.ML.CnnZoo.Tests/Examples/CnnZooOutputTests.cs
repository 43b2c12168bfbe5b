using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>
/// Where <c>cnnzoo</c> writes: links are resolved, what is no ordinary file is refused, and nothing is lost.
/// </summary>
public sealed class CnnZooOutputTests : IDisposable
{
    private readonly BarImages _images = new(each: 3);

    /// <inheritdoc/>
    public void Dispose() => _images.Dispose();

    [Theory]
    [InlineData("", 2, "--out needs the name of a file")]
    [InlineData(" ", 2, "--out needs the name of a file")]
    [InlineData("{root}", 1, "is a folder")]
    [InlineData("{root}/new/", 1, "is a folder")]
    [InlineData("{root}/new/model.zip", 1, "of the output file does not exist")]
    [InlineData("/dev/null", 1, "device")]
    [InlineData("{root}/null", 1, "device")]
    [InlineData("{root}/pipe", 1, "pipe")]
    [InlineData("{root}/images/lying/000.png", 1, "one of the images")]
    [InlineData("{root}/image", 1, "one of the images")]
    [InlineData("{root}/circle", 1, "symbolic links")]
    public void Train_OutputThatIsNoOrdinaryFile_IsRefusedBeforeTraining(string output, int exitCode, string text)
    {
        File.CreateSymbolicLink(_images.At("null"), "/dev/null");
        File.CreateSymbolicLink(_images.At("image"), _images.Image("lying"));
        File.CreateSymbolicLink(_images.At("circle"), _images.At("circle"));
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", [_images.At("pipe")]))
            mkfifo.WaitForExit();
        byte[] image = File.ReadAllBytes(_images.Image("lying"));
        string[] before = Directory.GetFileSystemEntries(_images.Root);

        CnnZooCommand run = Train(output.Replace("{root}", _images.Root, StringComparison.Ordinal));

        run.AssertFailure(exitCode, text);
        Assert.DoesNotContain("epoch", run.Output, StringComparison.Ordinal);
        Assert.Equal(image, File.ReadAllBytes(_images.Image("lying")));
        Assert.Equal(before, Directory.GetFileSystemEntries(_images.Root));
    }

    [Fact]
    public void Train_OutputIsALink_ItsTargetIsWrittenAndTheLinkStays()
    {
        File.CreateSymbolicLink(_images.At("latest.zip"), "model.zip");
        Train(_images.At("latest.zip")).AssertSuccess();
        Assert.Equal("model.zip", new FileInfo(_images.At("latest.zip")).LinkTarget);
        Assert.Null(new FileInfo(_images.At("model.zip")).LinkTarget);
        Assert.True(new FileInfo(_images.At("model.zip")).Length > 10_000);
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void Train_OldModelWithAModeOfItsOwn_TheModeIsKept()
    {
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        File.WriteAllText(_images.At("model.zip"), "old");
        File.SetUnixFileMode(_images.At("model.zip"), Mode);
        Train(_images.At("model.zip")).AssertSuccess();
        Assert.True(new FileInfo(_images.At("model.zip")).Length > 10_000);
        Assert.Equal(Mode, File.GetUnixFileMode(_images.At("model.zip")));
    }

    // While images are read, and in the first epoch, which takes much longer.
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Train_InterruptedBeforeTheFirstEpochEnded_KeepsTheOldModelAndTellsByTheExitCode(int seconds)
    {
        using var images = new BarImages(each: 60);
        File.WriteAllText(_images.At("model.zip"), "old");
        CnnZooCommand run = CnnZooCommand.Interrupt(
            "120 images", TimeSpan.FromSeconds(seconds),
            ["train", "--data", images.Folder, "--arch", "resnet50", "--batch", "1", "--out", _images.At("model.zip")]);
        run.AssertFailure(130, "Interrupted before the first epoch ended: nothing was saved.");
        Assert.Equal("old", File.ReadAllText(_images.At("model.zip")));
        Assert.Equal([_images.At("model.zip")], Directory.GetFiles(_images.Root));
    }

    [Fact]
    public void Train_PathsWithSpacesAndLetters_Work()
    {
        string folder = _images.At("Bäume & Häuser 日本");
        Directory.Move(_images.Folder, folder);
        string model = _images.At("mein modell ü.zip");
        CnnZooCommand.Run("train", "--data", folder, "--arch", "lenet5", "--epochs", "1", "--out", model)
            .AssertSuccess();
        Assert.Contains(
            Path.Combine(folder, "lying", "001.png") + ": ",
            CnnZooCommand.Run("predict", "--model", model, folder).AssertSuccess().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_RootOfSplits_TrainsOnTrainAndValidatesWithVal()
    {
        string root = _images.At("set");
        Directory.CreateDirectory(root);
        Directory.Move(_images.Folder, Path.Combine(root, "train"));
        using var others = new BarImages(each: 2);
        Directory.Move(others.Folder, Path.Combine(root, "val"));
        CnnZooCommand run = CnnZooCommand.Run(
            "train", "--data", root, "--arch", "lenet5", "--epochs", "1", "--out", _images.At("m.zip")).AssertSuccess();
        Assert.Contains($"validates with {Path.Combine(root, "val")}", run.Output, StringComparison.Ordinal);
        Assert.Contains("6 images of 2 classes", run.Output, StringComparison.Ordinal);
        Assert.Contains("validation loss", run.Output, StringComparison.Ordinal);
        CnnZooCommand.Run("evaluate", "--model", _images.At("m.zip"), "--data", root).AssertFailure(1, "not classes");
    }

    private CnnZooCommand Train(string output) =>
        CnnZooCommand.Run(
            "train", "--data", _images.Folder, "--arch", "lenet5", "--epochs", "1", "--batch", "2", "--out", output);
}
