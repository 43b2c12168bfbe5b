using System.Text.Json;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Weights.Names;

namespace Microsoft.ML.CnnZoo.Tests.Golden;

/// <summary>Networks of golden files: found by name, filled by the formula.</summary>
internal static class GoldenNetwork
{
    /// <summary>The network of a file's <c>model</c>; null when neither the catalog nor the tests have it.</summary>
    public static CnnArchitecture? Find(string model)
    {
        string name = GoldenNames.ToCatalog(model.Split(' ')[0]);
        return CnnArchitectures.All.FirstOrDefault(a => a.Name == name)
            ?? TraceNetworks.All.FirstOrDefault(a => a.Name == name);
    }

    /// <summary>Whether the file's network is known.</summary>
    public static bool IsKnown(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        return Find(document.RootElement.GetProperty("model").GetString()!) is not null;
    }

    /// <summary>Sets variables to the formula's values.</summary>
    /// <param name="network">Gives PyTorch's names.</param>
    /// <param name="variables">Of a graph of the network.</param>
    /// <param name="store">Receives the values.</param>
    /// <param name="gain">conv_c of the golden file.</param>
    public static void Fill(CnnArchitecture network, IEnumerable<VariableDefinition> variables, VariableStore store,
        double gain)
    {
        bool listed = GoldenFiles.HasArchitecture(network.Name);
        foreach (VariableDefinition definition in variables.Where(v => v.Role != VariableRole.Slot))
        {
            string name = TorchNames.Of(network).Variable(definition.Name);
            GoldenTensor tensor = listed ? GoldenFiles.Tensors(network.Name).Single(t => t.Name == name)
                : TraceNetworks.Tensor(definition, name);
            float[] values = GoldenFill.Weights(tensor, gain, listed ? GoldenFiles.Connections(network.Name) : null);
            tensor = GoldenLayout.AsDense(tensor, definition.Spec.Shape);
            bool depthwise = GoldenLayout.IsDepthwise(tensor, definition.Spec.Shape);
            Variable variable = store.GetOrAdd(definition.Name, definition.Spec);
            GoldenLayout.ToVariable(tensor, values, definition.FlattenShape, depthwise)
                .CopyTo(variable.Values<float>());
            variable.Touch();
        }
    }
}
