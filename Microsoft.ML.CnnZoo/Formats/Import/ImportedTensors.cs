using System.Runtime.InteropServices;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Weights;

namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>The weights that came with an imported network, as a file of weights would give them.</summary>
internal sealed class ImportedTensors : ITensorSource
{
    private readonly NetworkTensors _network;
    private readonly Dictionary<string, VariableDefinition> _variables;
    private readonly IReadOnlyDictionary<string, TensorLiteral> _values;

    /// <summary>Names the values.</summary>
    /// <param name="origin">The file.</param>
    /// <param name="architecture">The network.</param>
    /// <param name="values">Values by the variables' names.</param>
    public ImportedTensors(string origin, ImportedArchitecture architecture,
        IReadOnlyDictionary<string, TensorLiteral> values)
    {
        Origin = origin;
        _values = values;
        _network = new NetworkTensors(architecture, architecture.Network.Graph);
        _variables = _network.Variables.ToDictionary(_network.NameOf, StringComparer.Ordinal);
        Metadata = new WeightsMetadata(architecture.Name, architecture.Preprocessing.Normalization, FromFloats: false).Write();
    }

    public string Origin { get; }

    public IReadOnlyDictionary<string, string> Metadata { get; }

    public IEnumerable<TensorEntry> Tensors => _variables.Keys.Select(n => Find(n)!);

    public TensorEntry? Find(string name) => _variables.TryGetValue(name, out VariableDefinition? variable)
        ? new(name, "F32", [.. _network.ShapeOf(variable).Select(d => (long)d)]) : null;

    public Stream OpenTensor(string name)
    {
        VariableDefinition variable = _variables[name];
        ReadOnlySpan<float> values = _values[variable.Name].Values<float>();
        var ordered = new float[values.Length];
        Func<int, int> map = _network.MapOf(variable);
        for (int i = 0; i < values.Length; i++)
            ordered[map(i)] = values[i];
        return new MemoryStream(MemoryMarshal.AsBytes(ordered.AsSpan()).ToArray(), writable: false);
    }

    public void Dispose() { }
}
