using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Imaging;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Weights;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>The images of a call of Fit: their column, size, augmentation and normalization; reads and splits them.</summary>
/// <param name="options">The trainer's options.</param>
/// <param name="architecture">The network, in the form that its weights have.</param>
/// <param name="weights">The weights it starts from; null for random ones.</param>
/// <param name="info">Is told what was chosen.</param>
/// <param name="warn">Is told what deserves attention.</param>
/// <param name="warnOfRows">Is told of this rank's rows what deserves attention.</param>
internal sealed class TrainingImages(CnnClassificationTrainer.Options options, CnnArchitecture architecture,
    WeightsForm? weights, Action<string> info, Action<string> warn, Action<string> warnOfRows)
{
    private readonly RankGroup? _ranks = options.Distributed?.Group;

    /// <summary>How pixel vectors are to be read.</summary>
    public PixelVectorFormat Format { get; } = new(options.PixelLayout, options.ImageHeight, options.ImageWidth,
        options.ImageChannels);

    /// <summary>How training images are changed: the options' way, or what <see cref="Choose"/> and <see cref="Read{T}"/> found.</summary>
    public ImageAugmentation Augmentation { get; private set; } = options.Augmentation;

    /// <summary>The column of the images.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is missing, or holds no images.</exception>
    public FeatureColumn Bind(IDataView view)
    {
        CachedImages.CheckKept(view, options.FeatureColumnName);
        return FeatureColumn.Bind(view.Schema, options.FeatureColumnName, Format, options.NetworkInput
            ?? architecture.DefaultInput);
    }

    /// <summary>Chooses size of the network's images, and how they are augmented, where that is left open.</summary>
    public ImageShape Choose(IDataView train, LabelColumn label, FeatureColumn feature)
    {
        ImageSample? sample = _ranks is null ? LookAt(train, label, feature)
            : _ranks.Decide(() => LookAt(train, label, feature));
        ImageShape image = ChooseSize(feature, sample);
        if (options.Augmentation.IsAuto)
            Augmentation = options.FineTuning == FineTuning.HeadOnly ? ImageAugmentation.None
                : TrainingRecipe.Augmentation(image, sample?.ShorterSide);
        Augmentation.Check(image.Height, image.Width);
        return image;
    }

    /// <summary>Reads all images, and holds some out for validation where none are given.</summary>
    /// <param name="store">Keeps the pixels.</param>
    /// <param name="train">The training rows.</param>
    /// <param name="validation">The validation rows; null for none.</param>
    /// <param name="label">The training rows' labels.</param>
    /// <param name="feature">The training rows' images.</param>
    /// <param name="image">Size of the network's images.</param>
    /// <param name="seed">Decides which images are held out, and how each is changed.</param>
    /// <exception cref="InvalidOperationException">The images cannot be normalized.</exception>
    public TrainingSets Read<T>(PixelStore store, IDataView train, IDataView? validation, LabelColumn label,
        FeatureColumn feature, ImageShape image, int seed) where T : unmanaged
    {
        int threads = options.DecodingThreads > 0 ? options.DecodingThreads : options.Threads > 0 ? options.Threads
            : Environment.ProcessorCount;
        var plan = new CropPlan(Augmentation, image, options.ImageFit);
        var reader = new ImageSetReader(image, store, new ImageReading(threads, options.MaxImagePixels, options.BadImages,
            warnOfRows, options.CancellationToken, options.BadImageFound, MayBeEmpty: _ranks is not null));
        IImageRows rows = Own(new LabeledRows(train, label, feature, BadImage.TrainingRows));
        ImageCache<T> images = reader.Read<T>(rows, plan.CreateTrainingScaler,
            warnOfCenterCrop: options.ImageFit == ImageFit.CenterCrop);
        CheckRows(rows);
        RankOrder order = Order(images);
        if (order.Own.Length == 0)
            throw new InvalidOperationException($"Rank {_ranks!.Rank} of {_ranks.Size} has no images: the training data have "
                + $"{order.Labels.Length} that can be used. Start fewer ranks.");
        if (_ranks is not null)
            images.MeasureChannels().Combine(sums => _ranks.Sum(sums));
        Augment(images, seed);
        images.Normalization = ChooseNormalization(feature, images.MeasureChannels());
        ImageCache<T>? held = null;
        if (validation is not null)
        {
            rows = Own(new LabeledRows(validation, LabelColumn.Bind(validation.Schema, options.LabelColumnName),
                Bind(validation), BadImage.ValidationRows));
            held = reader.Read<T>(rows, plan.CreateValidationScaler);
            CheckRows(rows);
            held.Augment(Augmentation, seed, options.ImageFit);
            held.Normalization = images.Normalization;
        }
        info($"Decoded images: {store.InMemory >> 20} MiB in memory, {store.InFile >> 20} MiB in a temporary file.");
        TrainingSets Sets(IBatchSource training, IBatchSource? validating, int[] trained, int[] validated) =>
            new(training, validating, order.Labels, trained, validated, images.Normalization, images.MeasureChannels());
        if (held is not null)
            return Sets(images, held, order.Labels, Order(held).Labels);
        (int[] kept, int[] heldOut) = ClassSplit.Split(order.Labels, options.ValidationSetFraction
            ?? TrainingRecipe.HeldOutShare(order.Labels.Length), seed);
        return heldOut.Length == 0 ? Sets(images, null, order.Labels, [])
            : Sets(new BatchSubset(images, order.OwnOf(kept)), new BatchSubset(images, order.OwnOf(heldOut)),
                [.. kept.Select(i => order.Labels[i])], [.. heldOut.Select(i => order.Labels[i])]);
    }

    /// <summary>This rank's rows.</summary>
    private IImageRows Own(IImageRows rows) => _ranks is null ? rows : new RankRows(rows, _ranks.Rank, _ranks.Size);

    private void CheckRows(IImageRows rows)
    {
        if (rows is RankRows own)
            RankAgreement.Check(_ranks!, new Dictionary<string, string> { [$"the {rows.Name} data"] = own.Seen });
    }

    private RankOrder Order<T>(ImageCache<T> images) where T : unmanaged
    {
        RankOrder order = RankOrder.Of(_ranks, images.Rows, images.Labels);
        images.Numbers = _ranks is null ? null : order.Own;
        return order;
    }

    /// <summary>Refuses validation rows of other classes, or of other images, than the training rows'.</summary>
    public void CheckValidation(IDataView validation, LabelColumn label, FeatureColumn feature)
    {
        LabelColumn ownLabel = LabelColumn.Bind(validation.Schema, options.LabelColumnName);
        if (ownLabel.Classes != label.Classes)
            throw Mismatch("label", label.Column, ownLabel.Column);
        LabelValues values = LabelValues.Of(label.Column, label.Classes),
            own = LabelValues.Of(ownLabel.Column, label.Classes);
        if (values.FirstDifference(own) is int key)
            throw Contracts.ExceptParam(nameof(validation),
                $"The keys of label column '{options.LabelColumnName}' stand for other classes in the validation data: "
                + $"key {key + 1} is '{own.Text(key)}' there, '{values.Text(key)}' in the training data. Map the labels of "
                + "both by one MapValueToKey, fitted on the training data");
        FeatureColumn ownFeature = Bind(validation);
        if (ownFeature.HoldsFloats != feature.HoldsFloats)
            throw Mismatch("feature", feature.Column, ownFeature.Column);
    }

    private static Exception Mismatch(string role, DataViewSchema.Column train, DataViewSchema.Column validation) =>
        Contracts.ExceptSchemaMismatch("inputSchema", $"validation {role}", train.Name, train.Type.ToString(),
            validation.Type.ToString());

    /// <summary>The network's image size: see <see cref="CnnClassificationTrainer.Options.NetworkInput"/>.</summary>
    private ImageShape ChooseSize(FeatureColumn feature, ImageSample? sample)
    {
        if (options.NetworkInput is { } chosen)
            return chosen;
        ImageShape paper = architecture.DefaultInput;
        if (architecture is ImportedArchitecture)
            return paper;
        bool isPretrained = options.StartingWeights is not null;
        int least = architecture.MinimumSize;
        if (sample is not null && paper.Channels == 1 && sample.IsColored && !isPretrained)
            paper = paper with { Channels = 3 };
        (int height, int width) = feature.Size;
        if (height >= least && width >= least)
            return paper with { Height = height, Width = width };
        int side = sample is null || isPretrained || height > 0 ? paper.Height
            : TrainingRecipe.SideFor(paper.Height, least, sample.ShorterSide);
        return side < paper.Height ? paper with { Height = side, Width = side } : paper;
    }

    /// <summary>Some images, where they decide something; floats are in units of the user's.</summary>
    private ImageSample? LookAt(IDataView train, LabelColumn label, FeatureColumn feature) =>
        feature.HoldsFloats || (options.NetworkInput is not null && !options.Augmentation.IsAuto) ? null
            : ImageSample.Of(new LabeledRows(train, label, feature, BadImage.TrainingRows), options.MaxImagePixels,
                options.CancellationToken);

    /// <summary>Where mirroring was left open, it is done unless it makes another class of images.</summary>
    private void Augment<T>(ImageCache<T> images, int seed) where T : unmanaged
    {
        images.Augment(Augmentation, seed, options.ImageFit, _ranks?.Rank ?? 0);
        if (!options.Augmentation.IsAuto || Augmentation.IsNone)
            return;
        bool mirror = _ranks?.Decide(() => MirrorTest.KeepsClasses(images, seed)) ?? MirrorTest.KeepsClasses(images, seed);
        Augmentation = Augmentation with { Mirror = mirror };
        images.Augment(Augmentation, seed, options.ImageFit, _ranks?.Rank ?? 0);
        info($"Augmentation: {Augmentation.Describe()}"
            + $"{(mirror ? "." : "; not mirrored, for mirrored images look less like their class.")}");
    }

    private PixelNormalization ChooseNormalization(FeatureColumn feature, ChannelStatistics statistics)
    {
        InputNormalization choice = InputNormalization.Choose(options, feature.HoldsFloats, statistics, weights);
        (choice.IsGuess ? warn : info)($"Normalization of the images: {choice.Reason}.");
        return choice.Normalization.IsFinite ? choice.Normalization
            : throw new InvalidOperationException("The images cannot be normalized: mean and standard deviation of their "
                + "channels are not finite as 32-bit floats. Set Options.ImageNormalization.");
    }
}
