using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.CnnZoo.Tests.Golden;
using Microsoft.ML.CnnZoo.Weights;

namespace Microsoft.ML.CnnZoo.Tests.Weights;

/// <summary>A published file's tensors, with the formula's values: offset + scale·v(name).</summary>
internal sealed class FormulaTensors : ITensorSource
{
    private readonly Dictionary<string, (double Offset, double Scale, string Formula)> _fills = [];
    private readonly Dictionary<string, TensorEntry> _entries = [];

    /// <summary>A list <c>weights</c>: [name, shape, offset, scale], or [name, shape, "keep"].</summary>
    public FormulaTensors(JsonElement weights)
    {
        foreach (JsonElement entry in weights.EnumerateArray())
        {
            string name = entry[0].GetString()!;
            long[] shape = [.. entry[1].EnumerateArray().Select(d => d.GetInt64())];
            bool isKept = entry[2].ValueKind == JsonValueKind.String;
            Add(name, shape, isKept ? 0 : entry[2].GetDouble(), isKept ? 0 : entry[3].GetDouble(), name,
                isKept ? "I64" : "F32");
        }
    }

    public FormulaTensors(IEnumerable<(string Name, long[] Shape, double Offset, double Scale, string Formula)> tensors)
    {
        foreach ((string name, long[] shape, double offset, double scale, string formula) in tensors)
            Add(name, shape, offset, scale, formula, "F32");
    }

    public string Origin => "a published file";

    public IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    public IEnumerable<TensorEntry> Tensors => _entries.Values;

    public TensorEntry? Find(string name) => _entries.GetValueOrDefault(name);

    public Stream OpenTensor(string name)
    {
        (double offset, double scale, string formula) = _fills[name];
        TensorEntry entry = _entries[name];
        return new MemoryStream(entry.DataType == "I64" ? new byte[8 * entry.ElementCount] : MemoryMarshal
            .AsBytes<float>(GoldenFill.Input(formula, entry.ElementCount, scale, offset)).ToArray());
    }

    /// <summary>The same without some tensors, or under other names.</summary>
    public FormulaTensors Select(Func<string, string?> rename) => new(_entries.Values
        .Where(e => e.DataType == "F32" && rename(e.Name) is not null)
        .Select(e => (rename(e.Name)!, e.Shape.ToArray(), _fills[e.Name].Offset, _fills[e.Name].Scale, e.Name)));

    public void Dispose() { }

    private void Add(string name, long[] shape, double offset, double scale, string formula, string dataType)
    {
        _fills.Add(name, (offset, scale, formula));
        _entries.Add(name, new(name, dataType, shape));
    }
}
