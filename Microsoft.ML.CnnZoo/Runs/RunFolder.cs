using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.CnnZoo.Files;

namespace Microsoft.ML.CnnZoo.Runs;

/// <summary>
/// A folder that holds everything of one training. What cannot be written costs a warning, once for each file.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    /// <summary>The weights that the network was given in the end, or would be given now.</summary>
    public const string BestWeights = "weights/best.safetensors";
    private const string OptionsFile = "options.json", ResultsFile = "results.csv", LogFile = "log.txt";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly Action<string> _warn;
    private readonly FolderLock? _lock;
    private readonly ResultsTable _results;
    private readonly HashSet<string> _failed = [];
    private readonly List<EpochProgress> _history = [];
    private EpochProgress? _best;
    private EventFile? _events;
    private long _step;
    private long? _restart;

    private RunFolder(string path, Action<string> warn, FolderLock? held)
    {
        (Folder, _warn, _lock) = (path, warn, held);
        _results = new ResultsTable(PathOf(ResultsFile));
    }

    /// <summary>Full path.</summary>
    public string Folder { get; }

    /// <summary>Folder of its checkpoints.</summary>
    public string Checkpoints => PathOf("checkpoints");

    /// <summary>
    /// The folder of that name; where it holds a run that is not to be gone on with, or another process is at work, the
    /// first of <c>name-2</c>, <c>name-3</c> … of which that is not so.
    /// </summary>
    /// <exception cref="InvalidOperationException">The run to go on with is at work in another process.</exception>
    public static RunFolder Open(string path, bool resume, Action<string> warn)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), free = folder;
        for (int number = 2; ; number++)
        {
            try
            {
                FolderLock? held = FolderLock.Take(free, warn);
                if (resume || !HoldsRun(free))
                    return new RunFolder(free, warn, held);
                held?.Dispose();
            }
            catch (InvalidOperationException) when (!resume)
            {
                // At work.
            }
            free = FormattableString.Invariant($"{folder}-{number}");
        }
    }

    /// <summary>Writes the options that are in effect.</summary>
    public void WriteOptions(JsonObject options) => Try(OptionsFile, path =>
        CompleteFile.Write(path, stream => JsonSerializer.Serialize(stream, options, Indented)));

    /// <summary>Writes a line of the log.</summary>
    public void Log(string kind, string message)
    {
        try
        {
            Directory.CreateDirectory(Folder);
            File.AppendAllText(PathOf(LogFile), string.Create(CultureInfo.InvariantCulture,
                $"{DateTimeOffset.Now:yyyy-MM-dd HH:mm:ss zzz} {kind,-7} {message}\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_failed.Add(LogFile))
                _warn($"'{PathOf(LogFile)}' is not written: {e.Message}");
        }
    }

    /// <summary>The options of a training that is recorded here.</summary>
    /// <param name="options">Its options.</param>
    /// <param name="saveWeights">Writes the weights as they are to a file.</param>
    public TrainingOptions Record(TrainingOptions options, Action<string> saveWeights) => options with
    {
        Resumed = (history, step) =>
        {
            options.Resumed?.Invoke(history, step);
            Resume(history, step, options.Metric);
        },
        WentBack = step =>
        {
            options.WentBack?.Invoke(step);
            WriteEvents(events => events.Restart(step + 1));
        },
        BatchCompleted = batch =>
        {
            _step = batch.Step;
            WriteEvents(events => events.Write(_step,
                ("step/loss", batch.BatchLoss), ("step/learning_rate", batch.LearningRate)));
            options.BatchCompleted?.Invoke(batch);
        },
        EpochCompleted = epoch =>
        {
            AddEpoch(epoch, options.Metric, saveWeights);
            options.EpochCompleted?.Invoke(epoch);
        },
    };

    /// <summary>Writes a file of the run.</summary>
    /// <param name="name">Its path in the folder.</param>
    /// <param name="write">Writes it to a path.</param>
    public void Write(string name, Action<string> write) => Try(name, write);

    /// <summary>Writes a picture to a file of the run and to the events.</summary>
    /// <param name="name">Its path in the folder.</param>
    /// <param name="tag">Its tag in the events.</param>
    /// <param name="png">The file.</param>
    /// <param name="height">Rows of pixels.</param>
    /// <param name="width">Columns of pixels.</param>
    public void WriteImage(string name, string tag, byte[] png, int height, int width)
    {
        Try(name, path => CompleteFile.Write(path, stream => stream.Write(png)));
        if (_events is not null) // else nothing was trained: the run had ended before
            WriteEvents(events => events.WriteImage(_step, tag, png, height, width));
    }

    public void Dispose()
    {
        _events?.Dispose();
        _lock?.Dispose();
    }

    private static bool HoldsRun(string folder) =>
        File.Exists(Path.Combine(folder, OptionsFile)) || File.Exists(Path.Combine(folder, ResultsFile));

    /// <summary>Training goes on after some steps: what was written of later ones is not so.</summary>
    private void Resume(IReadOnlyList<EpochProgress> history, long step, StoppingMetric metric)
    {
        (_step, _restart) = (step, step + 1);
        foreach (EpochProgress epoch in history)
            Add(epoch, metric);
        Try(ResultsFile, _ => _results.Write(_history));
    }

    private void AddEpoch(EpochProgress epoch, StoppingMetric metric, Action<string> saveWeights)
    {
        bool isBest = Add(epoch, metric);
        Try(ResultsFile, _ => _results.Write(_history));
        Try("learning-curves.svg", LearningCurves.Draw(_history).Write);
        WriteEvents(events =>
        {
            events.Write(_step, ("loss/training", epoch.Loss), ("loss/validation", epoch.ValidationLoss),
                ("accuracy/training", epoch.Accuracy), ("accuracy/validation", epoch.ValidationAccuracy),
                ("epoch/learning_rate", epoch.LearningRate), ("epoch/images_per_second", epoch.ImagesPerSecond),
                ("epoch/number", epoch.Epoch));
            events.Flush();
        });
        Try("weights/last.safetensors", saveWeights);
        if (isBest)
            Try(BestWeights, saveWeights);
    }

    private bool Add(EpochProgress epoch, StoppingMetric metric)
    {
        _history.Add(epoch);
        if (!EarlyStopping.IsBetter(epoch, _best, metric))
            return false;
        _best = epoch;
        return true;
    }

    private string PathOf(string name) => Path.Combine(Folder, name);

    private void WriteEvents(Action<EventFile> write)
    {
        const string Name = "events.out.tfevents";
        if (!_failed.Contains(Name))
            Try(Name, _ =>
            {
                if (_events is null)
                {
                    _events = new EventFile(Folder);
                    if (_restart is { } step)
                        _events.Restart(step);
                }
                write(_events);
            });
    }

    private void Try(string name, Action<string> write)
    {
        string path = PathOf(name);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            write(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (_failed.Add(name))
                _warn($"'{path}' is not written, training goes on: {e.Message}");
        }
    }
}
