using System.Collections.Immutable;
using System.CommandLine;
using Microsoft.ML;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>What a verb that trains was asked for: options of the trainer, and what they are made of.</summary>
internal sealed class TrainingRequest : IDisposable
{
    /// <summary>The learning rate that stands for one to be found.</summary>
    public const float FindRate = 0;

    private readonly List<IDisposable> _owned = [];

    /// <summary>The trainer's options.</summary>
    public CnnClassificationTrainer.Options Options { get; } = new();

    /// <summary>Folder of images.</summary>
    public string Data { get; set; } = "";

    /// <summary>Folder of validation images.</summary>
    public string? ValidationData { get; set; }

    /// <summary>What becomes of bad images.</summary>
    public BadImageChoice BadImages { get; set; }

    /// <summary>Name of an augmentation.</summary>
    public string? Augmentation { get; set; }

    /// <summary>Size of the network's images; 0 channels where the images decide.</summary>
    public ImageShape? Size { get; private set; }

    /// <summary>Name or file of the network.</summary>
    public string? Architecture { get; set; }

    /// <summary>File of weights.</summary>
    public string? Weights { get; set; }

    /// <summary>Model to go on with.</summary>
    public string? Continue { get; set; }

    /// <summary>Learning rate, or <see cref="FindRate"/>.</summary>
    public float? LearningRate { get; set; }

    /// <summary>The schedule, as soon as all that it is made of is known.</summary>
    public Func<TrainingRequest, LearningRateSchedule>? Schedule { get; set; }

    /// <summary>Epochs before the schedule.</summary>
    public float Warmup { get; set; }

    /// <summary>Epochs at which the rate drops.</summary>
    public float[]? DropEpochs { get; set; }

    /// <summary>What it drops by.</summary>
    public float DropFactor { get; set; }

    /// <summary>Momentum.</summary>
    public float? Momentum { get; set; }

    /// <summary>Name of a loss.</summary>
    public string? Loss { get; set; }

    /// <summary>Label smoothing.</summary>
    public float? LabelSmoothing { get; set; }

    /// <summary>Whether batch norms see the whole batch, where several ranks train.</summary>
    public bool SynchronizesBatchNorms { get; set; }

    /// <summary>Whether gradients are sent as bfloat16.</summary>
    public bool SendsBFloat16 { get; set; }

    /// <summary>Whether batch and rate are those of one rank.</summary>
    public bool ScalesWithRanks { get; set; }

    /// <summary>File to write.</summary>
    public string? Output { get; set; }

    /// <summary>Folder of the run.</summary>
    public string? Run { get; set; }

    /// <summary>The network, wherever it comes from.</summary>
    public CnnArchitecture Network => Options.InitialModel?.Model.Architecture ?? Options.Architecture!;

    /// <summary>What was asked for on a command line.</summary>
    /// <exception cref="CommandException">Switches do not go together, or a file cannot be used.</exception>
    public static TrainingRequest Of(ParseResult parsed, TrainSwitches switches)
    {
        var request = new TrainingRequest();
        foreach (TrainSwitch one in switches.All)
            one.Apply(parsed, request);
        request.Size = switches.Import.Size(parsed);
        request.SetRules();
        request.OpenNetwork(switches.Import.Read(parsed));
        return request;
    }

    /// <summary>The epochs at which a schedule drops the rate.</summary>
    public ImmutableArray<float> Drops(string schedule, int most) => DropEpochs is { Length: > 0 } epochs && epochs.Length <= most
        ? [.. epochs] : throw new CommandException($"--schedule {schedule} needs --drop-epochs "
            + (most == 1 ? "N, the epochs between drops." : "A,B,…, the epochs before each drop."), ExitCode.WrongUsage);

    /// <summary>Sets what depends on the images.</summary>
    /// <param name="choose">Gives the size of the network's images that suits them.</param>
    public void SetImages(Func<ImageShape> choose)
    {
        if (Size is { } size && Options.Architecture is not null && !NetworkFile.IsForeign(Architecture!))
            Options.NetworkInput = size.Channels > 0 ? size : size with { Channels = choose().Channels };
        if (Augmentation is null or "auto")
            return;
        ImageShape image = Options.NetworkInput ?? choose();
        Options.Augmentation = AugmentationArguments.Find(Augmentation, Math.Min(image.Height, image.Width));
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    private void SetRules()
    {
        Options.Distributed = Ranks.Launched is not { } ranks ? null : ranks with
        {
            SynchronizesBatchNorms = SynchronizesBatchNorms, SendsBFloat16 = SendsBFloat16, ScalesWithRanks = ScalesWithRanks,
        };
        foreach ((string name, bool isGiven) in new[] { ("sync-batch-norm", SynchronizesBatchNorms),
            ("bfloat16-gradients", SendsBFloat16), ("scale-with-ranks", ScalesWithRanks) })
            if (isGiven && Ranks.Launched is null)
                throw Misused($"--{name} is for several processes that train together: start them with mpirun, such as "
                    + "'mpirun -n 4 cnnzoo train ...'.");
        Options.BadImages = BadImages == BadImageChoice.Skip ? BadImageHandling.Skip : BadImageHandling.Throw;
        if (Options.Resume && Run is null && Options.CheckpointFolder is null)
            throw Misused("--resume needs --run FOLDER or --checkpoints FOLDER, where the training is kept.");
        Options.FindLearningRate = LearningRate == FindRate;
        if (!Options.FindLearningRate)
            Options.LearningRate = LearningRate;
        Options.LearningRateSchedule = Schedule?.Invoke(this);
        if (Warmup > 0)
            Options.LearningRateSchedule =
                new WarmupSchedule(Warmup, Options.LearningRateSchedule ?? new OneCycleSchedule());
        Options.Loss = (Loss, LabelSmoothing) switch
        {
            (null, null) => null,
            ("focal", null) => new FocalLoss(),
            ("focal", _) => throw Misused("--label-smoothing belongs to --loss cross-entropy."),
            _ => new SoftmaxCrossEntropyLoss(LabelSmoothing ?? 0.1f),
        };
        if (Momentum is { } momentum)
            SetMomentum(momentum);
    }

    private void SetMomentum(float momentum)
    {
        if (Options.Optimizer is null)
            Options.Momentum = momentum;
        else
            Options.Optimizer = Options.Optimizer switch
            {
                RmsPropOptimizer rule => rule with { Momentum = momentum },
                MomentumOptimizer rule => rule with { Momentum = momentum },
                _ => throw Misused("--momentum belongs to --optimizer sgd and rmsprop."),
            };
    }

    private void OpenNetwork(CnnImportOptions import)
    {
        if (Architecture is null && Continue is null)
            throw Misused("--arch is needed: the network, such as resnet20_cifar ('cnnzoo list' names them); or --continue.");
        if (Architecture is not null)
            Options.Architecture = NetworkFile.FindOrImport(Architecture, import);
        if (Weights is not null)
            Options.InitialWeights = Own(new CnnWeights(WeightsFile.Open(Weights)));
        if (Continue is null)
            return;
        ITransformer model = ModelFile.Load(new MLContext(), Continue, out _);
        if (model is IDisposable disposable)
            _owned.Add(disposable);
        try
        {
            Options.InitialModel = CnnClassificationTransformer.From(model);
        }
        catch (ArgumentException)
        {
            throw new CommandException($"--continue: the model '{Continue}' was not made by 'cnnzoo train'.");
        }
    }

    private static CommandException Misused(string message) => new(message, ExitCode.WrongUsage);

    private T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
