using System.CommandLine;
using CnnZoo.Cli;
using Microsoft.ML.CnnZoo.Tests.Documentation;
using Xunit;

namespace Microsoft.ML.CnnZoo.Tests.Examples;

/// <summary>What the switches of <c>cnnzoo train</c> set, and the schema of its configuration files.</summary>
public sealed class CnnZooSwitchTests
{
    /// <summary>Switches, and how the options print what they set.</summary>
    public static TheoryData<string, string> Rules => new()
    {
        { "--schedule onecycle", $"{new OneCycleSchedule()}" },
        { "--schedule cosine", $"{new CosineSchedule()}" },
        { "--schedule constant", $"{LearningRateSchedule.Constant}" },
        { "--schedule step --drop-epochs 30", $"{new StepSchedule(30)}" },
        { "--schedule exponential", $"{new ExponentialSchedule()}" },
        { "--schedule polynomial", $"{new PolynomialSchedule()}" },
        { "--schedule plateau --drop-factor 0.5", $"{new PlateauSchedule(Factor: 0.5f)}" },
        { "--schedule cyclic --lr 0.5", $"{new CyclicSchedule(0.05f)}" },
        { "--warmup 2 --schedule cosine", $"{new WarmupSchedule(2, new CosineSchedule())}" },
        { "--warmup 2", $"{new WarmupSchedule(2, new OneCycleSchedule())}" },
        { "--optimizer sgd", $"{new MomentumOptimizer(0.9f, Nesterov: true)}" },
        { "--optimizer sgd --momentum 0.5", $"{new MomentumOptimizer(0.5f, Nesterov: true)}" },
        { "--optimizer adam", $"{new AdamOptimizer()}" },
        { "--optimizer adamw", $"{new AdamWOptimizer()}" },
        { "--optimizer nadam", $"{new NAdamOptimizer()}" },
        { "--optimizer rmsprop --momentum 0.5", $"{new RmsPropOptimizer(Momentum: 0.5f)}" },
        { "--loss focal", $"{new FocalLoss()}" },
        { "--label-smoothing 0.2", $"{new SoftmaxCrossEntropyLoss(0.2f)}" },
        { "--average 0.99", $"{new WeightAveraging(0.99f)}" },
        { "--early-stopping 7", $"{new EarlyStopping(7)}" },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void Switches_OfRules_SetTheOption(string switches, string expected)
    {
        CnnClassificationTrainer.Options options = Parse(switches);
        Assert.Equal(expected, string.Concat((object?[])[options.LearningRateSchedule, options.Optimizer, options.Loss,
            options.WeightAveraging, options.EarlyStopping]));
    }

    [Fact]
    public void Switches_OfNumbers_SetTheOptions()
    {
        CnnClassificationTrainer.Options options = Parse("--schedule multistep --drop-epochs 30,60 --epochs 90 --batch 8 --lr 0.25 "
            + "--weight-decay 0.01 --clip 3 --momentum 0.5 --seed 4 --threads 2 --validation 0.2 --body-lr-factor 0.3 "
            + "--freeze conv1 --fine-tuning headfirst --class-weights balanced --fit letterbox --precision bfloat16 "
            + "--refresh-statistics false --recompute --bad-images skip --max-pixels 99 --checkpoints c --resume");
        Assert.Equal<float>([30, 60], Assert.IsType<MultiStepSchedule>(options.LearningRateSchedule).Epochs);
        Assert.Equal((90, 8, 0.25f, 0.01f, 3f, 0.5f), (options.Epochs, options.BatchSize, options.LearningRate,
            options.WeightDecay, options.GradientClipNorm, options.Momentum));
        Assert.Equal((4, 2, 0.2f, 0.3f, "conv1"), (options.Seed, options.Threads, options.ValidationSetFraction,
            options.BodyLearningRateFactor, options.FreezeUntil));
        Assert.Equal((FineTuning.HeadFirst, ClassWeights.Balanced, ImageFit.Letterbox, CnnPrecision.BFloat16),
            (options.FineTuning, options.ClassWeights, options.ImageFit, options.Precision));
        Assert.Equal((false, true, 99L, "c", true), (options.RefreshBatchNormStatistics, options.RecomputeActivations,
            options.MaxImagePixels, options.CheckpointFolder, options.Resume));
        Assert.Equal(BadImageHandling.Skip, options.BadImages);
    }

    [Fact]
    public void Switches_NoneOrAuto_LeaveTheTrainersDefaults()
    {
        var expected = new CnnClassificationTrainer.Options { Architecture = CnnArchitectures.LeNet5Relu, Seed = 1 };
        foreach (string switches in (string[])["", "--epochs auto --batch auto --lr auto --weight-decay auto --momentum auto "
            + "--early-stopping auto --size auto --augment auto --threads auto"])
        {
            CnnClassificationTrainer.Options options = Parse(switches);
            foreach (System.Reflection.FieldInfo field in typeof(CnnClassificationTrainer.Options).GetFields())
                Assert.Equal(field.GetValue(expected), field.GetValue(options));
        }
    }

    [Fact]
    public void Switches_NamesOfFields_AreTheTrainers()
    {
        foreach (TrainSwitch one in new TrainSwitches().All.Where(s => s.Field is not null))
            Assert.NotNull(typeof(CnnClassificationTrainer.Options).GetField(one.Field!));
    }

    [Theory]
    [InlineData("Options.Epochs is 0; expected 1 or more.", "--epochs is 0; expected 1 or more.")]
    [InlineData("Options.ImageFit = Letterbox, or Options.ImageFit = Stretch, keeps all.", "--fit letterbox, or --fit stretch, keeps all.")]
    [InlineData("try Options.FindLearningRate, or", "try --lr find, or")]
    [InlineData("(CnnImportOptions.Image)", "(--size)")]
    [InlineData("CnnExperimentOptions.Time must be longer", "--time must be longer")]
    [InlineData("A weight of Options.ClassWeights[\"a\"]", "A weight of --class-weights[\"a\"]")]
    [InlineData("Options.HeadEpochs is 0", "Options.HeadEpochs is 0")] // it has no switch
    [InlineData("CnnExplanationOptions.Samples is 0", "CnnExplanationOptions.Samples is 0")]
    public void InSwitches_MessageOfTheLibrary_NamesSwitches(string message, string expected) =>
        Assert.Equal(expected, new TrainSwitches().InSwitches(message));

    [Fact]
    public void Switches_ForFieldsOfOtherOptions_AreThere()
    {
        foreach (string name in SwitchTable.Others.Keys)
        {
            string[] parts = name.Split('.');
            Type options = parts[0].Length == 0 ? typeof(CnnClassificationTrainer.Options)
                : typeof(CnnImportOptions).Assembly.GetType($"Microsoft.ML.CnnZoo.{parts[0]}")!;
            Assert.Single(options.GetMember(parts[1]));
        }
    }

    [Fact]
    public void Documentation_ConfigurationFiles_AreUnderstood()
    {
        DocumentExample[] files = [.. DocumentExamples.Of("json")
            .Where(e => e.Document.EndsWith("command-line.md", StringComparison.Ordinal))];
        Assert.NotEmpty(files);
        string path = Path.GetTempFileName();
        foreach (DocumentExample file in files)
        {
            File.WriteAllText(path, file.Text);
            Assert.NotEmpty(ConfigFile.Read(path, new TrainSwitches().All));
        }
        File.Delete(path);
    }

    // Where it fails: build/cnnzoo schema > docs/train.schema.json
    [Fact]
    public void Schema_AsPublished_IsThatOfTheSwitches() => Assert.Equal(
        ConfigFile.Schema(new TrainSwitches().All),
        File.ReadAllText(Path.Combine(DocumentExamples.Root, "docs", "train.schema.json")).ReplaceLineEndings("\n").TrimEnd());

    private static CnnClassificationTrainer.Options Parse(string switches)
    {
        var table = new TrainSwitches();
        ParseResult parsed = new RootCommand { new TrainingCommand("train", "", table.All) }
            .Parse($"train --data . --arch lenet5_relu {switches}");
        Assert.Empty(parsed.Errors);
        using TrainingRequest request = TrainingRequest.Of(parsed, table);
        return request.Options;
    }
}
