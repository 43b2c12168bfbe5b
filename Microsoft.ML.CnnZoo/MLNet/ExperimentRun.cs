using System.IO.Hashing;
using System.Text;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Runs;
using Microsoft.ML.CnnZoo.Training;
using Microsoft.ML.CnnZoo.Training.Checkpoints;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>One call of <see cref="CnnExperiment.Execute"/>: does the search's trials by the trainer, and keeps the best network.</summary>
internal sealed class ExperimentRun(
    IHost host, IChannel channel, CnnExperimentOptions options, IDataView train, IDataView? validation) : ITrialRunner
{
    private IReadOnlyList<CnnExperimentCandidate> _candidates = [];
    private int[] _fullEpochs = [];
    private int _seed, _images;
    private string _data = "";
    private ExperimentFile? _file;
    private SuccessiveHalving? _search;
    private CnnClassificationTransformer? _best;
    private TrialResult? _bestResult;
    private TrainingDivergedException? _divergence;

    public CnnExperimentResult Execute()
    {
        options.Check();
        options.CancellationToken.ThrowIfCancellationRequested();
        _seed = options.Seed ?? host.Rand.Next();
        ReadLabels();
        _candidates = [.. (options.Candidates ?? CnnExperimentCandidate.ForPictures(ShorterSide())).SelectMany(Variants)];
        _fullEpochs = [.. _candidates.Select(FullEpochs)];
        using FolderLock? held = options.Folder is null ? null
            : FolderLock.Take(options.Folder, message => channel.Warning(MessageSensitivity.None, message));
        _file = options.Folder is null ? null : new ExperimentFile(options.Folder, options.Resume);
        _search = new SuccessiveHalving(_fullEpochs, options.Time, options.Clock, this);
        try
        {
            _search.Run();
            return Finish();
        }
        catch
        {
            _best?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public TrialResult Run(Trial trial, TrialTimer timer)
    {
        string key = Key(trial);
        if (_file?.Find(key) is { } known)
        {
            Report(trial, finished: known = known with { Trial = trial });
            return known;
        }
        Report(trial);
        (TrialResult result, CnnClassificationTransformer? network) = Train(trial, timer, key);
        Keep(key, result, network);
        Info($"{_candidates[trial.Candidate]}, {result.Epochs} of {trial.Epochs} epochs: {result.End}, accuracy "
            + $"{result.Accuracy:f4}, loss {result.Loss:f4}, {result.Seconds:f1} s.");
        Report(trial, finished: result);
        return result;
    }

    private (TrialResult Result, CnnClassificationTransformer? Network) Train(Trial trial, TrialTimer timer, string key)
    {
        using var limit = new CancellationTokenSource(timer.Left, options.Clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(options.CancellationToken, limit.Token);
        CnnClassificationTrainer.Options settings = OptionsOf(trial);
        settings.CancellationToken = stop.Token;
        settings.ProgressCallback = epoch => Report(trial, epoch);
        settings.BatchCallback = batch =>
        {
            if (!timer.MayGoOn(batch.Epoch - 1 + (double)batch.Batch / batch.Batches))
                stop.Cancel();
        };
        (settings.CheckpointFolder, settings.Resume) = (_file?.Checkpoints(key), options.Resume);
        long start = options.Clock.GetTimestamp();
        CnnClassificationTransformer? network = null;
        TrialEnd end = TrialEnd.Done;
        try
        {
            network = new CnnClassificationTrainer(host, settings).Fit(train, validation);
            if (network.Training!.End == TrainingEnd.Canceled)
                end = Interrupted();
        }
        catch (TrainingDivergedException e)
        {
            (_divergence, end) = (e, TrialEnd.Diverged);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            end = Interrupted();
        }
        EpochProgress? best = network?.Training!.Best;
        int epochs = network?.Training!.History.Count ?? 0;
        TrialResult result = new(trial, end, best?.ValidationAccuracy, best?.ValidationLoss, epochs,
            options.Clock.GetElapsedTime(start).TotalSeconds);
        if (end == TrialEnd.OutOfTime)
            result = result with { SecondsPerEpoch = timer.SecondsPerEpoch, SecondsToBegin = timer.SecondsToBegin };
        return (result, network);

        TrialEnd Interrupted() => options.CancellationToken.IsCancellationRequested ? TrialEnd.Canceled : TrialEnd.OutOfTime;
    }

    /// <summary>Keeps the network if it is the best, and the result if the same training would give it again.</summary>
    private void Keep(string key, TrialResult result, CnnClassificationTransformer? network)
    {
        bool isBest = result.Accuracy is not null
            && (_search!.Best is not { } before || TrialResult.BestFirst.Compare(result, before) < 0);
        if (isBest && network is not null)
        {
            _best?.Dispose();
            (_best, _bestResult) = (network, result);
            _file?.SaveBest(key, stream => new MLContext().Model.Save(network, null, stream));
        }
        else
            network?.Dispose();
        if (result.End is TrialEnd.Done or TrialEnd.Diverged)
            _file?.Save(key, result);
        if (result.End != TrialEnd.Canceled)
            _file?.DeleteCheckpoints(key);
    }

    private CnnExperimentResult Finish()
    {
        if (_search!.Best is not { } best)
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            if (_divergence is not null && _search.Results.All(r => r.End == TrialEnd.Diverged))
                throw _divergence;
            throw new TimeoutException($"No candidate finished an epoch within {options.Time}; CnnExperimentOptions.Time must be "
                + $"longer{(_search.Results.Min(r => r.SecondsPerEpoch) is { } s ? $": the fastest needs about {s:f0} s for one" : "")}.");
        }
        if (_bestResult != best)
        {
            _best?.Dispose();
            _best = null;
            _best = Restore(best);
        }
        _file?.KeepOnly(Key(best.Trial));
        CnnClassificationTrainer.Options settings = OptionsOf(best.Trial);
        return new CnnExperimentResult(Leaderboard(), _best!, settings);
    }

    /// <summary>The network of a trial of an earlier call: out of its file, or, where that is gone, trained again.</summary>
    private CnnClassificationTransformer Restore(TrialResult best)
    {
        string file = _file!.BestNetwork(Key(best.Trial));
        if (File.Exists(file))
        {
            using FileStream stream = File.OpenRead(file);
            return CnnClassificationTransformer.From(new MLContext().Model.Load(stream, out _));
        }
        CnnClassificationTrainer.Options settings = OptionsOf(best.Trial);
        settings.CancellationToken = options.CancellationToken;
        return new CnnClassificationTrainer(host, settings).Fit(train, validation);
    }

    private List<CnnExperimentEntry> Leaderboard(params IEnumerable<TrialResult> latest) =>
    [
        .. _search!.Results.Concat(latest).GroupBy(r => r.Trial.Candidate).Select(trials => trials.Order(TrialResult.BestFirst).First())
            .Order(TrialResult.BestFirst).Select(Entry),
    ];

    private CnnExperimentEntry Entry(TrialResult result) => new()
    {
        Candidate = _candidates[result.Trial.Candidate],
        ValidationAccuracy = result.Accuracy,
        ValidationLoss = result.Loss,
        Epochs = result.Epochs,
        Rung = result.Trial.Rung + 1,
        Time = TimeSpan.FromSeconds(_search!.Results.Where(r => r.Trial.Candidate == result.Trial.Candidate)
            .Append(result).Distinct().Sum(r => r.Seconds)),
        Outcome = result.End switch
        {
            TrialEnd.Done => CnnExperimentOutcome.Trained,
            TrialEnd.Diverged => CnnExperimentOutcome.Diverged,
            TrialEnd.OutOfTime => CnnExperimentOutcome.OutOfTime,
            _ => CnnExperimentOutcome.Canceled,
        },
    };

    private void Report(Trial trial, EpochProgress? epoch = null, TrialResult? finished = null) =>
        options.Progress?.Invoke(new CnnExperimentProgress
        {
            Candidate = _candidates[trial.Candidate],
            Rung = trial.Rung + 1,
            Rungs = _search!.Rungs,
            Epochs = trial.Epochs,
            Epoch = epoch,
            Finished = finished is null ? null : Entry(finished),
            Leaderboard = finished is null ? Leaderboard() : Leaderboard(finished),
            Elapsed = _search.Elapsed,
        });

    /// <summary>The trainer's options for a trial, without what only watches it.</summary>
    private CnnClassificationTrainer.Options OptionsOf(Trial trial)
    {
        CnnClassificationTrainer.Options settings = OptionsOf(_candidates[trial.Candidate]);
        settings.Epochs = settings.FineTuning == FineTuning.HeadFirst ? Math.Max(2, trial.Epochs) : trial.Epochs;
        return settings;
    }

    private CnnClassificationTrainer.Options OptionsOf(CnnExperimentCandidate candidate)
    {
        CnnClassificationTrainer.Options settings = options.Trainer.Copy();
        settings.Architecture = candidate.Architecture;
        settings.NetworkInput = candidate.NetworkInput ?? settings.NetworkInput;
        settings.InitialWeights = candidate.InitialWeights;
        settings.FineTuning = candidate.FineTuning;
        settings.LearningRate = candidate.LearningRate ?? settings.LearningRate;
        settings.Augmentation = candidate.Augmentation ?? settings.Augmentation;
        (settings.Seed, settings.ValidationSet) = (_seed, validation);
        settings.ValidationSetFraction = validation is null ? options.ValidationSetFraction : null;
        (settings.CancellationToken, settings.OnCancel) = (default, CancelBehavior.ReturnBest);
        (settings.ProgressCallback, settings.BatchCallback) = (null, null);
        (settings.CheckpointFolder, settings.RunFolder, settings.Resume) = (null, null, false);
        return settings;
    }

    /// <summary>A candidate with each of the augmentations and rates that the options have for it.</summary>
    private IEnumerable<CnnExperimentCandidate> Variants(CnnExperimentCandidate candidate) =>
        from augmentation in candidate.Augmentation is null && options.Augmentations is { } augmentations
            ? augmentations.Select(ImageAugmentation? (a) => Fitting(a, candidate)) : [candidate.Augmentation]
        from rate in candidate.LearningRate is null && options.LearningRates is { } rates
            ? rates.Select(r => (float?)r) : [candidate.LearningRate]
        select candidate with { Augmentation = augmentation, LearningRate = rate };

    private ImageAugmentation Fitting(ImageAugmentation augmentation, CnnExperimentCandidate candidate)
    {
        if (augmentation.IsAuto)
            return augmentation;
        ImageShape image = new CnnClassificationTrainer(host, OptionsOf(candidate)).ChooseInput(train);
        return augmentation.ForSide(Math.Min(image.Height, image.Width));
    }

    private int FullEpochs(CnnExperimentCandidate candidate)
    {
        CnnClassificationTrainer.Options settings = OptionsOf(candidate);
        settings.Check();
        return ToTrainingOptions(settings).Epochs;
    }

    private TrainingOptions ToTrainingOptions(CnnClassificationTrainer.Options settings) =>
        TrainingSettings.Of(settings, settings.Architecture!, _images, _seed, WorkerPool.Shared);

    /// <summary>A digest of what decides a trial's result, as far as it is known before the images are read.</summary>
    private string Key(Trial trial)
    {
        CnnClassificationTrainer.Options settings = OptionsOf(trial);
        string text = string.Join('\n', _data, settings.Architecture!.Name, settings.NetworkInput, settings.InitialWeights?.Source,
            settings.ResetHead, settings.ImageFit, OptionsJson.Text(settings.ImageNormalization),
            OptionsJson.Text(settings.Augmentation), OptionsJson.Of(ToTrainingOptions(settings)).ToJsonString());
        return Convert.ToHexStringLower(XxHash64.Hash(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>Counts the images to train on, and sees that some are held out.</summary>
    private void ReadLabels()
    {
        List<int> labels = Labels(train);
        if (validation is not null)
        {
            (_images, _data) = (labels.Count, $"{TrainingIdentity.Hash(labels)} {TrainingIdentity.Hash(Labels(validation))}");
            return;
        }
        (int[] kept, int[] held) = ClassSplit.Split(labels, options.ValidationSetFraction, _seed);
        OptionRange.Require(held.Length > 0, "CnnExperimentOptions.ValidationSetFraction", options.ValidationSetFraction,
            $"a fraction that holds out some of the {labels.Count} images, or validation images for Execute");
        (_images, _data) = (kept.Length, FormattableString.Invariant(
            $"{TrainingIdentity.Hash(labels)} {options.ValidationSetFraction}"));
    }

    private List<int> Labels(IDataView view)
    {
        LabelColumn label = LabelColumn.Bind(view.Schema, options.Trainer.LabelColumnName);
        using DataViewRowCursor rows = view.GetRowCursor([label.Column]);
        Func<int> read = label.CreateReader(rows);
        List<int> labels = [];
        while (rows.MoveNext())
            if (read() is >= 0 and var number && number < label.Classes)
                labels.Add(number);
        return labels;
    }

    /// <summary>The pictures' shorter side: the column's, else the median of some.</summary>
    private int ShorterSide()
    {
        const int Unknown = 224;
        CnnClassificationTrainer.Options common = options.Trainer;
        FeatureColumn feature = FeatureColumn.Bind(train.Schema, common.FeatureColumnName,
            new PixelVectorFormat(common.PixelLayout, common.ImageHeight, common.ImageWidth, common.ImageChannels),
            common.NetworkInput ?? CnnArchitectures.LeNet5Relu.DefaultInput);
        if (Math.Min(feature.Size.Height, feature.Size.Width) is > 0 and var side)
            return side;
        LabelColumn label = LabelColumn.Bind(train.Schema, common.LabelColumnName);
        return ImageSample.Of(new LabeledRows(train, label, feature, BadImage.TrainingRows), common.MaxImagePixels,
            options.CancellationToken)?.ShorterSide ?? Unknown;
    }

    private void Info(string message) => channel.Info(MessageSensitivity.None, message);
}
