namespace Microsoft.ML.CnnZoo.Training;

/// <summary>A training that a search asks for.</summary>
/// <param name="Candidate">Number of the candidate, from 0.</param>
/// <param name="Rung">Number of the rung, from 0.</param>
/// <param name="Epochs">Passes over the training images.</param>
internal readonly record struct Trial(int Candidate, int Rung, int Epochs);

/// <summary>Why a trial ended.</summary>
internal enum TrialEnd
{
    Done,
    Diverged,
    OutOfTime,
    Canceled,
}

/// <summary>What a trial came to.</summary>
/// <param name="Trial">The trial.</param>
/// <param name="End">Why it ended.</param>
/// <param name="Accuracy">Of the validation images, in the best epoch; null without an epoch that ended.</param>
/// <param name="Loss">The loss there.</param>
/// <param name="Epochs">Epochs that ended.</param>
/// <param name="Seconds">Time that it took.</param>
internal sealed record TrialResult(Trial Trial, TrialEnd End, double? Accuracy, double? Loss, int Epochs, double Seconds)
{
    /// <summary>Seconds an epoch takes, as far as they are known.</summary>
    public double? SecondsPerEpoch { get; init; } = Epochs > 0 ? Seconds / Epochs : null;

    /// <summary>Seconds before the first step, where <see cref="SecondsPerEpoch"/> does not hold them.</summary>
    public double SecondsToBegin { get; init; }

    /// <summary>Sorts the better one first: by accuracy, then by loss, then by the candidates' order.</summary>
    public static IComparer<TrialResult> BestFirst { get; } = Comparer<TrialResult>.Create((a, b) =>
        ((b.Accuracy ?? -1).CompareTo(a.Accuracy ?? -1), (a.Loss ?? double.PositiveInfinity).CompareTo(
            b.Loss ?? double.PositiveInfinity), a.Trial.Candidate.CompareTo(b.Trial.Candidate)) switch
        {
            (not 0 and var accuracy, _, _) => accuracy,
            (_, not 0 and var loss, _) => loss,
            (_, _, var order) => order,
        });
}

/// <summary>Does trials.</summary>
internal interface ITrialRunner
{
    /// <summary>Trains, and asks the timer after each step whether to go on.</summary>
    TrialResult Run(Trial trial, TrialTimer timer);
}

/// <summary>
/// A search that gives many candidates few epochs, the better third of them 3 times as many, and the best one all; where
/// time is too short for that, the next one gets what is left. Jamieson, Talwalkar 2015, arXiv:1502.07943, with the
/// factor of Li et al. 2016, arXiv:1603.06560.
/// </summary>
/// <param name="fullEpochs">Epochs of a full training of each candidate.</param>
/// <param name="time">The limit.</param>
/// <param name="clock">What measures it.</param>
/// <param name="runner">What does the trainings.</param>
internal sealed class SuccessiveHalving(
    IReadOnlyList<int> fullEpochs, TimeSpan time, TimeProvider clock, ITrialRunner runner)
{
    private const int Factor = 3;
    private readonly long _start = clock.GetTimestamp();
    private readonly List<TrialResult> _results = [];

    /// <summary>Estimates of time are a little too small rather than too large: what is cut off is lost.</summary>
    public const double Margin = 1.1;

    /// <summary>Number of rungs, the full training included.</summary>
    public int Rungs { get; } = 1 + Enumerable.Range(0, 31).First(r => Math.Pow(Factor, r) >= fullEpochs.Count);

    /// <summary>Time since the search began.</summary>
    public TimeSpan Elapsed => clock.GetElapsedTime(_start);

    /// <summary>Time until the limit.</summary>
    public TimeSpan Left => time > Elapsed ? time - Elapsed : TimeSpan.Zero;

    /// <summary>Everything so far.</summary>
    public IReadOnlyList<TrialResult> Results => _results;

    /// <summary>The best so far; null when no epoch has ended.</summary>
    public TrialResult? Best => _results.Where(r => r.Accuracy is not null).Order(TrialResult.BestFirst).FirstOrDefault();

    /// <summary>Epochs of a candidate in a rung.</summary>
    public int EpochsOf(int candidate, int rung) =>
        Math.Max(1, (int)Math.Round(fullEpochs[candidate] / Math.Pow(Factor, Rungs - 1 - rung)));

    /// <summary>Searches, until it is done, canceled or out of time.</summary>
    public void Run()
    {
        int[] candidates = [.. Enumerable.Range(0, fullEpochs.Count)];
        List<TrialResult> ranking = [];
        for (int rung = 0; rung < Rungs - 1 && candidates.Length > 1; rung++)
        {
            var ranked = new List<TrialResult>();
            foreach (int candidate in candidates)
            {
                if (!MayStart(candidate, rung))
                    continue;
                TrialResult result = RunTrial(new Trial(candidate, rung, EpochsOf(candidate, rung)), estimates: true);
                if (result.End == TrialEnd.Canceled)
                    return;
                if (result is { End: TrialEnd.Done, Accuracy: not null })
                    ranked.Add(result);
            }
            if (ranked.Count == 0)
                break;
            ranked.Sort(TrialResult.BestFirst);
            ranking = [.. ranked, .. ranking.ExceptBy(ranked.Select(r => r.Trial.Candidate), r => r.Trial.Candidate)];
            candidates = [.. ranked.Take((candidates.Length + Factor - 1) / Factor).Select(r => r.Trial.Candidate)];
        }
        if (ranking.Count == 0)
            TrainFully(fullEpochs.Count == 1 ? 0 : Fastest(), epochsBefore: 0);
        foreach (TrialResult next in ranking)
            if (TrainFully(next.Trial.Candidate, next.Trial.Epochs))
                return;
    }

    /// <summary>Time that stays free for the full training of a candidate: half of all at most.</summary>
    public double Reserve(int candidate, double secondsPerEpoch) =>
        Math.Min(time.TotalSeconds / 2, Margin * secondsPerEpoch * fullEpochs[candidate]);

    /// <summary>Time that stays free for the full training of the best so far; null when there is none.</summary>
    public double? ReserveOfBest => Best is { SecondsPerEpoch: { } seconds } best ? Reserve(best.Trial.Candidate, seconds) : null;

    /// <summary>
    /// A candidate whose speed is known is not begun where it cannot end in time; none is when half of the time has gone without
    /// any result.
    /// </summary>
    private bool MayStart(int candidate, int rung) => Left > TimeSpan.Zero
        && (Best is not null || Left >= time / 2)
        && (Known(candidate)?.SecondsPerEpoch is not { } seconds
            || Margin * seconds * EpochsOf(candidate, rung) + (ReserveOfBest ?? Reserve(candidate, seconds)) <= Left.TotalSeconds);

    /// <summary>
    /// With all its epochs, or as many as fit into the time, if these are more than it has had. Returns whether the search
    /// is over: the candidate has had all, or was canceled.
    /// </summary>
    private bool TrainFully(int candidate, int epochsBefore)
    {
        bool isKnown;
        TrialResult result;
        do
        {
            TrialResult? known = Known(candidate);
            isKnown = known is not null;
            int fitting = known is null ? int.MaxValue : (int)Math.Min(int.MaxValue,
                (Left.TotalSeconds - known.SecondsToBegin) / (Margin * known.SecondsPerEpoch!.Value));
            int epochs = Math.Min(fullEpochs[candidate], epochsBefore == 0 ? Math.Max(1, fitting) : fitting);
            if (epochs <= epochsBefore || Left <= TimeSpan.Zero)
                return epochsBefore >= fullEpochs[candidate];
            result = RunTrial(new Trial(candidate, Rungs - 1, epochs), estimates: !isKnown);
        }
        while (!isKnown && result.End == TrialEnd.OutOfTime);
        return result.End == TrialEnd.Canceled || (result.End == TrialEnd.Done && result.Trial.Epochs >= fullEpochs[candidate]);
    }

    /// <summary>Rungs may have the same number of epochs where there are few: then the earlier result stands.</summary>
    private TrialResult RunTrial(Trial trial, bool estimates)
    {
        if (_results.Find(r => r.End == TrialEnd.Done && r.Trial == trial with { Rung = r.Trial.Rung }) is { } same)
            return same;
        TrialResult result = runner.Run(trial, new TrialTimer(this, trial, estimates));
        _results.Add(result);
        return result;
    }

    /// <summary>The last result that tells a candidate's speed.</summary>
    private TrialResult? Known(int candidate) =>
        _results.LastOrDefault(r => r.Trial.Candidate == candidate && r.SecondsPerEpoch is not null);

    /// <summary>Of those that were given up the one that gets furthest.</summary>
    private int Fastest() => Enumerable.Range(0, fullEpochs.Count).MinBy(
        c => Known(c)?.SecondsPerEpoch ?? double.PositiveInfinity);
}

/// <summary>Gives up a trial that cannot end in time: after the limit, or as its first steps tell.</summary>
/// <param name="search">The search.</param>
/// <param name="trial">The trial.</param>
/// <param name="estimates">Whether to judge by the first steps.</param>
internal sealed class TrialTimer(SuccessiveHalving search, Trial trial, bool estimates)
{
    /// <summary>The first step compiles; some more, for a while, tell the pace. Judged once: what was let on may end.</summary>
    private const int LeastSteps = 4;
    private static readonly TimeSpan LeastTime = TimeSpan.FromSeconds(3);
    private readonly TimeSpan _created = search.Elapsed;
    private bool _isJudged = !estimates;
    private (double Epochs, TimeSpan Time) _begin;
    private int _steps;

    /// <summary>Seconds an epoch takes, by the steps so far.</summary>
    public double? SecondsPerEpoch { get; private set; }

    /// <summary>Seconds until the first step was done.</summary>
    public double SecondsToBegin => _steps == 0 ? 0 : (_begin.Time - _created).TotalSeconds;

    /// <summary>Time until the search's limit.</summary>
    public TimeSpan Left => search.Left;

    /// <summary>Whether to go on.</summary>
    /// <param name="epochs">Epochs done, with the fraction of the present one.</param>
    public bool MayGoOn(double epochs)
    {
        if (_steps++ == 0)
            _begin = (epochs, search.Elapsed);
        else if (epochs > _begin.Epochs)
            SecondsPerEpoch = (search.Elapsed - _begin.Time).TotalSeconds / (epochs - _begin.Epochs);
        if (epochs >= trial.Epochs)
            return true;
        return search.Left > TimeSpan.Zero && !IsTooSlow(epochs);
    }

    private bool IsTooSlow(double epochs)
    {
        if (_isJudged || _steps < LeastSteps || search.Elapsed - _begin.Time < LeastTime || SecondsPerEpoch is not { } seconds)
            return false;
        _isJudged = true;
        double reserve = trial.Rung == search.Rungs - 1 ? 0
            : search.ReserveOfBest ?? search.Reserve(trial.Candidate, seconds);
        return SuccessiveHalving.Margin * seconds * (trial.Epochs - epochs) + reserve > search.Left.TotalSeconds;
    }
}
