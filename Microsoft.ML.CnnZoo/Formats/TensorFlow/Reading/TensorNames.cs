using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>Collects the file's names of tensors: <c>node:port</c>, and <c>node</c> for port 0.</summary>
/// <param name="copies">The finished graph's nodes by those of the graph it was cut from.</param>
internal sealed class TensorNames(Dictionary<NodeDef, NodeDef> copies)
{
    private readonly Dictionary<string, FileTensor> _tensors = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, FileTensor> All => _tensors;

    /// <summary>A tensor under a name; its dimensions are in the file's order.</summary>
    public FileTensor Of(string name, NodeOutput tensor) => new(WithPort(name),
        copies[tensor.Node].Output(tensor.Port), [.. Enumerable.Range(0, tensor.Shape.Rank)]);

    /// <summary>Adds a name, unless something else has it or the graph does not hold the tensor.</summary>
    public void Add(string name, NodeOutput tensor)
    {
        if (!copies.ContainsKey(tensor.Node))
            return;
        FileTensor entry = Of(name, tensor);
        _tensors.TryAdd(entry.Name, entry);
        if (entry.Name.EndsWith(":0", StringComparison.Ordinal))
            _tensors.TryAdd(entry.Name[..^2], entry);
    }

    /// <summary>Adds what was evaluated in the graph or in a call, by full and by short names.</summary>
    public void Add(Frame frame, ImageValue image, NodeOutput placeholder)
    {
        foreach ((string node, Value[] outputs) in frame.Values)
            for (int i = 0; i < outputs.Length; i++)
            {
                NodeOutput? tensor = outputs[i] switch
                {
                    TensorValue value => value.Tensor,
                    ImageValue same when same.Tensor == image.Tensor && !image.ChannelsFirst => placeholder,
                    _ => null,
                };
                if (tensor is not NodeOutput known)
                    continue;
                Add($"{frame.Prefix}{node}:{i}", known);
                Add($"{node}:{i}", known);
            }
    }

    private static string WithPort(string name) => name.Contains(':', StringComparison.Ordinal) ? name : $"{name}:0";
}
