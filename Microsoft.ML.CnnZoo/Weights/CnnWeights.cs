using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Weights;

namespace Microsoft.ML.CnnZoo;

/// <summary>How a file's tensors fit a network's variables; names are the file's (PyTorch's).</summary>
/// <param name="Fitting">Tensors that fit.</param>
/// <param name="Missing">Tensors that the network needs and the file lacks.</param>
/// <param name="Surplus">Tensors of the file that the network does not know.</param>
/// <param name="Misshapen">Tensors of another shape, with both shapes.</param>
public sealed record WeightsMatch(IReadOnlyList<string> Fitting, IReadOnlyList<string> Missing, IReadOnlyList<string> Surplus, IReadOnlyList<string> Misshapen)
{
    /// <summary>Whether all fits and nothing is left over.</summary>
    public bool IsExact => Missing.Count == 0 && Surplus.Count == 0 && Misshapen.Count == 0;

    /// <inheritdoc/>
    public override string ToString()
    {
        static string Part(string what, IReadOnlyList<string> names) =>
            names.Count == 0 ? "" : $" {names.Count} {what}: {string.Join(", ", names.Take(8))}{(names.Count > 8 ? ", …" : "")}.";
        return $"{Fitting.Count} tensors fit.{Part("missing", Missing)}{Part("surplus", Surplus)}{Part("misshapen", Misshapen)}";
    }
}

/// <summary>
/// Pretrained weights in a safetensors file with the tensor names of torchvision or timm (each architecture knows them: <see cref="CnnArchitecture.TorchName"/>).
/// </summary>
/// <example><code>
/// using CnnWeights weights = CnnWeights.Load("resnet50.safetensors");
/// var trainer = mlContext.MulticlassClassification.Trainers.CnnClassification(new CnnClassificationTrainer.Options { Architecture = CnnArchitectures.ResNet50, InitialWeights = weights });
/// </code></example>
public sealed class CnnWeights : IDisposable
{
    private readonly SafetensorsFile _file;

    private CnnWeights(SafetensorsFile file) => _file = file;

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    /// <summary>Names of the tensors in the file.</summary>
    public IEnumerable<string> Names => _file.Entries.Select(e => e.Name);

    /// <summary>Opens a file; nothing is copied yet.</summary>
    /// <param name="path">A safetensors file; float32, float16, bfloat16 or float64 tensors.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is corrupt, truncated or not safetensors.</exception>
    public static CnnWeights Load(string path) => new(SafetensorsFile.Open(path));

    /// <summary>Compares the file with a network.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="graph">A graph that it built; a tensor of an auxiliary classifier that this graph has not is no surplus.</param>
    public WeightsMatch Match(CnnArchitecture architecture, NetworkGraph graph)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(graph);
        List<string> fitting = [], missing = [], misshapen = [];
        var known = new HashSet<string>(KnownNames(architecture), StringComparer.Ordinal);
        foreach ((VariableDefinition variable, string name, bool depthwise) in Named(architecture, graph))
        {
            known.Add(name);
            int[] expected = TorchLayout.Shape(variable, depthwise);
            if (_file.Find(name) is not SafetensorsEntry entry)
                missing.Add(name);
            else if (!TorchLayout.Fits(entry.Shape, expected))
                misshapen.Add($"{name} [{string.Join(',', entry.Shape)}], expected [{string.Join(',', expected)}]");
            else
                fitting.Add(name);
        }
        string[] surplus = [.. Names.Where(n => !known.Contains(n) && !n.EndsWith("num_batches_tracked", StringComparison.Ordinal))];
        return new(fitting, missing, surplus, misshapen);
    }

    /// <summary>Copies the file's tensors into a network's variables.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="graph">A graph that it built.</param>
    /// <param name="variables">Receives the values; variables that are not there yet are made.</param>
    /// <param name="keepWhereMisshapen">Leave a variable as it is where the file has another shape (a last layer for other classes), instead of refusing.</param>
    /// <returns>What fitted.</returns>
    /// <exception cref="InvalidDataException">Tensors are missing, surplus or misshapen; they are named, and no variable has been changed.</exception>
    internal WeightsMatch CopyTo(CnnArchitecture architecture, NetworkGraph graph, VariableStore variables, bool keepWhereMisshapen = false)
    {
        WeightsMatch match = Match(architecture, graph);
        if (match.Missing.Count > 0 || match.Surplus.Count > 0 || (match.Misshapen.Count > 0 && !keepWhereMisshapen))
            throw new InvalidDataException($"'{Path}' does not fit {architecture.DisplayName}: {match}");
        var fitting = new HashSet<string>(match.Fitting, StringComparer.Ordinal);
        foreach (string name in match.Fitting)
            _file.Read(name, new float[_file.Find(name)!.ElementCount]); // before a variable is changed: it refuses values that are not finite
        foreach ((VariableDefinition variable, string name, bool depthwise) in Named(architecture, graph).Where(n => fitting.Contains(n.TorchName)))
        {
            var values = new float[variable.Spec.Shape.ElementCount];
            _file.Read(name, values);
            Variable target = variables.GetOrAdd(variable.Name, variable.Spec);
            Span<float> destination = target.Values<float>();
            Func<int, int> map = TorchLayout.Map(variable, depthwise);
            for (int i = 0; i < destination.Length; i++)
                destination[i] = values[map(i)];
            target.Touch();
        }
        return match;
    }

    /// <summary>Writes a network's variables as a safetensors file that torchvision's or timm's form of it can load.</summary>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="architecture">The network.</param>
    /// <param name="graph">A graph that it built: its variables are written.</param>
    /// <param name="variables">Their values.</param>
    /// <param name="precision">Element type in the file.</param>
    internal static void Save(string path, CnnArchitecture architecture, NetworkGraph graph, VariableStore variables, SafetensorsPrecision precision = SafetensorsPrecision.Float32)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(variables);
        var tensors = new List<(string, int[], float[])>();
        foreach ((VariableDefinition variable, string name, bool depthwise) in Named(architecture, graph))
        {
            ReadOnlySpan<float> source = variables[variable.Name].Values<float>();
            var values = new float[source.Length];
            Func<int, int> map = TorchLayout.Map(variable, depthwise);
            for (int i = 0; i < values.Length; i++)
                values[map(i)] = source[i];
            tensors.Add((name, TorchLayout.Shape(variable, depthwise), values));
        }
        SafetensorsWriter.Write(path, tensors, precision, new Dictionary<string, string> { ["format"] = "pt", ["architecture"] = architecture.Name });
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>The network's variables with PyTorch's names, and which of them are depthwise kernels.</summary>
    private static IEnumerable<(VariableDefinition Variable, string TorchName, bool Depthwise)> Named(CnnArchitecture architecture, NetworkGraph graph)
    {
        HashSet<string> depthwise = [.. graph.Nodes.Where(n => n.Op == "DepthwiseConv2dNative" && n.Inputs[1].Node.Op == "ReadVariableOp")
            .Select(n => n.Inputs[1].Node.Inputs[0].Node.Attributes["shared_name"].String)];
        foreach (VariableDefinition variable in graph.Variables.Where(v => v.Role != VariableRole.Slot))
            if (architecture.TorchName(variable.Name) is string name)
                yield return (variable, name, depthwise.Contains(variable.Name));
    }

    /// <summary>All tensor names of the network, auxiliary classifiers included.</summary>
    private static IEnumerable<string> KnownNames(CnnArchitecture architecture)
    {
        var g = new GraphBuilder(GraphMode.Training);
        ImageShape input = architecture.DefaultInput;
        architecture.Build(g, g.Placeholder("image", DataType.Float, new TensorShape(TensorShape.Unknown, input.Height, input.Width, input.Channels)), classes: 2);
        return g.Variables.Select(v => architecture.TorchName(v.Name)).OfType<string>();
    }
}
