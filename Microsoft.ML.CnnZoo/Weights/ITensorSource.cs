using System.Runtime.InteropServices;

namespace Microsoft.ML.CnnZoo.Weights;

/// <summary>Named tensors: a file of weights, or a model's.</summary>
internal interface ITensorSource : IDisposable
{
    /// <summary>Where they come from, for messages: a file's path, or a model's name.</summary>
    string Origin { get; }

    /// <summary>What is known of them besides, for example <c>architecture</c>.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Name, type and shape of each tensor, in the file's order.</summary>
    IEnumerable<TensorEntry> Tensors { get; }

    /// <summary>The tensor of that name, or null.</summary>
    TensorEntry? Find(string name);

    /// <summary>A tensor's elements as they are: row-major, little-endian.</summary>
    /// <exception cref="KeyNotFoundException">No such tensor.</exception>
    /// <exception cref="InvalidDataException">The file is damaged there.</exception>
    Stream OpenTensor(string name);
}

/// <summary>A tensor's name, element type and shape.</summary>
/// <param name="Name">Name.</param>
/// <param name="DataType">Element type as safetensors calls it: F32, F16, BF16, F64, I64, U8, BOOL …</param>
/// <param name="Shape">Dimensions, outermost first.</param>
internal record TensorEntry(string Name, string DataType, IReadOnlyList<long> Shape)
{
    /// <summary>The layer that it belongs to, where its name does not say so: Keras 3 numbers layers.</summary>
    public string? Layer { get; init; }

    /// <summary>Number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (a, b) => checked(a * b));
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

    public Stream OpenTensor(string name) =>
        new MemoryStream(MemoryMarshal.AsBytes<float>(_tensors[name].Values).ToArray(), writable: false);

    public void Dispose() { }

    private static TensorEntry Entry(NamedTensor tensor) =>
        new(tensor.Name, "F32", [.. tensor.Shape.Select(d => (long)d)]);
}
