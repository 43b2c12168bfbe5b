using System.Text.Json;
using Microsoft.ML.CnnZoo.Tests.MLNet;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>
/// Every verb names the files that it cannot use; <c>--bad-images skip</c> leaves them out and lists them.
/// </summary>
public sealed class CnnZooBadImageTests(TrainedModelFixture trained) : IClassFixture<TrainedModelFixture>
{
    /// <summary>Verbs, with {data} for the folder and {model} for a trained model.</summary>
    public static TheoryData<string> Verbs =>
    [
        "train --data {data} --arch lenet5 --epochs 1 --batch 4 --out {new}",
        "evaluate --data {data} --model {model}",
        "predict --model {model} {data}",
    ];

    [Theory]
    [MemberData(nameof(Verbs))]
    public void BadImage_EachKind_IsNamed(string verb)
    {
        foreach ((string name, byte[] content) in Kinds())
        {
            using var images = new BarImages(each: 3);
            string bad = Path.Combine(images.Folder, "lying", name);
            File.WriteAllBytes(bad, content);
            CnnZooCommand run = CnnZooCommand.Run(Arguments(verb, images));
            Assert.Equal(1, run.ExitCode);
            Assert.Contains($"'{bad}' cannot be used", run.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("Options.", run.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("Parameter", run.Errors, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public void BadImages_Skipped_AreCountedAndListed(string verb)
    {
        using var images = new BarImages(each: 5);
        foreach ((string name, byte[] content) in Kinds())
            File.WriteAllBytes(Path.Combine(images.Folder, "standing", name), content);
        CnnZooCommand run = CnnZooCommand.Run([.. Arguments(verb, images), "--bad-images", "skip"]).AssertSuccess();
        Assert.Contains($"{Kinds().Length}", run.Errors, StringComparison.Ordinal);
        Assert.Contains("images left out", run.Errors, StringComparison.Ordinal);
        Assert.All(
            Kinds(), kind =>
                Assert.Contains(
                    Path.Combine(images.Folder, "standing", kind.Name), run.Errors, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("train --data {data} --arch lenet5 --epochs 1 --out {new}")]
    [InlineData("evaluate --data {data} --model {model}")]
    public void BadImage_OnFailure_TheSwitchIsNamed(string verb)
    {
        using var images = new BarImages(each: 3);
        File.WriteAllText(images.Image("lying", 1), "no image");
        CnnZooCommand.Run(Arguments(verb, images)).AssertFailure(1, "(--bad-images skip leaves such images out)");
        Assert.False(File.Exists(images.At("new.zip")));
    }

    [Fact]
    public void Evaluate_Skipped_JsonListsThemAndCountsTheOthers()
    {
        using var images = new BarImages(each: 4);
        File.WriteAllText(images.Image("lying", 1), "no image");
        JsonElement result = CnnZooCommand.Run(
            [.. Arguments("evaluate --data {data} --model {model}", images), "--json", "--bad-images", "skip"]).Json();
        Assert.Equal(7, result.GetProperty("images").GetInt32());
        Assert.Equal(
            [3, 4], result.GetProperty("classes").EnumerateArray().Select(c => c.GetProperty("images").GetInt32()));
        Assert.Equal(
            images.Image("lying", 1), Assert.Single(result.GetProperty("skipped").EnumerateArray()).GetProperty("image")
            .GetString());
    }

    [Fact]
    public void Train_PixelLimit_HoldsForTheModelAndIsNamedAsTheSwitch()
    {
        using var images = new BarImages(each: 3);
        string[] train = Arguments("train --data {data} --arch lenet5_relu --epochs 1 --out {new}", images);
        CnnZooCommand.Run([.. train, "--max-pixels", "399"])
            .AssertFailure(1, "400 pixels; 'cnnzoo train --max-pixels' permits 399");
        CnnZooCommand.Run([.. train, "--max-pixels", "400"]).AssertSuccess();
        using MLImage wide = ImageFiles.Make(21, 20, (_, _) => (9, 9, 9, 255));
        wide.Save(images.Image("lying", 1));
        CnnZooCommand.Run("predict", "--model", images.At("new.zip"), images.Image("lying", 1))
            .AssertFailure(1, "420 pixels; 'cnnzoo train --max-pixels' permits 400");
    }

    [Fact]
    public void Predict_NothingReadable_FailsAlsoWhenSkipping()
    {
        using var images = new BarImages(each: 1);
        File.WriteAllText(images.Image("lying"), "no image");
        CnnZooCommand.Run("predict", "--model", trained.Model, "--bad-images", "skip", images.Image("lying"))
            .AssertFailure(1, images.Image("lying"));
    }

    [Fact]
    public void Predict_Folder_ListsImagesAtAnyDepthAndSaysWhatItLeftOut()
    {
        using var images = new BarImages(each: 2);
        File.WriteAllText(Path.Combine(images.Folder, "notes.txt"), "");
        CnnZooCommand run = CnnZooCommand.Run("predict", "--model", trained.Model, images.Folder, "--json");
        Assert.Equal(
            [images.Image("lying", 0), images.Image("lying", 1), images.Image("standing", 0),
                images.Image("standing", 1)],
            run.Json().EnumerateArray().Select(p => p.GetProperty("image").GetString()));
        Assert.Contains("notes.txt", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Predict_EmptyFolder_SaysWhatIsExpected()
    {
        using var images = new BarImages(each: 0);
        Directory.CreateDirectory(images.Folder);
        CnnZooCommand.Run("predict", "--model", trained.Model, images.Folder).AssertFailure(1, ".webp");
    }

    // No decoder accepts these. A JPEG that was cut off is found by the library's own tests.
    private static (string Name, byte[] Content)[] Kinds() =>
    [
        ("empty.png", []),
        ("text.jpg", "this is no image"u8.ToArray()),
        ("tiff.png", [.. "II*\0"u8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("header.gif", "GIF89a"u8.ToArray()),
    ];

    private string[] Arguments(string verb, BarImages images) =>
    [
        .. verb.Split(' ').Select(word => word switch
        {
            "{data}" => images.Folder,
            "{model}" => trained.Model,
            "{new}" => images.At("new.zip"),
            _ => word,
        }),
    ];
}
