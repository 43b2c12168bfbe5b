using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo;

/// <summary>Options of <see cref="CnnExperiment"/>, checked when it is executed.</summary>
public sealed record CnnExperimentOptions
{
    /// <summary>
    /// How long a call of Execute may take, > 0, 30 days at most. Trainings that would not end in time are not begun, or given up after
    /// their first steps; what is left when the limit comes is canceled at the next batch. Reading images counts, writing
    /// the model does not. Default: 10 minutes.
    /// </summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// What is tried, one at least. Default: null, <see cref="CnnExperimentCandidate.ForPictures"/> for the median of
    /// the pictures' shorter sides.
    /// </summary>
    public IReadOnlyList<CnnExperimentCandidate>? Candidates { get; init; }

    /// <summary>
    /// Augmentations that each candidate without one of its own is tried with. Lengths are those for networks on 224x224
    /// pixels, and become those for the candidate's images (<see cref="ImageAugmentation.ForSide"/>). Default: null,
    /// the trainer's alone.
    /// </summary>
    public IReadOnlyList<ImageAugmentation>? Augmentations { get; init; }

    /// <summary>
    /// Learning rates, > 0, that each candidate without one of its own is tried with. Default: null, the trainer's
    /// alone, or where that is open, one that suits the candidate.
    /// </summary>
    public IReadOnlyList<float>? LearningRates { get; init; }

    /// <summary>
    /// What all candidates have in common: columns, precision, threads, bad images, cache, optimizer. Epochs are those of
    /// a full training. Network, start, fine-tuning, validation fraction, seed, progress, checkpoints and cancellation are the
    /// candidate's or the experiment's own, and ignored here; so is the run folder. Default: the trainer's defaults.
    /// </summary>
    public CnnClassificationTrainer.Options Trainer { get; init; } = new();

    /// <summary>
    /// Seed of all trainings and of the split. Default: null, drawn from the MLContext's generator; the leaderboard's
    /// <see cref="CnnExperimentResult.BestOptions"/> have it. An experiment that is to be resumed needs one.
    /// </summary>
    public int? Seed { get; init; }

    /// <summary>
    /// Fraction of each class's images, in (0, 1), that no candidate is trained on: they rank the candidates and choose the best
    /// epoch. Validation images given to Execute replace it. Default: 0.1.
    /// </summary>
    public float ValidationSetFraction { get; init; } = 0.1f;

    /// <summary>
    /// Folder for results (<c>experiment.json</c>, written whole or not at all), the best network so far and the checkpoint
    /// of the training at hand. It is made when needed; results of an earlier experiment are replaced unless
    /// <see cref="Resume"/> is set. Default: null, nothing is written.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>
    /// Whether trainings whose results are in <see cref="Folder"/> are not done again: those of the same images (their number
    /// and labels), candidate, settings, seed and epochs. A half-done one goes on from its checkpoint. Time counts anew.
    /// Default: false.
    /// </summary>
    public bool Resume { get; init; }

    /// <summary>Called when a training begins, after each of its epochs, and when it ends, on the calling thread. Default: null.</summary>
    public Action<CnnExperimentProgress>? Progress { get; init; }

    /// <summary>
    /// Ends the experiment after the current batch: Execute returns the best so far, or throws
    /// <see cref="OperationCanceledException"/> when there is none. Default: none.
    /// </summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>Measures the time; tests have another.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Checks every field.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    internal void Check()
    {
        Require(Time > TimeSpan.Zero && Time.TotalDays <= 30, nameof(Time), Time, "a time greater than 0, 30 days at most");
        Require(Candidates is null or { Count: > 0 }, nameof(Candidates), "empty", "null, or one candidate at least");
        Require(Candidates?.All(c => c is not null) ?? true, nameof(Candidates), "a list with null", "candidates");
        Require(Augmentations is null || (Augmentations.Count > 0 && Augmentations.All(a => a is not null)), nameof(Augmentations),
            "empty or with null", "null, or augmentations");
        Require(LearningRates is null || (LearningRates.Count > 0 && LearningRates.All(r => r > 0 && float.IsFinite(r))),
            nameof(LearningRates), string.Join(", ", LearningRates ?? []), "null, or rates greater than 0");
        Require(Trainer is not null, nameof(Trainer), null, "options of the trainer");
        Require(ValidationSetFraction is > 0 and < 1, nameof(ValidationSetFraction), ValidationSetFraction,
            "more than 0 and less than 1");
        Require(Folder is not "", nameof(Folder), "empty", "null, or a folder");
        Require(!Resume || Folder is not null, nameof(Resume), Resume, "false where Folder is null");
        Require(!Resume || Seed is not null, nameof(Resume), Resume, "false where Seed is null");
        Require(Trainer!.InitialModel is null && !Trainer.FindLearningRate, nameof(Trainer), "with InitialModel or FindLearningRate",
            "options without: an experiment's candidates have starts and rates of their own");
        Require(Trainer.Distributed is null, nameof(Trainer), "with Distributed",
            "options without: what is dropped depends on the time, which ranks do not share");
    }

    private static void Require(bool holds, string option, object? value, string expected) =>
        OptionRange.Require(holds, $"CnnExperimentOptions.{option}", value, expected);
}
