using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.CnnZoo;
using Options = Microsoft.ML.CnnZoo.CnnClassificationTrainer.Options;

namespace CnnZoo.Cli;

/// <summary>All that <c>cnnzoo train</c> takes.</summary>
internal sealed class TrainSwitches : SwitchTable
{
    /// <summary>Groups of the help.</summary>
    public const string Images = "Images", Network = "Network", Training = "Training", Schedule = "Length and learning rate",
        Output = "Output", Machine = "Computation";

    private const float LeastRate = 1e-9f;

    /// <summary>Declares them.</summary>
    public TrainSwitches()
    {
        AddImages();
        AddNetwork();
        AddSchedule();
        AddTraining();
        AddOutput();
        AddMachine();
    }

    /// <summary>What a network of another framework may leave unsaid, and the size of the images.</summary>
    public ImportArguments Import { get; } = new("Size of the network's images, HEIGHTxWIDTH or HEIGHTxWIDTHx1 for gray ones "
        + "[default: auto, the paper's or, from random weights, that of smaller images]");

    /// <summary>What <c>--optimizer</c> calls a rule.</summary>
    public static string NameOf(Optimizer optimizer) => Optimizers.First(o => o.Value.GetType() == optimizer.GetType()).Key;

    private void AddImages()
    {
        Group = Images;
        Add(DataFolder.Option("Folder with one folder of images per class, or with folders train, "
            + "val (chooses the best epoch) and test (is not read) of this kind"), Texts(), (r, v) => r.Data = v,
            isPath: _ => true);
        File("--validation-data", "Folder of images that choose the best epoch, with one folder per class", "FOLDER",
            (r, v) => r.ValidationData = v);
        Number("--validation", "Fraction of the images that are held out to choose the best epoch; 0 for none; a folder val "
            + "or --validation-data replaces it [default: auto, 0.1, none of fewer than 500 images]", 0f, 0.9f,
            (r, v) => r.Options.ValidationSetFraction = v, nameof(Options.ValidationSetFraction));
        AddImport(0, new JsonObject { ["type"] = new JsonArray("integer", "string"), ["pattern"] = "^(auto|\\d+(x\\d+(x[13])?)?)$" },
            nameof(Options.NetworkInput));
        Add(ImageFits.Option(), Choices(ImageFits.Names), (r, v) => r.Options.ImageFit = ImageFits.Find(v),
            nameof(Options.ImageFit));
        Add(AugmentationArguments.Option("auto"), Choices(AugmentationArguments.Names), (r, v) => r.Augmentation = v!,
            nameof(Options.Augmentation));
        Add(BadImages.Option("fail at the first"), Choices(["fail", "skip"]), (r, v) => r.BadImages = v, nameof(Options.BadImages));
        Number(BadImages.PixelLimit, "Largest image to decode, in pixels; the model keeps the limit",
            new Options().MaxImagePixels, 1, int.MaxValue, (r, v) => r.Options.MaxImagePixels = v,
            nameof(Options.MaxImagePixels));
    }

    private void AddNetwork()
    {
        Group = Network;
        Option<string> architecture = ArchitectureArguments.Option("--arch", files: true);
        architecture.Required = false;
        Add(architecture, Texts(), (r, v) => r.Architecture = v, nameof(Options.Architecture), NetworkFile.IsForeign);
        Add(WeightsFile.Option("Start from these instead of random weights"), Texts(), (r, v) => r.Weights = v,
            nameof(Options.InitialWeights), _ => true);
        File("--continue", "Go on from a model that 'cnnzoo train' wrote, also with more or other classes", "MODEL.zip",
            (r, v) => r.Continue = v, nameof(Options.InitialModel));
        Choice<FineTuning>("--fine-tuning", "Layers of a network with weights that are trained",
            (r, v) => r.Options.FineTuning = v, nameof(Options.FineTuning));
        Text("--freeze", "Stage or layer up to which a network with weights stays as it is; 'cnnzoo summary' names them",
            "STAGE", (r, v) => r.Options.FreezeUntil = v, nameof(Options.FreezeUntil));
        Number("--body-lr-factor", "What the learning rate is multiplied by for all layers but the head "
            + "[default: auto, 1, or 0.1 with --fine-tuning headfirst]", 1e-6f, 1000f,
            (r, v) => r.Options.BodyLearningRateFactor = v, nameof(Options.BodyLearningRateFactor));
        AddImport(1, Choices(["file", "torchvision", "kerascaffe", "kerastensorflow", "zerotoone", "raw"]));
        AddImport(2, Choices(["rgb", "bgr"]));
        AddImport(3, Texts(), isPath: _ => true);
    }

    private void AddSchedule()
    {
        Group = Schedule;
        Number("--epochs", "Passes over the images [default: auto, enough for their number, ended when it brings no more]",
            1, 100_000, (r, v) => r.Options.Epochs = v, nameof(Options.Epochs));
        Number("--early-stopping", "Epochs without a better validation after which training ends "
            + "[default: auto, half of the epochs where their number is auto]", 1, 100_000,
            (r, v) => r.Options.EarlyStopping = new EarlyStopping(v), nameof(Options.EarlyStopping));
        Number("--lr", "Learning rate, the highest of the schedule; find looks for one by a range test "
            + "[default: auto, suits network and optimizer]", LeastRate, 1000f, (r, v) => r.LearningRate = v,
            nameof(Options.LearningRate), ("find", TrainingRequest.FindRate));
        Name("--schedule", "How the learning rate changes [default: onecycle]", [.. Schedules.Keys],
            (r, v) => r.Schedule = Schedules[v], nameof(Options.LearningRateSchedule));
        Number("--warmup", "Epochs in which the rate rises before the schedule begins", 0f, 0f, 10_000f,
            (r, v) => r.Warmup = v);
        Add(Epochs("--drop-epochs", "For the schedule step the epochs between drops, for multistep those before each drop: "
            + "30,60,80"), new JsonObject { ["type"] = new JsonArray("integer", "string") }, (r, v) => r.DropEpochs = v);
        Number("--drop-factor", "What step, multistep and plateau multiply the rate by", 0.1f, 1e-6f, 1f,
            (r, v) => r.DropFactor = v);
    }

    private static readonly Dictionary<string, Func<TrainingRequest, LearningRateSchedule>> Schedules =
        new(StringComparer.Ordinal)
        {
            ["onecycle"] = _ => new OneCycleSchedule(),
            ["cosine"] = _ => new CosineSchedule(),
            ["constant"] = _ => LearningRateSchedule.Constant,
            ["step"] = r => new StepSchedule((int)r.Drops("step", most: 1)[0], r.DropFactor),
            ["multistep"] = r => new MultiStepSchedule(r.Drops("multistep", most: int.MaxValue), r.DropFactor),
            ["exponential"] = _ => new ExponentialSchedule(),
            ["polynomial"] = _ => new PolynomialSchedule(),
            ["plateau"] = r => new PlateauSchedule(Factor: r.DropFactor),
            ["cyclic"] = r => new CyclicSchedule(r.Options.LearningRate / 10 ?? throw new CommandException(
                "--schedule cyclic needs --lr NUMBER: it moves between a tenth of it and the number.", ExitCode.WrongUsage)),
        };

    private void AddTraining()
    {
        Group = Training;
        Number("--batch", "Images per step [default: auto, 16 to 64 by their number]", 1, 65_536,
            (r, v) => r.Options.BatchSize = v, nameof(Options.BatchSize));
        Number("--seed", "Seed: the same seed gives the same weights", 1, 0, int.MaxValue, (r, v) => r.Options.Seed = v,
            nameof(Options.Seed));
        Name("--optimizer", "The rule that moves the weights "
            + "[default: auto, the one of adamw and sgd that suits --lr, or, where that is open, the network]", [.. Optimizers.Keys],
            (r, v) => r.Options.Optimizer = Optimizers[v], nameof(Options.Optimizer));
        Number("--momentum", "Of sgd (Nesterov's) and rmsprop [default: auto, 0.9 and 0]", 0f, 0.9999f, (r, v) => r.Momentum = v,
            nameof(Options.Momentum));
        Number("--weight-decay", "L2 penalty of kernels [default: auto, 0.0005 for most networks, 0.01 of adamw]", 0f, 10f,
            (r, v) => r.Options.WeightDecay = v, nameof(Options.WeightDecay));
        Number("--clip", "Largest norm of all gradients [default: auto, 5 without batch norms]", 1e-6f, 1e9f,
            (r, v) => r.Options.GradientClipNorm = v, nameof(Options.GradientClipNorm));
        Number("--average", "Decay of a moving average of the weights, which the model gets: 0.999; off for none "
            + "[default: off]", 0f, 0.999999f, (r, v) => r.Options.WeightAveraging = new WeightAveraging(v),
            nameof(Options.WeightAveraging), ("off", null));
        Name("--loss", "What is made small [default: cross-entropy; lenet5 has its own]", ["cross-entropy", "focal"],
            (r, v) => r.Loss = v, nameof(Options.Loss));
        Number("--label-smoothing", "Of cross-entropy [default: auto, the paper's or 0.1]", 0f, 0.99f,
            (r, v) => r.LabelSmoothing = v, field: null);
        Name("--class-weights", "Weights of the classes in the loss: balanced counts rare ones more [default: none]",
            ["none", "balanced"], (r, v) => r.Options.ClassWeights = v == "balanced" ? ClassWeights.Balanced : null,
            nameof(Options.ClassWeights));
        Flag("--calibrate", "Fit a temperature on the validation images, so that the model's probabilities are as sure as they "
            + "are right", (r, v) => r.Options.Calibrate = v, nameof(Options.Calibrate));
        Number("--abstain-precision", "How often the model's answers shall be right, by the validation images; images that are "
            + "too uncertain get none [default: auto, always an answer]", 1e-6f, 1f, (r, v) => r.Options.AbstainPrecision = v,
            nameof(Options.AbstainPrecision));
        Add(DecisionArguments.Shares("--class-shares", "Shares of the classes where the model is used, if they are others than in "
            + "training: cat=0.2,dog=0.8"), Texts(), (r, v) => r.Options.ExpectedClassShares = v,
            nameof(Options.ExpectedClassShares));
        Flag("--refresh-statistics", "Measure the batch norms' statistics again after the last step",
            (r, v) => r.Options.RefreshBatchNormStatistics = v, nameof(Options.RefreshBatchNormStatistics), byDefault: true);
    }

    private static readonly Dictionary<string, Optimizer> Optimizers = new(StringComparer.Ordinal)
    {
        ["sgd"] = new MomentumOptimizer(0.9f, Nesterov: true), ["adam"] = new AdamOptimizer(),
        ["adamw"] = new AdamWOptimizer(), ["nadam"] = new NAdamOptimizer(),
        ["rmsprop"] = new RmsPropOptimizer(),
    };

    private void AddOutput()
    {
        Group = Output;
        Option<string> output = OutputFile.Option("Model file to write, for example digits.zip");
        output.Required = false;
        Add(output, Texts(), (r, v) => r.Output = v, isPath: _ => true);
        File("--run", "Folder for everything of the training: settings, model, results, drawings, weights, checkpoints; "
            + "'cnnzoo resume' goes on with it", "FOLDER", (r, v) => r.Run = v);
        File("--checkpoints", "Folder for checkpoints alone", "FOLDER", (r, v) => r.Options.CheckpointFolder = v,
            nameof(Options.CheckpointFolder));
        Flag("--resume", "Go on from the newest checkpoint of --run or --checkpoints", (r, v) => r.Options.Resume = v,
            nameof(Options.Resume));
    }

    private void AddMachine()
    {
        Group = Machine;
        Number("--threads", "Threads [default: auto, one for each processor]", 0, 4096, (r, v) => r.Options.Threads = v,
            nameof(Options.Threads));
        Choice<CnnPrecision>("--precision", "Numeric precision", (r, v) => r.Options.Precision = v, nameof(Options.Precision));
        Flag("--recompute", "Compute activations again for their gradients: less memory, the same weights",
            (r, v) => r.Options.RecomputeActivations = v, nameof(Options.RecomputeActivations));
        Flag("--sync-batch-norm", "Started by mpirun: batch norms normalize by the whole batch, not by each process's part",
            (r, v) => r.SynchronizesBatchNorms = v);
        Flag("--bfloat16-gradients", "Started by mpirun: send gradients in half as many bytes", (r, v) => r.SendsBFloat16 = v);
        Flag("--scale-with-ranks", "Started by mpirun: --batch and --lr are those of one process, and grow with their number",
            (r, v) => r.ScalesWithRanks = v);
    }

    /// <summary>One of the options for imported networks, which <see cref="Import"/> reads.</summary>
    private void AddImport(int index, JsonObject schema, string? field = null, Func<string, bool>? isPath = null) =>
        AddRead(Import.Options[index], schema, (_, _) => { }, field, isPath);

    private static Option<float[]?> Epochs(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "EPOCHS",
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            float[] epochs = [.. text.Split(',').Select(s => float.TryParse(s, NumberStyles.Float,
                CultureInfo.InvariantCulture, out float epoch) && epoch > 0 ? epoch : float.NaN)];
            if (!epochs.Any(float.IsNaN) && epochs.Zip(epochs.Skip(1), (a, b) => a < b).All(rises => rises))
                return epochs;
            result.AddError($"{name} needs rising numbers of epochs, such as 30,60,80, not '{text}'.");
            return null;
        },
    };
}
