using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Explain;
using Microsoft.ML.CnnZoo.Files;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Kernels;
using Microsoft.ML.CnnZoo.Runs;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Training.Checkpoints;
using Microsoft.ML.CnnZoo.Weights;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>One call of Fit: schema checks, reading, training, the transformer. Keeps nothing for the next.</summary>
internal sealed class TrainingRun(IHost host, IChannel channel, CnnClassificationTrainer.Options options)
{
    private const int SheetRows = 8, SheetColumns = 6;

    private CnnArchitecture _architecture = options.Architecture!;
    private WeightsForm? _weights;
    private readonly RankGroup? _ranks = options.Distributed?.Group;
    private RunFolder? _folder;

    /// <summary>Whether this process writes: of several ranks, the first.</summary>
    private bool Writes => _ranks?.IsFirst ?? true;

    public CnnClassificationTransformer Fit(IDataView train, IDataView? validation)
    {
        options.Check();
        using RunFolder? own = options.RunFolder is null || options.OpenRun is not null || !Writes ? null
            : RunFolder.Open(options.RunFolder, options.Resume, Warn);
        _folder = options.OpenRun ?? own;
        using FolderLock? checkpoints = CheckpointsFolder is { } folder && Writes ? FolderLock.Take(folder, Warn) : null;
        return Prepare(train, validation, Train);
    }

    /// <summary>A range test, on the images that Fit would train on.</summary>
    public LearningRateSearch FindLearningRate(IDataView train) => Prepare(train, options.ValidationSet, Search);

    /// <summary>The size of the network's images that Fit would choose.</summary>
    public ImageShape ChooseInput(IDataView train)
    {
        TrainingImages images = CreateImages();
        return images.Choose(train, LabelColumn.Bind(train.Schema, options.LabelColumnName), images.Bind(train));
    }

    /// <summary>Draws training images as the network is shown them; see <see cref="AugmentationSheet"/>.</summary>
    public void Preview(IDataView train, string file, int images, int samples) => Prepare(train, null, prepared =>
    {
        if (Writes)
            new AugmentationSheet(prepared.Training, prepared.Normalization, prepared.Labels.Text,
                areBytes: !prepared.Feature.HoldsFloats).Write(file, images, samples);
        return file;
    });

    private TrainingImages CreateImages() => new(options, _architecture, _weights, Info, Warn, WarnOfRows);

    private TResult Prepare<TResult>(IDataView train, IDataView? validation, Func<PreparedTraining, TResult> use)
    {
        options.Check();
        if (options.StartingWeights is { } start)
        {
            _weights = WeightsForm.Resolve(options.Architecture!, start.Tensors);
            _architecture = _weights.Architecture;
        }
        LabelColumn label = LabelColumn.Bind(train.Schema, options.LabelColumnName);
        TrainingImages images = CreateImages();
        FeatureColumn feature = images.Bind(train);
        if (options.InitialModel?.Model.TakesFloats is { } floats && floats != feature.HoldsFloats)
            throw Contracts.ExceptSchemaMismatch("inputSchema", "feature", feature.Column.Name, floats
                ? "known-size vector of Single, as InitialModel was trained on"
                : "Image or vector of Byte, as InitialModel was trained on", feature.Column.Type.ToString()!);
        if (validation is not null)
            images.CheckValidation(validation, label, feature);
        return feature.HoldsFloats ? Prepare<float, TResult>(images, train, validation, label, feature, use)
            : Prepare<byte, TResult>(images, train, validation, label, feature, use);
    }

    /// <summary>Reads the images, which are there as long as they are used.</summary>
    private TResult Prepare<T, TResult>(TrainingImages source, IDataView train, IDataView? validation,
        LabelColumn label, FeatureColumn feature, Func<PreparedTraining, TResult> use) where T : unmanaged
    {
        using WorkerPool? ownWorkers = options.Threads > 0 ? new WorkerPool(options.Threads) : null;
        WorkerPool workers = ownWorkers ?? WorkerPool.Shared;
        LabelValues labels = LabelValues.Of(label.Column, label.Classes);
        if (options.Distributed is { } distributed)
        {
            RankAgreement.CheckOptions(distributed, options, KernelSet.Describe(workers),
                $"{label.Column.Name}, {feature.Column.Name} {feature.Column.Type}, {string.Join(", ", labels.Texts())}");
            Info($"Rank {distributed.Rank} of {distributed}; {distributed.Group.Link.Description}.");
        }
        int seed = _ranks?.Decide(ChooseSeed) ?? ChooseSeed();
        ImageShape image = source.Choose(train, label, feature);
        Info($"{_architecture.DisplayName}, {label.Classes} classes, images of {image}, seed {seed}. "
            + $"{KernelSet.Describe(workers)} Computes in {options.Precision}.");
        using var store = new PixelStore(options.CacheBudget ?? PixelStore.DefaultMemoryBudget, options.CacheFileBudget,
            options.CacheFolder, Warn);
        TrainingSets sets = source.Read<T>(store, train, validation, label, feature, image, seed);
        if (sets.Labels.Distinct().Count() == 1)
            throw LabelColumn.OneClass(options.LabelColumnName, labels, sets.Labels[0]);
        var description = new TrainingDescription(options, _architecture, image, labels.Texts(), sets, source.Augmentation,
            KernelSet.Describe(workers) + (_ranks is null ? "" : $" {_ranks.Size} ranks."), train.Schema);
        int count = sets.TrainingLabels.Count, held = sets.ValidationLabels.Count;
        TrainingOptions trainingOptions =
            TrainingSettings.Of(options, _architecture, count, seed, workers, held) with
            {
                EpochCompleted = Writes ? Report : null,
                BatchCompleted = Writes ? options.BatchCallback : null,
                Message = Info,
                FeatureStore = source.Augmentation.IsNone ? store : null,
                ClassWeights = ResolveClassWeights(labels, sets),
                Checkpoints = description.CheckpointsIn(CheckpointsFolder),
                Warn = Warn,
            };
        Info($"{count} images to train on, {held} to validate with. {trainingOptions.Describe()}");
        return use(new PreparedTraining(trainingOptions, description, labels, source.Format, feature));
    }

    /// <summary>What a training needs, once the images are read.</summary>
    private sealed record PreparedTraining(TrainingOptions Options, TrainingDescription Description, LabelValues Labels,
        PixelVectorFormat Format, FeatureColumn Feature)
    {
        public ImageShape Image => Description.Image;
        public IBatchSource Training => Description.Sets.Training;
        public IBatchSource? Validation => Description.Sets.Validation;
        public PixelNormalization Normalization => Description.Sets.Normalization;
    }

    private NetworkTrainer CreateTrainer(PreparedTraining prepared)
    {
        var trainer = new NetworkTrainer(_architecture, prepared.Image, prepared.Labels.Count, KernelSet.Shared,
            prepared.Options);
        if (options.StartingWeights is { } start)
            LoadInitialWeights(start, _weights!, prepared.Image, prepared.Labels, trainer.Variables);
        return trainer;
    }

    private LearningRateSearch Search(PreparedTraining prepared)
    {
        using NetworkTrainer trainer = CreateTrainer(prepared);
        LearningRateSearch search = trainer.FindLearningRate(prepared.Training);
        Info($"Range test of learning rates, {search.Rates.Count} steps up to a rate of {search.Rates[^1]:g3}: "
            + $"{search.SuggestedRate:g3} is suggested; a tenth of the rate with the lowest loss is {search.TenthOfMinimum:g3}.");
        return search;
    }

    private float FindRate(PreparedTraining prepared)
    {
        LearningRateSearch search = Search(prepared);
        _folder?.Write("learning-rate.svg", search.SavePlot);
        return search.SuggestedRate;
    }

    private CnnClassificationTransformer Train(PreparedTraining prepared)
    {
        if (options.FindLearningRate)
            prepared = prepared with { Options = prepared.Options with { LearningRate = KnownRate() ?? FindRate(prepared) } };
        ImageShape image = prepared.Image;
        int classes = prepared.Labels.Count;
        DecisionFit.Check(options, prepared.Labels.Texts(), prepared.Description.Sets.ValidationLabels.Count);
        Action<string>? saveWeights = null;
        if (_folder is not null)
        {
            _folder.WriteOptions(prepared.Description.ToJson(prepared.Options));
            prepared = prepared with { Options = _folder.Record(prepared.Options, path => saveWeights!(path)) };
        }
        using NetworkTrainer trainer = CreateTrainer(prepared);
        saveWeights = path => new CnnClassificationModel(_architecture, image, classes, prepared.Normalization,
            trainer.Variables) { TakesFloats = prepared.Feature.HoldsFloats }.SaveWeights(path);
        TrainingResult result = trainer.Train(prepared.Training, prepared.Validation);
        ReportEnd(result, prepared.Labels.Count);
        if (result.End == TrainingEnd.Canceled && options.OnCancel == CancelBehavior.Throw)
            throw new OperationCanceledException("Training was canceled.", options.CancellationToken);
        CnnClassificationModel model = CreateModel(prepared, trainer);
        var columns = new ScoringColumns(options.FeatureColumnName, prepared.Feature.Column.Type, options.ScoreColumnName,
            options.PredictedLabelColumnName, prepared.Format, options.BadImagesWhenScoring, options.TopK);
        var trained = new CnnClassificationTransformer(host, new CnnScorer(model, WorkerPool.Shared), prepared.Labels,
            columns, _folder is null ? result : result with { RunFolder = _folder.Folder });
        if (_ranks?.Any(_folder is not null) ?? _folder is not null)
            FinishRun(prepared, trainer, trained);
        return trained;
    }

    /// <summary>A model of the weights that training ended with.</summary>
    private CnnClassificationModel CreateModel(PreparedTraining prepared, NetworkTrainer trainer)
    {
        (ImageShape image, int classes) = (prepared.Image, prepared.Labels.Count);
        var decisions = new DecisionFit(options, prepared.Labels.Texts(), prepared.Description.Sets.TrainingLabels,
            prepared.Options.ClassWeights);
        var weightNames = new ClassificationGraphs(_architecture, image, classes)
            .Scoring().Graph.Variables.Select(v => v.Name).ToHashSet(StringComparer.Ordinal);
        VariableStore weights = trainer.Variables.Clone(v => weightNames.Contains(v.Name));
        return new CnnClassificationModel(_architecture, image, classes, prepared.Normalization, weights)
        {
            TakesFloats = prepared.Feature.HoldsFloats,
            Fit = options.ImageFit,
            Precision = options.Precision,
            ResizedImage = new CropPlan(prepared.Description.Augmentation, image, options.ImageFit).ScoredImage(options.TestCrops),
            TestCrops = options.TestCrops,
            MaxImagePixels = options.MaxImagePixels,
            TrainingShares = decisions.TrainingShares,
            Decision = decisions.Fit(() => Score(trainer, prepared.Validation!), Info, Warn),
        };
    }

    private LossWeights? ResolveClassWeights(LabelValues labels, TrainingSets sets)
    {
        LossWeights? weights = options.ClassWeights?.Resolve(labels.Texts(), sets.TrainingLabels);
        if (weights is not null)
            Info($"Weights of the classes: {string.Join(", ",
                labels.Texts().Zip(weights.Values, (name, weight) => $"{name} {weight:g3}"))}.");
        return weights;
    }

    private string? CheckpointsFolder => options.CheckpointFolder ?? _folder?.Checkpoints;

    /// <summary>The options', else that of the training to go on with, else one of the MLContext's.</summary>
    private int ChooseSeed()
    {
        int drawn = host.Rand.Next();
        return options.Seed ?? Resumed(CheckpointFolder.FindSeed) ?? drawn;
    }

    /// <summary>What a search found before the training to go on with.</summary>
    private float? KnownRate() => _ranks is null ? Resumed(CheckpointFolder.FindLearningRate)
        : _ranks.Decide(() => Resumed(CheckpointFolder.FindLearningRate));

    /// <summary>Something of the training to go on with; null where there is none.</summary>
    private T? Resumed<T>(Func<string, T?> find) where T : struct =>
        options.Resume && CheckpointsFolder is { } folder ? find(folder) : null;

    /// <summary>What remains to be written when training is over: all ranks compute, and the first writes.</summary>
    private void FinishRun(PreparedTraining prepared, NetworkTrainer trainer, CnnClassificationTransformer trained)
    {
        int[] predicted = prepared.Validation is { Count: > 0 } own ? trainer.Predict(own) : [];
        (int[] labels, int[] all) = (prepared.Validation is null ? [] : [.. prepared.Validation.Labels], predicted);
        if (_ranks is not null)
            (labels, all) = (GatherAll(_ranks, labels), GatherAll(_ranks, predicted));
        if (_folder is not { } folder)
            return;
        string NameOf(int label) => trained.ClassNames[label];
        bool areBytes = !prepared.Feature.HoldsFloats;
        folder.Write(RunFolder.BestWeights, path => trained.Model.SaveWeights(path));
        folder.Write("model.zip", path => CompleteFile.Write(path,
            stream => new MLContext().Model.Save(trained, prepared.Description.Schema, stream)));
        folder.Write("samples/train-batch.png", path => new AugmentationSheet(prepared.Training, prepared.Normalization,
            NameOf, areBytes).Write(path, SheetRows, SheetColumns));
        if (prepared.Validation is not { Count: > 0 } held)
            return;
        folder.Write("confusion-matrix.svg", ConfusionMatrix.Draw(labels, all, trained.ClassNames).Write);
        folder.Write("samples/validation.png", path => new PredictionSheet(held, prepared.Normalization, NameOf, areBytes)
            .Write(path, predicted, SheetRows * SheetColumns));
        DrawGradCam(folder, new GradCamSheet(held, prepared.Normalization, NameOf, areBytes), predicted, trained.Model);
    }

    private static void DrawGradCam(RunFolder folder, GradCamSheet sheet, int[] predicted, CnnClassificationModel model)
    {
        try
        {
            using var network = new NetworkExplainer(model.Graphs, new Session(KernelSet.Shared), model.Weights);
            (byte[] png, int height, int width) = sheet.Draw(network, predicted, SheetRows * SheetColumns);
            folder.WriteImage("samples/grad-cam.png", "samples/grad_cam", png, height, width);
        }
        catch (Exception e) when (e is GraphException or ArgumentOutOfRangeException) // no feature maps, or no gradient
        {
            folder.Log("warning", $"samples/grad-cam.png is not drawn: {e.Message}");
        }
    }

    /// <summary>Probabilities and classes of images, of all ranks.</summary>
    private (float[][] Scores, int[] Labels) Score(NetworkTrainer trainer, IBatchSource images)
    {
        float[][] own = trainer.Score(images);
        int[] labels = [.. images.Labels];
        if (_ranks is null)
            return (own, labels);
        int[] all = GatherAll(_ranks, labels);
        float[] scores = GatherAll<float>(_ranks, [.. own.SelectMany(s => s)]);
        return ([.. scores.Chunk(scores.Length / all.Length)], all);
    }

    private static T[] GatherAll<T>(RankGroup ranks, T[] own) where T : unmanaged =>
        [.. ranks.GatherBytes(MemoryMarshal.AsBytes<T>(own).ToArray()).SelectMany(bytes => MemoryMarshal.Cast<byte, T>(bytes).ToArray())];

    private void LoadInitialWeights(CnnWeights weights, WeightsForm form, ImageShape image, LabelValues labels,
        VariableStore variables)
    {
        // Images come as red, green, blue.
        WeightsMatch match = new WeightsLoader(weights.Tensors, form, image, labels.Count)
            .CopyTo(variables, options.ResetHead || options.InitialModel is not null, form.IsReversed);
        Info($"Weights from '{weights.Source}': {match.Report()}");
        if (options.InitialModel is { } trained && !options.ResetHead)
            Info(new HeadTransfer(trained.Model, trained.Labels, labels).CopyTo(variables));
        if (_architecture is ImportedArchitecture { HasFoldedBatchNorms: true })
            Info($"'{weights.Source}' has no batch norms: its exporter may have folded them into the convolutions, and "
                + "training goes on without.");
        if (form.Remarks.Count > 0)
            Info($"Of the weights: {string.Join("; ", form.Remarks)}.");
        if (weights.Metadata is null && form.Remarks.Count == 0
            && LibraryWeights.FormOf(_architecture) is string library)
            Warn($"The weights of torchvision and timm belong to '{library}', which has the same tensors as "
                + $"'{_architecture.Name}' but other strides: if '{weights.Source}' is theirs, choose that network.");
    }

    private void Report(EpochProgress epoch)
    {
        string validation = epoch.ValidationLoss is null ? ""
            : $", validation loss {epoch.ValidationLoss:f4}, accuracy {epoch.ValidationAccuracy:f4}";
        Info($"Epoch {epoch.Epoch}/{epoch.Epochs}: loss {epoch.Loss:f4}, accuracy {epoch.Accuracy:f4}{validation}, "
            + $"{epoch.ImagesPerSecond:f0} images/s, {epoch.DataWait.TotalMilliseconds:f0} ms of waiting for images, "
            + (_ranks is null ? "" : $"{epoch.ComputeTime.TotalMilliseconds:f0} ms of computing, "
                + $"{epoch.RankWait.TotalMilliseconds:f0} ms of waiting for other ranks, {epoch.BytesSent / 1e6:f1} MB sent, ")
            + $"learning rate {epoch.LearningRate:g4}, {epoch.Remaining:hh\\:mm\\:ss} left.");
        options.ProgressCallback?.Invoke(epoch);
    }

    private void ReportEnd(TrainingResult result, int classes)
    {
        string best = result.Best is null ? "no epoch was completed; the weights are as the last batch left them"
            : $"the weights are those of epoch {result.Best.Epoch}";
        switch (result.End)
        {
            case TrainingEnd.Diverged:
                string message = $"{result.Divergence!.Message} Training ends here; {best}.";
                channel.Error(MessageSensitivity.None, message);
                _folder?.Log("error", message);
                break;
            case TrainingEnd.Canceled: Warn($"Training was canceled; {best}."); break;
            case TrainingEnd.StoppedEarly: Info($"Training stopped early; {best}."); break;
            default: Info($"Training is done; {best}."); break;
        }
        foreach (string hint in TrainingHints.Of(result, _architecture, classes))
            Warn(hint);
    }

    private void Info(string message)
    {
        if (!Writes)
            return;
        channel.Info(MessageSensitivity.None, message);
        _folder?.Log("info", message);
    }

    private void WarnOfRows(string message)
    {
        if (Writes)
            Warn(message);
        else
            channel.Warning(MessageSensitivity.None, $"Rank {_ranks!.Rank}: {message}");
    }

    private void Warn(string message)
    {
        if (!Writes)
            return;
        channel.Warning(MessageSensitivity.None, message);
        _folder?.Log("warning", message);
    }
}
