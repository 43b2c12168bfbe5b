using Microsoft.ML.CnnZoo.Data;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Training;

/// <summary>
/// Trains an architecture on labeled images: shuffled batches, steps, validation, the best weights kept.
/// </summary>
/// <remarks>
/// Deterministic: the same seed, images, options and number of threads give the same weights bit for bit. Used by one
/// thread at a time.
/// </remarks>
internal sealed class NetworkTrainer : IDisposable
{
    private readonly TrainingOptions _options;
    private readonly ImageShape _image;
    private readonly ClassificationGraph? _headTraining;
    private readonly TrainingStep? _headStep, _step;
    private readonly Func<IBatchSource, IBatchSource?, FrozenFeatures?> _features;
    private readonly NetworkEvaluator _evaluator;
    private readonly BatchNormStatistics? _statistics;
    private readonly WeightAverage? _average;
    private readonly WeightSnapshot _best;

    /// <summary>Builds the graphs and draws the first weights.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="image">Size of its images.</param>
    /// <param name="classes">Number of classes, ≥ 2.</param>
    /// <param name="kernels">The kernels that run it.</param>
    /// <param name="options">How to train.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="GraphException">The images are too small for the network.</exception>
    public NetworkTrainer(CnnArchitecture architecture, ImageShape image, int classes, IKernelSet kernels,
        TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _options = options;
        _image = image;
        var graphs = new ClassificationGraphs(architecture, image, classes);
        var session = new Session(kernels);
        var compile = new CompileOptions { Workers = options.Workers, Precision = options.Precision,
            RecomputeActivations = options.RecomputeActivations };
        ClassificationGraph Training(int epoch)
        {
            ClassificationGraph training = graphs.Training(options, epoch);
            VariableInitialization.Initialize(Variables, training.Graph.Variables.Where(v => !Variables.Contains(v.Name)),
                options.Seed, options.KernelInitializer);
            return training;
        }
        if (options.TrainsHeadAlone(1))
            _headStep = new TrainingStep(session, _headTraining = Training(1), Variables, compile);
        if (!options.TrainsHeadAlone(options.Epochs))
            _step = new TrainingStep(session, Training(options.Epochs), Variables, compile);
        ClassificationGraph evaluation = graphs.Evaluation(options.Loss);
        VariableInitialization.Initialize(Variables, evaluation.Graph.Variables.Where(v => !Variables.Contains(v.Name)),
            options.Seed);
        if (options.WeightAveraging is { } averaging)
            _average = new WeightAverage(Variables, evaluation.Graph.Variables.Where(v => v.Role != VariableRole.Fixed)
                .Select(v => v.Name), averaging, options.Workers);
        _evaluator = new NetworkEvaluator(session, evaluation, Variables, compile);
        _features = _headTraining is null || options.LastHeadEpoch < 2 ? (_, _) => null
            : (train, validation) => FrozenFeatures.Compute(session, _headTraining, evaluation, options, Variables, compile,
                train, validation);
        _statistics = options.RefreshBatchNormStatistics ? new BatchNormStatistics(session,
            graphs.BatchMoments(options), Variables, compile) : null;
        _best = new WeightSnapshot(Variables, [.. evaluation.Graph.Variables.Select(v => v.Name)]);
    }

    /// <summary>
    /// The weights: fresh before training (set them to continue from elsewhere), the best afterwards; optimizer state
    /// is among them.
    /// </summary>
    public VariableStore Variables { get; } = new();

    /// <summary>Trains. Called again, it goes on from where the weights are.</summary>
    /// <param name="train">Training images, at least one.</param>
    /// <param name="validation">Images that decide which epoch is the best; null for none: then the last epoch's
    /// weights are kept.</param>
    /// <returns>
    /// The result; <see cref="Variables"/> holds the weights of <see cref="TrainingResult.Best"/>.
    /// </returns>
    /// <remarks>
    /// Canceled, it returns within a batch's time with the best weights so far (without validation: the weights as they
    /// are).
    /// </remarks>
    /// <exception cref="TrainingDivergedException">The loss became infinite or not a number before the end of the first
    /// epoch.</exception>
    /// <exception cref="ArgumentException">There are no images, or they are of another size than the
    /// network's.</exception>
    public TrainingResult Train(IBatchSource train, IBatchSource? validation = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        if (train.Count == 0)
            throw new ArgumentException("There are no images to train on.", nameof(train));
        if (train.Image != _image || (validation is not null && validation.Image != _image))
            throw new ArgumentException($"The network takes images of {_image}; those given are {train.Image}"
                + $"{(validation is null ? "" : $" and {validation.Image}")}.", nameof(train));
        validation = validation is { Count: > 0 } ? validation : null;
        using FrozenFeatures? features = _features(train, validation);
        return new Run(this, train, validation, features).Go();
    }

    /// <summary>Loss and accuracy on some images with the weights as they are.</summary>
    /// <param name="source">The images.</param>
    /// <param name="batchSize">Images at a time.</param>
    public (double Loss, double Accuracy) Evaluate(IBatchSource source, int batchSize = 256)
    {
        ArgumentNullException.ThrowIfNull(source);
        return _evaluator.Evaluate(source, batchSize, default) ?? (double.NaN, double.NaN);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _headStep?.Dispose();
        _step?.Dispose();
        _evaluator.Dispose();
        _statistics?.Dispose();
        _best.Dispose();
        Variables.Dispose();
    }

    /// <summary>One call of <see cref="Train"/>.</summary>
    private sealed class Run(NetworkTrainer trainer, IBatchSource train, IBatchSource? validation,
        FrozenFeatures? features)
    {
        private readonly TrainingOptions _options = trainer._options;
        private readonly BatchReader _reader = new(train, trainer._options.BatchSize);
        private readonly BatchReader? _featureReader = features is null ? null
            : new(features.Training, trainer._options.BatchSize);
        private readonly TrainingClock _clock = new();
        private readonly List<EpochProgress> _history = [];
        private EpochProgress? _best;
        private float _rate;
        private long _steps;

        private bool IsCanceled => _options.CancellationToken.IsCancellationRequested;

        public TrainingResult Go()
        {
            TrainingEnd end = TrainingEnd.Completed;
            try
            {
                for (int epoch = 1; epoch <= _options.Epochs && end == TrainingEnd.Completed; epoch++)
                    end = Epoch(epoch);
                if (validation is not null)
                    trainer._best.Restore();
                if ((validation is null || !trainer._best.IsTaken) && _steps > 0)
                    trainer._average?.Apply();
                if (trainer._statistics is { } statistics && end is (TrainingEnd.Completed or TrainingEnd.StoppedEarly)
                    && !Refresh(statistics))
                    end = TrainingEnd.Canceled;
                CheckWeights();
            }
            catch (TrainingDivergedException e) when (trainer._best.IsTaken)
            {
                trainer._best.Restore();
                return new TrainingResult(TrainingEnd.Diverged, _history, _best, e);
            }
            return new TrainingResult(end, _history, _best);
        }

        /// <summary>A loss can stay finite over weights that are not: ReLU makes 0 of NaN.</summary>
        private void CheckWeights()
        {
            if (trainer._best.FindNonFinite() is { } name)
                throw new TrainingDivergedException(Math.Min(_history.Count + 1, _options.Epochs), _steps, _rate,
                    $"the weights '{name}' have values that are not finite");
        }

        /// <summary>
        /// Whole batches only: a small last one would be normalized by statistics of its few images. False when
        /// canceled.
        /// </summary>
        private bool Refresh(BatchNormStatistics statistics)
        {
            int epoch = _history.Count + 1, size = Math.Min(_options.BatchSize, train.Count);
            return statistics.Refresh(_reader.Read(Order(epoch)[..(train.Count / size * size)], epoch),
                _options.CancellationToken);
        }

        private TrainingEnd Epoch(int epoch)
        {
            var meter = new EpochMeter();
            int batches = 0;
            (TrainingStep step, BatchReader reader, NetworkEvaluator evaluator, IBatchSource? held) =
                !_options.TrainsHeadAlone(epoch) ? (trainer._step!, _reader, trainer._evaluator, validation)
                : features is null ? (trainer._headStep!, _reader, trainer._evaluator, validation)
                : (features.Step, _featureReader!, features.Evaluator, features.Validation);
            TimeSpan waitedBefore = reader.Waited;
            foreach (Batch batch in reader.Read(Order(epoch), epoch))
            {
                if (IsCanceled)
                    return TrainingEnd.Canceled;
                Step(step, epoch, batch, meter);
                Report(epoch, ++batches, meter);
            }
            meter.Stop(reader.Waited - waitedBefore);
            trainer._average?.Swap();
            try
            {
                return Measure(epoch, meter, held is null ? null
                    : () => evaluator.Evaluate(held, NetworkEvaluator.BatchSizeFor(_options), _options.CancellationToken));
            }
            finally
            {
                trainer._average?.Swap();
            }
        }

        /// <summary>The end of an epoch, with the weights that are validated and kept.</summary>
        private TrainingEnd Measure(int epoch, EpochMeter meter, Func<(double Loss, double Accuracy)?>? evaluate)
        {
            (double Loss, double Accuracy)? measured = evaluate?.Invoke();
            if (validation is not null && measured is null)
                return TrainingEnd.Canceled;
            if (measured is { Loss: var loss } && !double.IsFinite(loss))
                throw new TrainingDivergedException(epoch, _steps, _rate, $"the validation loss is {loss}");
            CheckWeights();
            Complete(epoch, meter, measured);
            return epoch < _options.Epochs && ShouldStop(epoch) ? TrainingEnd.StoppedEarly : TrainingEnd.Completed;
        }

        /// <summary>Of HeadFirst the head's epochs do not count: what comes after them is another training.</summary>
        private bool ShouldStop(int epoch)
        {
            int before = _options.FineTuning == FineTuning.HeadFirst ? _options.LastHeadEpoch : 0;
            return epoch > before
                && _options.EarlyStopping?.ShouldStop([.. _history.Skip(before)], _options.Metric) == true;
        }

        private void Step(TrainingStep step, int epoch, Batch batch, EpochMeter meter)
        {
            var context = new ScheduleContext(_options.LearningRate, _steps, _reader.BatchCount, _options.Epochs,
                _history);
            _rate = _options.Schedule.Rate(context);
            float? momentum = _options.Schedule.Momentum(context);
            OptionRange.Require(momentum is null or (>= 0 and < 1),
                $"The momentum of {_options.Schedule.GetType().Name} at step {_steps}", momentum,
                "null, or at least 0 and less than 1");
            OptionRange.RequireNotNegative(_rate, $"The rate of {_options.Schedule.GetType().Name} at step {_steps}");
            if (_steps++ == 0)
                trainer._average?.Start();
            StepOutcome outcome = step.Run(batch, _rate, momentum);
            trainer._average?.Update(_steps);
            if (!double.IsFinite(outcome.Loss))
                throw new TrainingDivergedException(epoch, _steps, _rate, $"the loss is {outcome.Loss}");
            meter.Add(outcome, batch.Count);
        }

        private void Complete(int epoch, EpochMeter meter, (double Loss, double Accuracy)? measured)
        {
            var progress = new EpochProgress
            {
                Epoch = epoch,
                Epochs = _options.Epochs,
                Loss = meter.Loss,
                Accuracy = meter.Accuracy,
                ValidationLoss = measured?.Loss,
                ValidationAccuracy = measured?.Accuracy,
                ImagesPerSecond = meter.ImagesPerSecond,
                TrainingTime = meter.Elapsed,
                DataWait = meter.DataWait,
                LearningRate = _rate,
                Elapsed = _clock.Elapsed,
                Remaining = _clock.Remaining((double)epoch / _options.Epochs),
            };
            _history.Add(progress);
            if (EarlyStopping.IsBetter(progress, _best, _options.Metric))
            {
                _best = progress;
                trainer._best.Take();
            }
            _options.EpochCompleted?.Invoke(progress);
        }

        private void Report(int epoch, int batch, EpochMeter meter) => _options.BatchCompleted?.Invoke(new BatchProgress
        {
            Epoch = epoch,
            Epochs = _options.Epochs,
            Batch = batch,
            Batches = _reader.BatchCount,
            Loss = meter.Loss,
            Accuracy = meter.Accuracy,
            ImagesPerSecond = meter.ImagesPerSecond,
            LearningRate = _rate,
            Elapsed = _clock.Elapsed,
            Remaining = _clock.Remaining((epoch - 1 + (double)batch / _reader.BatchCount) / _options.Epochs),
        });

        /// <summary>A fresh permutation per epoch, fixed by seed and epoch alone.</summary>
        private int[] Order(int epoch)
        {
            int[] order = [.. Enumerable.Range(0, train.Count)];
            if (_options.Shuffle)
                new PhiloxRandom(_options.Seed, RandomPurpose.Shuffling, $"epoch {epoch}").Shuffle(order.AsSpan());
            return order;
        }
    }
}
