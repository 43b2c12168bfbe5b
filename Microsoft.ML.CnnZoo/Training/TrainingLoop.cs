using System.Diagnostics;
using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Distributed;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Training.Checkpoints;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>What a training works with.</summary>
/// <param name="Variables">All variables, optimizer state included.</param>
/// <param name="Standardization">Rescales first weights; null for leaving them.</param>
/// <param name="HeadStep">Moves the head's in the epochs that train it alone; null where there are none.</param>
/// <param name="Features">Computes what frozen layers make of the images; null where that is not worth it.</param>
/// <param name="Step">Moves them in the other epochs; null where there are none.</param>
/// <param name="Evaluator">Measures them on the validation images.</param>
/// <param name="Statistics">Measures batch norms' statistics at the end; null for leaving them.</param>
/// <param name="Average">The averages that are validated and kept in place of the weights; null for none.</param>
/// <param name="Best">The scored variables after the best epoch.</param>
/// <param name="Good">All variables at the beginning of the epoch at hand, to go back to when it diverges.</param>
internal sealed record TrainingParts(VariableStore Variables, LayerStandardization? Standardization,
    TrainingStep? HeadStep, Func<IBatchSource, IBatchSource?, FrozenFeatures?> Features, TrainingStep? Step, NetworkEvaluator Evaluator,
    BatchNormStatistics? Statistics, WeightAverage? Average, WeightSnapshot Best, WeightSnapshot Good);

/// <summary>Epochs, steps and validation of one training; checkpoints, and the ways back to them.</summary>
/// <param name="parts">What it works with.</param>
/// <param name="options">How to train.</param>
/// <param name="train">Training images.</param>
/// <param name="validation">Validation images, at least one; null for none.</param>
/// <param name="checkpoints">Where the training is saved; null for nowhere.</param>
internal sealed class TrainingLoop(TrainingParts parts, TrainingOptions options, IBatchSource train,
    IBatchSource? validation, CheckpointFolder? checkpoints)
{
    /// <summary>What the loss may grow to, in units of the first step's, or of 1 where that is less.</summary>
    private const int ExplodedLoss = 1000;

    private readonly BatchReader _reader = new(train, options.PlanOf(train));
    private readonly long _headStepsBefore = parts.HeadStep?.Steps ?? 0, _stepsBefore = parts.Step?.Steps ?? 0;
    private TrainingState _state = new();
    private TrainingClock _clock = new(TimeSpan.Zero);
    private FrozenFeatures? _features;
    private BatchReader? _featureReader;
    private long? _resumedFrom;
    private ExchangeCost _cost;
    private TimeSpan _stepTime;
    private bool _isSaved;

    private bool IsCanceled => options.CancellationToken.IsCancellationRequested;

    /// <summary>Trains to the end, from the newest checkpoint if there is one to go on from.</summary>
    public TrainingResult Run()
    {
        Begin();
        if (_state.End is { } ended)
            return Result(ended);
        using FrozenFeatures? features = _features = options.TrainsOnFeatures(_state.Epoch)
            ? parts.Features(train, validation) : null;
        _featureReader = features is null ? null : new BatchReader(features.Training, _reader.Plan);
        SetStep();
        try
        {
            while (Ending() is null)
                if (!TryEpoch())
                    return Cancel();
            TrainingEnd end = Ending()!.Value;
            ChooseWeights();
            if (parts.Statistics is { } statistics && !Refresh(statistics))
                return Result(TrainingEnd.Canceled);
            CheckWeights();
            return Finish(end);
        }
        catch (TrainingDivergedException e) when (_state.BestEpoch > 0)
        {
            parts.Best.Restore();
            _state.Divergence = new Divergence(e.Epoch, e.Step, e.LearningRate, e.What);
            return Finish(TrainingEnd.Diverged);
        }
    }

    private void Begin()
    {
        if (ReadCheckpoint() is { } state)
        {
            _state = state;
            _isSaved = true;
            _clock = new TrainingClock(state.Elapsed);
            _resumedFrom = state.Step;
            options.Resumed?.Invoke(state.History, state.Step);
        }
        else if (_headStepsBefore + _stepsBefore == 0)
            parts.Standardization?.Run(_reader, options.Order(train, epoch: 1), options.CancellationToken);
        if (_state.Batch == 0)
            KeepGood();
    }

    /// <summary>Rank 0 reads, for the folder may be on its machine alone; all begin with its weights.</summary>
    private TrainingState? ReadCheckpoint() => options.Ranks is { } ranks
        ? SharedCheckpoint.Spread(ranks, checkpoints?.Read(parts), parts) : checkpoints?.Read(parts);

    /// <summary>Why no further epoch follows; null when one does.</summary>
    private TrainingEnd? Ending() => _state.Epoch > options.Epochs ? TrainingEnd.Completed
        : _state.Batch == 0 && ShouldStop() ? TrainingEnd.StoppedEarly : null;

    /// <summary>Of HeadFirst the head's epochs do not count: what comes after them is another training.</summary>
    private bool ShouldStop()
    {
        int before = options.FineTuning == FineTuning.HeadFirst ? options.LastHeadEpoch : 0;
        return _state.History.Count > before
            && options.EarlyStopping?.ShouldStop([.. _state.History.Skip(before)], options.Metric) == true;
    }

    /// <summary>Trains for an epoch, or what is left of it, however often it diverges; false when canceled.</summary>
    private bool TryEpoch()
    {
        while (true)
            try
            {
                return Epoch();
            }
            catch (TrainingDivergedException e) when (_state.Recoveries < options.MaxDivergences)
            {
                GoBack(e);
            }
    }

    private bool Epoch()
    {
        (TrainingStep step, BatchReader reader, NetworkEvaluator evaluator, IBatchSource? held) =
            _features is not null && options.TrainsOnFeatures(_state.Epoch)
            ? (_features.Step, _featureReader!, _features.Evaluator, _features.Validation)
            : ((options.TrainsHeadAlone(_state.Epoch) ? parts.HeadStep : parts.Step)!, _reader, parts.Evaluator, validation);
        var meter = new EpochMeter(_state.Sums);
        TimeSpan waitedBefore = reader.Waited;
        ExchangeCost costBefore = step.Cost;
        _stepTime = TimeSpan.Zero;
        foreach (Batch batch in reader.Read(options.Order(train, _state.Epoch), _state.Epoch, _state.Batch))
        {
            if (IsCanceled)
                return false;
            StepOutcome outcome = Step(step, batch, meter);
            _state.Sums = meter.Sums(reader.Waited - waitedBefore);
            _cost = step.Cost - costBefore;
            Report(meter, outcome);
            if (checkpoints?.IsDue == true)
                Save();
        }
        parts.Average?.Swap();
        try
        {
            if (!Measure(meter, held is null ? null : () => evaluator.Evaluate(held,
                NetworkEvaluator.BatchSizeFor(options), options.CancellationToken)))
                return false;
        }
        finally
        {
            parts.Average?.Swap();
        }
        KeepGood();
        Save();
        return true;
    }

    /// <summary>The end of an epoch, with the weights that are validated and kept; false when canceled.</summary>
    private bool Measure(EpochMeter meter, Func<(double Loss, double Accuracy)?>? evaluate)
    {
        (double Loss, double Accuracy)? measured = evaluate?.Invoke();
        if (validation is not null && measured is null)
            return false;
        if (measured is { Loss: var loss } && !double.IsFinite(loss))
            throw Diverged($"the validation loss is {loss}");
        CheckWeights();
        Complete(meter, measured);
        return true;
    }

    private StepOutcome Step(TrainingStep step, Batch batch, EpochMeter meter)
    {
        var context = new ScheduleContext(options.LearningRate, _state.Step, _reader.BatchCount, options.Epochs,
            _state.History);
        string schedule = options.Schedule.GetType().Name;
        float rate = options.Schedule.Rate(context);
        OptionRange.RequireNotNegative(rate, $"The rate of {schedule} at step {_state.Step}");
        float? momentum = options.Schedule.Momentum(context);
        OptionRange.Require(momentum is null or (>= 0 and < 1), $"The momentum of {schedule} at step {_state.Step}",
            momentum, "null, or at least 0 and less than 1");
        _state.Rate = rate * MathF.Pow(TrainingOptions.RecoveryRateFactor, _state.Recoveries);
        _isSaved = false;
        if (_state.Step++ == 0)
            parts.Average?.Start();
        long start = Stopwatch.GetTimestamp();
        StepOutcome outcome = step.Run(batch, _state.Rate, momentum);
        _stepTime += Stopwatch.GetElapsedTime(start);
        parts.Average?.Update(_state.Step);
        if (!double.IsFinite(outcome.Loss))
            throw Diverged($"the loss is {outcome.Loss}");
        _state.FirstLoss ??= outcome.Loss;
        if (outcome.Loss > ExplodedLoss * Math.Max(1, _state.FirstLoss.Value))
            throw Diverged($"the loss is {outcome.Loss:g4}, more than {ExplodedLoss:n0} times that of the first step");
        _state.Batch++;
        meter.Add(outcome);
        return outcome;
    }

    private void Complete(EpochMeter meter, (double Loss, double Accuracy)? measured)
    {
        var progress = new EpochProgress
        {
            Epoch = _state.Epoch,
            Epochs = options.Epochs,
            Loss = meter.Loss,
            Accuracy = meter.Accuracy,
            ValidationLoss = measured?.Loss,
            ValidationAccuracy = measured?.Accuracy,
            ImagesPerSecond = _state.Sums.Images / Math.Max(1e-9, _state.Sums.Time.TotalSeconds),
            TrainingTime = _state.Sums.Time,
            DataWait = _state.Sums.DataWait,
            RankWait = _cost.Waited,
            ComputeTime = _stepTime - _cost.Waited,
            BytesSent = _cost.BytesSent,
            LearningRate = _state.Rate,
            Elapsed = _clock.Elapsed,
            Remaining = _clock.Remaining((double)_state.Epoch / options.Epochs),
        };
        _state.History.Add(progress);
        if (EarlyStopping.IsBetter(progress, _state.Best, options.Metric))
        {
            _state.BestEpoch = progress.Epoch;
            parts.Best.Take();
        }
        (_state.Epoch, _state.Batch, _state.Sums, _isSaved) = (progress.Epoch + 1, 0, default, false);
        options.EpochCompleted?.Invoke(progress); // before the checkpoint: a killed training repeats a call, and misses none
    }

    /// <summary>Back to the beginning of the epoch, with a lower rate from here on.</summary>
    private void GoBack(TrainingDivergedException divergence)
    {
        parts.Good.Restore();
        _state.Recoveries++;
        (_state.Batch, _state.Sums, _state.Step) = (0, default, (_state.Epoch - 1L) * _reader.BatchCount);
        SetStep();
        options.Warn?.Invoke($"Training diverged: {divergence.What} in epoch {divergence.Epoch}, step {divergence.Step}, at "
            + $"learning rate {divergence.LearningRate:g4}. It goes back to the beginning of the epoch and on with a rate "
            + $"{1 / TrainingOptions.RecoveryRateFactor:f0} times lower ({_state.Recoveries} of at most "
            + $"{options.MaxDivergences} times).");
        options.WentBack?.Invoke(_state.Step);
    }

    private TrainingResult Cancel()
    {
        Save();
        ChooseWeights();
        return Result(TrainingEnd.Canceled);
    }

    /// <summary>The best epoch's; without validation the weights as they are, averaged if they are to be.</summary>
    private void ChooseWeights()
    {
        if (validation is not null && _state.BestEpoch > 0)
            parts.Best.Restore();
        else if (_state.Step > 0)
            parts.Average?.Apply();
    }

    private TrainingResult Finish(TrainingEnd end)
    {
        (_state.End, _isSaved) = (end, false);
        Save();
        return Result(end);
    }

    private TrainingResult Result(TrainingEnd end) => new(end, _state.History, _state.Best,
        _state.Divergence?.ToException()) { Recoveries = _state.Recoveries, ResumedFromStep = _resumedFrom };

    /// <summary>Before the first step there is nothing to save: first weights come from the seed and the images.</summary>
    private void Save()
    {
        if (_isSaved || checkpoints is null || _state.Step == 0)
            return;
        _state.Elapsed = _clock.Elapsed;
        _isSaved = checkpoints.TryWrite(_state, parts);
    }

    private void SetStep()
    {
        long head = Math.Min(_state.Step, (long)options.LastHeadEpoch * _reader.BatchCount);
        foreach (TrainingStep? step in new[] { _features?.Step, parts.HeadStep, parts.Step })
            step?.Steps = step == parts.Step || parts.HeadStep is null ? _stepsBefore + _state.Step - head : _headStepsBefore + head;
    }

    private void KeepGood()
    {
        if (options.MaxDivergences > 0)
            parts.Good.Take();
    }

    /// <summary>A loss can stay finite over weights that are not: ReLU makes 0 of NaN.</summary>
    private void CheckWeights()
    {
        if (parts.Best.FindNonFinite() is { } name)
            throw Diverged($"the weights '{name}' have values that are not finite");
    }

    private TrainingDivergedException Diverged(string what) =>
        new(Math.Min(_state.Epoch, options.Epochs), _state.Step, _state.Rate, what);

    /// <summary>
    /// Whole batches only: a small last one would be normalized by statistics of its few images. False when
    /// canceled.
    /// </summary>
    private bool Refresh(BatchNormStatistics statistics)
    {
        int epoch = _state.History.Count + 1;
        return statistics.Refresh(_reader.Read(options.Order(train, epoch), epoch, endBatch: _reader.Plan.WholeBatches),
            options.CancellationToken);
    }

    private void Report(EpochMeter meter, StepOutcome outcome) => options.BatchCompleted?.Invoke(new BatchProgress
    {
        Epoch = _state.Epoch,
        Epochs = options.Epochs,
        Batch = _state.Batch,
        Batches = _reader.BatchCount,
        Step = _state.Step,
        BatchLoss = outcome.Loss,
        Loss = meter.Loss,
        Accuracy = meter.Accuracy,
        ImagesPerSecond = meter.ImagesPerSecond,
        RankWait = _cost.Waited,
        ComputeTime = _stepTime - _cost.Waited,
        BytesSent = _cost.BytesSent,
        LearningRate = _state.Rate,
        Elapsed = _clock.Elapsed,
        Remaining = _clock.Remaining((_state.Epoch - 1 + (double)_state.Batch / _reader.BatchCount) / options.Epochs),
    });
}
