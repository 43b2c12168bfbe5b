using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.CnnZoo.Files;
using Microsoft.ML.CnnZoo.Training;

namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>
/// The folder of an experiment: results of trials in experiment.json, the best network, checkpoints. Trials are found by a
/// digest of all that decides their result.
/// </summary>
internal sealed class ExperimentFile
{
    private const string FileName = "experiment.json", BestName = "best-";
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() },
    };
    private readonly string _folder;
    private readonly Dictionary<string, TrialResult> _results = new(StringComparer.Ordinal);

    /// <summary>Reads what is there, or starts anew.</summary>
    /// <exception cref="InvalidDataException">The file cannot be understood.</exception>
    public ExperimentFile(string folder, bool resume)
    {
        _folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(_folder);
        if (!resume)
        {
            Delete(BestName);
            Delete("checkpoint-");
        }
        else if (File.Exists(Json))
            Read();
    }

    /// <summary>Results of a trial that was done before; null when it was not.</summary>
    public TrialResult? Find(string key) => _results.GetValueOrDefault(key);

    /// <summary>The folder for the checkpoints of a trial.</summary>
    public string Checkpoints(string key) => Path.Combine(_folder, $"checkpoint-{key}");

    /// <summary>The file for the network of a trial.</summary>
    public string BestNetwork(string key) => Path.Combine(_folder, $"{BestName}{key}.zip");

    /// <summary>Keeps the network of a trial.</summary>
    public void SaveBest(string key, Action<Stream> write) => CompleteFile.Write(BestNetwork(key), write);

    /// <summary>Deletes the networks of other trials.</summary>
    public void KeepOnly(string key)
    {
        foreach (string other in Directory.GetFiles(_folder, $"{BestName}*.zip").Where(f => f != BestNetwork(key)))
            File.Delete(other);
    }

    /// <summary>Keeps a result.</summary>
    public void Save(string key, TrialResult result)
    {
        _results[key] = result;
        CompleteFile.Write(Json, stream => JsonSerializer.Serialize(stream, _results, Format));
    }

    /// <summary>Forgets the checkpoints of a trial.</summary>
    public void DeleteCheckpoints(string key)
    {
        if (Directory.Exists(Checkpoints(key)))
            Directory.Delete(Checkpoints(key), recursive: true);
    }

    private string Json => Path.Combine(_folder, FileName);

    private void Read()
    {
        try
        {
            using FileStream stream = File.OpenRead(Json);
            foreach ((string key, TrialResult result) in
                JsonSerializer.Deserialize<Dictionary<string, TrialResult>>(stream, Format)!)
                _results[key] = result;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The results in '{Json}' cannot be read: {e.Message} Delete the file to begin anew.", e);
        }
    }

    private void Delete(string prefix)
    {
        File.Delete(Json);
        foreach (string entry in Directory.GetFileSystemEntries(_folder, $"{prefix}*"))
            if (Directory.Exists(entry))
                Directory.Delete(entry, recursive: true);
            else
                File.Delete(entry);
    }
}
