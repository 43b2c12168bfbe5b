namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>Named tensors in PyTorch's layout.</summary>
internal interface ITensorSource : IDisposable
{
    /// <summary>Where they come from, for messages: a file's path, or a model's name.</summary>
    string Origin { get; }

    /// <summary>What is known of them besides, for example <c>architecture</c>.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Name and shape of each tensor.</summary>
    IEnumerable<TensorEntry> Tensors { get; }

    /// <summary>The tensor of that name, or null.</summary>
    TensorEntry? Find(string name);

    /// <summary>A tensor's elements as float32.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="destination">Exactly as many elements as the tensor has.</param>
    void Read(string name, Span<float> destination);
}

/// <summary>A tensor's name and shape.</summary>
/// <param name="Name">Name.</param>
/// <param name="Shape">Dimensions, outermost first.</param>
internal record TensorEntry(string Name, IReadOnlyList<long> Shape)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (a, b) => a * b);
}

/// <summary>A tensor with its elements, row-major.</summary>
/// <param name="Name">Name.</param>
/// <param name="Shape">Dimensions, outermost first.</param>
/// <param name="Values">Elements.</param>
internal sealed record NamedTensor(string Name, int[] Shape, float[] Values);

/// <summary>Tensors in memory: a snapshot of a model's weights.</summary>
internal sealed class MemoryTensors(string origin, IReadOnlyList<NamedTensor> tensors, IReadOnlyDictionary<string,
    string> metadata)
    : ITensorSource
{
    private readonly Dictionary<string, NamedTensor> _tensors = tensors.ToDictionary(t => t.Name,
        StringComparer.Ordinal);

    public string Origin => origin;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    public IEnumerable<TensorEntry> Tensors => tensors.Select(Entry);

    public TensorEntry? Find(string name) => _tensors.TryGetValue(name, out NamedTensor? tensor) ? Entry(tensor) : null;

    public void Read(string name, Span<float> destination) => _tensors[name].Values.CopyTo(destination);

    public void Dispose() { }

    private static TensorEntry Entry(NamedTensor tensor) => new(tensor.Name, [.. tensor.Shape.Select(d => (long)d)]);
}
