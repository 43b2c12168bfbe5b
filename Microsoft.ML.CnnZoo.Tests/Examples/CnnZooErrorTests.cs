using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>
/// What <c>cnnzoo</c> says when something is wrong: one line, an exit code, and nothing of the user's lost.
/// </summary>
public sealed class CnnZooErrorTests
{
    [Theory]
    [InlineData("paint", "'paint' is not understood")]
    [InlineData("tarin --data .", "did you mean train?")]
    [InlineData("train --data . --arch lenet5 --out m.zip --epoch 3", "did you mean --epochs?")]
    [InlineData("train --data . --arch lenet5 --out", "--out")]
    [InlineData("train --data . --arch lenet5 --out m.zip --bad-images ignore",
        "--bad-images needs one of fail, skip, not 'ignore'")]
    [InlineData("train --data . --arch lenet5 --out m.zip --lr 0,01", "--lr needs auto, find, or a number from 1E-09 to 1000, not '0,01'")]
    [InlineData("evaluate --model m.zip --data .. extra", "extra")]
    [InlineData("train", "--data")]
    [InlineData("train --data . --arch lenet5", "--out FILE.zip or --run FOLDER is needed")]
    [InlineData("train --data . --out m.zip", "--arch is needed")]
    [InlineData("train --data . --arch lenet5 --out m.zip --optimizer adm", "did you mean adam?")]
    [InlineData("train --data . --arch lenet5 --out m.zip --schedule cosin", "did you mean cosine?")]
    [InlineData("train --data . --arch lenet5 --out m.zip --resume", "--resume needs --run FOLDER or --checkpoints FOLDER")]
    [InlineData("train --data . --arch lenet5 --out m.zip --schedule step", "needs --drop-epochs N")]
    [InlineData("train --data . --arch lenet5 --out m.zip --schedule cyclic --lr find", "--schedule cyclic needs --lr NUMBER")]
    [InlineData("train --data . --arch lenet5 --out m.zip --optimizer adam --momentum 0.5", "belongs to --optimizer sgd")]
    [InlineData("train --data . --arch lenet5 --out m.zip --sync-batch-norm", "--sync-batch-norm is for several processes")]
    [InlineData("train --data . --arch lenet5 --out m.zip --bfloat16-gradients", "start them with mpirun, such as 'mpirun -n 4")]
    [InlineData("lr --data . --arch lenet5 --scale-with-ranks", "--scale-with-ranks is for several processes")]
    [InlineData("train --data . --arch lenet5 --out m.zip --size 32x32x4", "--size needs HEIGHTxWIDTH")]
    [InlineData("train --config absent.json", "absent.json': the file does not exist")]
    [InlineData("resume", "RUN")]
    [InlineData("train --data . --arch lenet5 --out m.zip --epochs many", "many")]
    [InlineData("train --data . --arch lenet5 --out m.zip --epochs 0", "--epochs")]
    [InlineData("train --data . --arch lenet5 --out m.zip --precision half", "half")]
    [InlineData("train --data . --arch NoSuchNet --out m.zip", "NoSuchNet")]
    [InlineData("summary NoSuchNet", "NoSuchNet")]
    [InlineData("compare lenet5 NoSuchNet", "NoSuchNet")]
    [InlineData("compare --json --markdown", "exclude")]
    [InlineData("graph lenet5", "--out")]
    [InlineData("graph lenet5 --out lenet5.png", ".svg")]
    [InlineData("graph lenet5 --out lenet5.pb --classes 1", "--classes")]
    [InlineData("predict --model m.zip", "Images are needed: files, folders")]
    [InlineData("predict --model m.zip a.png --top 0", "--top")]
    public void Usage_WrongCommandLine_ExitCodeTwo(string arguments, string text) =>
        CnnZooCommand.Run(arguments.Split(' ')).AssertFailure(2, text);

    [Theory]
    [InlineData("--data")]
    [InlineData("--model")]
    public void Usage_EmptyName_SaysWhatIsNeeded(string option)
    {
        string other = option == "--data" ? "--model" : "--data";
        CnnZooCommand.Run("evaluate", option, "", other, ".").AssertFailure(2, $"{option} needs the name of a");
    }

    [Fact]
    public void Usage_EmptyArchitecture_SaysWhatIsNeeded() =>
        CnnZooCommand.Run("summary", "").AssertFailure(2, "architecture has no name");

    [Fact]
    public void Help_Root_DocumentsTheExitCodes() =>
        Assert.Contains(
            "130 interrupted", CnnZooCommand.Run("--help").AssertSuccess().Output, StringComparison.Ordinal);

    [Fact]
    public void Help_EveryVerb_ExitCodeZero()
    {
        foreach (
            string verb in (string[])["train", "evaluate", "predict", "summary", "list", "compare", "savings", "graph",
                "preview", "resume", "lr", "features", "export", "run", "weights"])
            Assert.Contains(
                "Usage", CnnZooCommand.Run(verb, "--help").AssertSuccess().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_ModelThatIsNone_IsRefusedBeforeTheImagesAreLookedFor()
    {
        string model = Path.GetTempFileName();
        CnnZooCommand.Run("check", "--data", "no/such/folder", "--model", model)
            .AssertFailure(1, "is not a model that 'cnnzoo train' wrote");
        File.Delete(model);
    }

    [Fact]
    public void Train_MissingFolder_SaysSo() =>
        CnnZooCommand.Run("train", "--data", "no/such/folder", "--arch", "lenet5_relu", "--out", "model.zip")
            .AssertFailure(1, "no/such/folder' does not exist (looked for");

    [Fact]
    public void Train_EmptyFolder_SaysWhatIsExpected()
    {
        using var images = new BarImages(each: 0);
        Directory.CreateDirectory(images.At("empty"));
        CnnZooCommand.Run("train", "--data", images.At("empty"), "--arch", "lenet5_relu", "--out", images.At("model.zip"))
            .AssertFailure(1, "one folder per class");
    }

    [Fact]
    public void Train_OneClassOnly_SaysSo()
    {
        using var images = new BarImages(each: 2);
        Directory.Delete(Path.Combine(images.Folder, "lying"), recursive: true);
        CnnZooCommand.Run("train", "--data", images.Folder, "--arch", "lenet5_relu", "--out", images.At("model.zip"))
            .AssertFailure(1, "standing");
    }

    [Fact]
    public void Train_DamagedImage_NamesItAndKeepsTheOldModel()
    {
        using var images = new BarImages(each: 4);
        File.WriteAllBytes(images.Image("lying", 2), File.ReadAllBytes(images.Image("lying", 1))[..20]);
        File.WriteAllText(images.At("model.zip"), "the old model");
        CnnZooCommand.Run(
            "train", "--data", images.Folder, "--arch", "lenet5_relu", "--out", images.At("model.zip"), "--epochs", "1")
            .AssertFailure(1, images.Image("lying", 2));
        Assert.Equal("the old model", File.ReadAllText(images.At("model.zip")));
        Assert.Equal([images.At("model.zip")], Directory.GetFiles(images.Root));
    }

    [Fact]
    public void Train_OutputInMissingFolder_SaysSoBeforeTraining()
    {
        using var images = new BarImages(each: 2);
        CnnZooCommand run =
            CnnZooCommand.Run("train", "--data", images.Folder, "--arch", "lenet5_relu", "--out", images.At("no/model.zip"));
        run.AssertFailure(1, "of the output file does not exist");
        Assert.DoesNotContain("epoch", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_FolderWithoutRun_SaysSo()
    {
        using var images = new BarImages(each: 1);
        CnnZooCommand.Run("resume", images.Folder).AssertFailure(1, "it holds no train.json");
    }

    [Fact]
    public void Train_UnknownStage_NamesTheSwitchAndTheStages()
    {
        using var images = new BarImages(each: 3);
        CnnZooCommand.Run("train", "--data", images.Folder, "--arch", Path.Combine(AppContext.BaseDirectory, "ResNet18.onnx"),
            "--preprocessing", "kerascaffe", "--freeze", "layer9", "--out", images.At("m.zip"))
            .AssertFailure(1, "--freeze is 'layer9'; expected the name of a stage or layer");
    }

    [Fact]
    public void Evaluate_MissingModel_SaysSo() =>
        CnnZooCommand.Run("evaluate", "--model", "absent.zip", "--data", ".")
            .AssertFailure(1, "absent.zip' does not exist");

    [Fact]
    public void Evaluate_ModelOfSomethingElse_SaysWhatIsExpected()
    {
        using var images = new BarImages(each: 1);
        var mlContext = new MLContext();
        IDataView rows = ImageFolder.Load(images.Folder);
        mlContext.Model.Save(
            mlContext.Transforms.Conversion.MapValueToKey("Label").Fit(rows), rows.Schema, images.At("keys.zip"));
        CnnZooCommand.Run("evaluate", "--model", images.At("keys.zip"), "--data", images.Folder)
            .AssertFailure(1, "keys.zip' was not made by 'cnnzoo train'");
    }
}
