using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Weights.Names;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>
/// A network's variables as tensors with the names, shapes and order of elements of files; of PyTorch's libraries
/// unless other names are given.
/// </summary>
internal sealed class NetworkTensors
{
    private readonly WeightNames _names;
    private readonly HashSet<string> _depthwise;

    /// <summary>Names the variables of a graph.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="graph">A graph that it built.</param>
    /// <param name="names">The files' names; null: PyTorch's libraries'.</param>
    public NetworkTensors(CnnArchitecture architecture, NetworkGraph graph, WeightNames? names = null)
    {
        _names = names ?? TorchNames.Of(architecture);
        _depthwise = [.. graph.Nodes
            .Where(n => n.Op == "DepthwiseConv2dNative" && n.Inputs[1].Node.Op == "ReadVariableOp")
            .Select(n => n.Inputs[1].Node.Inputs[0].Node.Attributes["shared_name"].String)];
        Variables = [.. graph.Variables.Where(v => v.Role != VariableRole.Slot)];
    }

    /// <summary>The variables, without optimizer state.</summary>
    public IReadOnlyList<VariableDefinition> Variables { get; }

    /// <summary>A variable's name in files.</summary>
    public string NameOf(VariableDefinition variable) => _names.Of(variable);

    /// <summary>A variable's shape in files.</summary>
    public int[] ShapeOf(VariableDefinition variable) =>
        _names.Shape(variable, _depthwise.Contains(variable.Name));

    /// <summary>Position in a file's order of each element in ours.</summary>
    public Func<int, int> MapOf(VariableDefinition variable) =>
        _names.Map(variable, _depthwise.Contains(variable.Name));

    /// <summary>A bias to be subtracted from a moving mean, or null.</summary>
    public string? BiasBefore(VariableDefinition variable) => _names.BiasBefore(variable);

    /// <summary>Whether files may lack a variable.</summary>
    public bool MayLack(VariableDefinition variable) => _names.MayLack(variable);

    /// <summary>Copies the values of the variables that there are.</summary>
    public IReadOnlyList<NamedTensor> Read(VariableStore variables)
    {
        var tensors = new List<NamedTensor>();
        foreach (VariableDefinition variable in Variables.Where(v => variables.Contains(v.Name)))
        {
            ReadOnlySpan<float> source = variables[variable.Name].Values<float>();
            var values = new float[source.Length];
            Func<int, int> map = MapOf(variable);
            for (int i = 0; i < values.Length; i++)
                values[map(i)] = source[i];
            tensors.Add(new(NameOf(variable), ShapeOf(variable), values));
        }
        return tensors;
    }
}
