using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using Microsoft.ML.CnnZoo.Files;

namespace Microsoft.ML.CnnZoo.Training.Checkpoints;

/// <summary>
/// The checkpoints of one training, numbered, the last two kept. A file that cannot be written costs a warning; one
/// that cannot be read, the way back to the one before it.
/// </summary>
/// <param name="identity">The training.</param>
/// <param name="options">Its options, with a plan of checkpoints.</param>
internal sealed class CheckpointFolder(TrainingIdentity identity, TrainingOptions options)
{
    private const int Kept = 2;
    private const string Prefix = "checkpoint-", Ending = ".safetensors";
    private readonly CheckpointPlan _plan = options.Checkpoints!;
    private readonly Stopwatch _sinceLast = Stopwatch.StartNew();
    private readonly List<int> _own = [];
    private int? _last;

    /// <summary>Whether it is time for a checkpoint within an epoch.</summary>
    public bool IsDue => _plan.Interval is { } interval && _sinceLast.Elapsed >= interval;

    /// <summary>The seed of the training in a folder; null when there is no checkpoint that can be read.</summary>
    public static int? FindSeed(string folder) => Find<int>(folder, nameof(TrainingOptions.Seed));

    /// <summary>Its learning rate; null when there is no checkpoint that can be read.</summary>
    public static float? FindLearningRate(string folder) => Find<float>(folder, nameof(TrainingOptions.LearningRate));

    private static T? Find<T>(string folder, string option) where T : struct, INumber<T>
    {
        foreach (int number in Numbers(folder).OrderDescending())
            try
            {
                using CheckpointFile file = CheckpointFile.Open(PathOf(folder, number));
                return T.Parse(file.Value.Identity.Inputs[option], CultureInfo.InvariantCulture);
            }
            catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                // Read says so.
            }
        return null;
    }

    /// <summary>
    /// Puts variables and copies of them to where the newest checkpoint has them that can be read; null when training
    /// is to begin from scratch.
    /// </summary>
    /// <exception cref="InvalidOperationException">The checkpoint belongs to another training.</exception>
    /// <exception cref="InvalidDataException">There are checkpoints, and none can be read.</exception>
    public TrainingState? Read(TrainingParts parts)
    {
        if (!_plan.Resume)
            return null;
        var problems = new List<string>();
        int[] numbers = Numbers(_plan.Folder);
        foreach (int number in numbers.OrderDescending())
            try
            {
                using CheckpointFile file = CheckpointFile.Open(PathOf(number));
                Check(file.Value.Identity, PathOf(number));
                file.Read(parts);
                _own.AddRange(numbers.Where(n => n <= number));
                TrainingState state = file.Value.State;
                options.Message?.Invoke(state.End is null
                    ? $"Training goes on from '{PathOf(number)}': epoch {state.Epoch}, {state.Step} steps done."
                    : $"Training has ended before: its result is read from '{PathOf(number)}'.");
                return state;
            }
            catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                problems.Add(e.Message);
                options.Warn?.Invoke($"A checkpoint cannot be read, the one before it is tried: {e.Message}");
            }
        return problems.Count == 0 ? null : throw new InvalidDataException(
            $"None of the checkpoints in '{_plan.Folder}' can be read; to train from scratch, delete them or choose another "
            + $"folder. {string.Join(' ', problems)}");
    }

    /// <summary>Saves a training. False when that failed, which is logged.</summary>
    public bool TryWrite(TrainingState state, TrainingParts parts)
    {
        string path = _plan.Folder;
        try
        {
            _last ??= Numbers(_plan.Folder).DefaultIfEmpty().Max();
            path = PathOf(_last.Value + 1);
            Directory.CreateDirectory(_plan.Folder);
            _plan.WriteFile(path, stream =>
                CheckpointFile.Write(stream, new CheckpointFile.Content(state, identity), parts));
            _own.Add((_last = _last.Value + 1).Value);
            DeleteOlder();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            options.Warn?.Invoke($"The checkpoint '{path}' is not written, training goes on: {e.Message}");
            return false;
        }
        finally
        {
            _sinceLast.Restart();
        }
    }

    private void Check(TrainingIdentity found, string path)
    {
        if (identity.Differences(found) is { Count: > 0 } differences)
            throw new InvalidOperationException($"'{path}' belongs to another training ({string.Join("; ", differences)}). "
                + "Resume with the same data and options, or choose another Options.CheckpointFolder.");
        if (found.Machine != identity.Machine)
            options.Warn?.Invoke($"'{path}' was written by other hardware or with other threads ({found.Machine} "
                + $"Now: {identity.Machine}): the weights may differ in their last bits from those of an undisturbed run.");
    }

    /// <summary>Also those of an earlier training in this folder, and what a killed process left half written.</summary>
    private void DeleteOlder()
    {
        int[] kept = [.. _own.TakeLast(Kept)];
        foreach (int number in Numbers(_plan.Folder).Except(kept))
            File.Delete(PathOf(number));
        foreach (string file in Directory.GetFiles(_plan.Folder, $"{Prefix}*{Ending}.*{CompleteFile.TemporaryEnding}"))
            File.Delete(file);
    }

    private string PathOf(int number) => PathOf(_plan.Folder, number);

    private static string PathOf(string folder, int number) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:d8}{Ending}"));

    private static int[] Numbers(string folder) => !Directory.Exists(folder) ? [] :
    [
        .. Directory.GetFiles(folder, $"{Prefix}*{Ending}").Select(path => Path.GetFileNameWithoutExtension(path)!)
            .Select(name => int.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture,
                out int number) ? number : 0)
            .Where(number => number > 0),
    ];
}
