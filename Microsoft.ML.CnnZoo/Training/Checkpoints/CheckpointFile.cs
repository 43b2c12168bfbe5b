using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Weights;

namespace Microsoft.ML.CnnZoo.Training.Checkpoints;

/// <summary>
/// A training's state as a safetensors file: variables as tensors, all else as JSON in the header's metadata, with a
/// checksum over everything.
/// </summary>
/// <remarks>
/// Tensors <c>now/…</c>: all variables, optimizer state included; <c>best/…</c>: the scored ones after the best epoch;
/// <c>good/…</c>: all at the beginning of an epoch that was not finished. A training that has ended has <c>now/…</c>
/// alone, the weights that were kept.
/// </remarks>
internal sealed class CheckpointFile : IDisposable
{
    private const string StateKey = "cnnzoo_training", ChecksumKey = "checksum", Now = "now/", Best = "best/",
        Good = "good/";
    private static readonly JsonSerializerOptions Format = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly SafetensorsFile _file;

    private CheckpointFile(SafetensorsFile file, Content content) => (_file, Value) = (file, content);

    /// <summary>What a file says besides its tensors.</summary>
    /// <param name="State">How far training is.</param>
    /// <param name="Identity">Which training it is.</param>
    internal sealed record Content(TrainingState State, TrainingIdentity Identity);

    /// <summary>State and identity.</summary>
    public Content Value { get; }

    /// <summary>Writes a file's content.</summary>
    public static void Write(Stream stream, Content content, TrainingParts parts)
    {
        var tensors = new List<(string Name, Variable Variable)>();
        void Add(string prefix, VariableStore variables) =>
            tensors.AddRange(variables.Variables.Select(v => (prefix + v.Name, v)));
        Add(Now, parts.Variables);
        if (content.State is { End: null, BestEpoch: > 0 })
            Add(Best, parts.Best.Values);
        if (content.State is { End: null, Batch: > 0 } && parts.Good.IsTaken)
            Add(Good, parts.Good.Values);
        string text = JsonSerializer.Serialize(content, Format);
        TensorEntry[] entries = [.. tensors.Select(t => new TensorEntry(t.Name, TypeName(t.Variable.Spec.Type),
            [.. Enumerable.Range(0, t.Variable.Spec.Shape.Rank).Select(d => (long)t.Variable.Spec.Shape[d])]))];
        var hash = new XxHash128();
        hash.Append(Encoding.UTF8.GetBytes(text));
        for (int i = 0; i < entries.Length; i++)
        {
            Append(hash, entries[i]);
            hash.Append(tensors[i].Variable.Bytes);
        }
        SafetensorsWriter.Write(stream, entries, new Dictionary<string, string>
        {
            [StateKey] = text, [ChecksumKey] = Convert.ToHexStringLower(hash.GetCurrentHash()),
        }, (target, i) => target.Write(tensors[i].Variable.Bytes));
    }

    /// <summary>Opens a file and verifies all of it.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or no checkpoint.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static CheckpointFile Open(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        try
        {
            if (!file.Metadata.TryGetValue(StateKey, out string? text)
                || !file.Metadata.TryGetValue(ChecksumKey, out string? checksum))
                throw new InvalidDataException($"'{path}' is no checkpoint of a training.");
            if (Checksum(file, text) != checksum)
                throw new InvalidDataException($"'{path}' is damaged: its checksum is not that of its content.");
            return new CheckpointFile(file, JsonSerializer.Deserialize<Content>(text, Format)
                ?? throw new InvalidDataException($"'{path}' holds no state of a training."));
        }
        catch (Exception e)
        {
            file.Dispose();
            if (e is JsonException)
                throw new InvalidDataException($"'{path}' holds no state that can be read: {e.Message}", e);
            throw;
        }
    }

    /// <summary>Copies the tensors to where they were.</summary>
    /// <exception cref="InvalidDataException">A variable is missing, or has another shape.</exception>
    public void Read(TrainingParts parts)
    {
        Read(Now, parts.Variables);
        if (Has(Best))
            Read(Best, parts.Best.Values);
        if (Has(Good))
            Read(Good, parts.Good.Values);
    }

    public void Dispose() => _file.Dispose();

    private bool Has(string prefix) =>
        _file.Entries.Any(e => e.Name.StartsWith(prefix, StringComparison.Ordinal));

    private void Read(string prefix, VariableStore variables)
    {
        foreach (Variable variable in variables.Variables)
        {
            if (_file.Find(prefix + variable.Name) is not SafetensorsEntry entry
                || entry.ByteLength != variable.Bytes.Length)
                throw new InvalidDataException(
                    $"'{_file.Path}' has no tensor '{prefix}{variable.Name}' of {variable.Spec}.");
            using (Stream stream = _file.OpenTensor(entry.Name))
                stream.ReadExactly(variable.Bytes);
            variable.Touch();
        }
    }

    private static string Checksum(SafetensorsFile file, string text)
    {
        var hash = new XxHash128();
        hash.Append(Encoding.UTF8.GetBytes(text));
        foreach (SafetensorsEntry entry in file.Entries)
        {
            Append(hash, entry);
            using Stream stream = file.OpenTensor(entry.Name);
            var content = new byte[(int)Math.Min(entry.ByteLength, 1 << 20)];
            for (long left = entry.ByteLength; left > 0;)
            {
                int count = (int)Math.Min(left, content.Length);
                stream.ReadExactly(content, 0, count);
                hash.Append(content.AsSpan(0, count));
                left -= count;
            }
        }
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private static void Append(XxHash128 hash, TensorEntry entry)
    {
        hash.Append(Encoding.UTF8.GetBytes($"{entry.Name} {entry.DataType}"));
        hash.Append(MemoryMarshal.AsBytes<long>([.. entry.Shape]));
    }

    private static string TypeName(DataType type) => type switch
    {
        DataType.Float => "F32",
        DataType.Double => "F64",
        DataType.Half => "F16",
        DataType.BFloat16 => "BF16",
        DataType.Int32 => "I32",
        DataType.Int64 => "I64",
        DataType.UInt64 => "U64",
        DataType.UInt8 => "U8",
        DataType.Bool => "BOOL",
        _ => throw new ArgumentException($"Variables of type {type} cannot be saved.", nameof(type)),
    };
}
