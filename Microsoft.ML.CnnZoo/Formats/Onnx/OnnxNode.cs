using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Formats.Onnx.Protos;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>A node of an ONNX graph with the values of its inputs.</summary>
/// <param name="proto">The node.</param>
/// <param name="opset">Version of the operator set.</param>
/// <param name="inputs">The inputs' values; default where an optional one is left out.</param>
/// <param name="tensors">Reads tensors in attributes.</param>
internal sealed class OnnxNode(NodeProto proto, long opset, IReadOnlyList<ImportedValue?> inputs, OnnxTensors tensors)
{
    /// <summary>Operator.</summary>
    public string Op => proto.OpType;

    /// <summary>Version of the operator set.</summary>
    public long Opset => opset;

    /// <summary>Number of inputs, those left out included.</summary>
    public int InputCount => inputs.Count;

    /// <summary>Number of outputs.</summary>
    public int OutputCount => proto.Output.Count;

    /// <summary>Whether an input is there.</summary>
    public bool Has(int index) => index < inputs.Count && inputs[index] is not null;

    /// <summary>An input's name.</summary>
    public string NameOf(int index) => proto.Input[index];

    /// <summary>An input.</summary>
    /// <exception cref="InvalidDataException">It is left out.</exception>
    public ImportedValue Input(int index) => Has(index) ? inputs[index]!.Value
        : throw new InvalidDataException($"its input {index} is missing");

    /// <summary>All inputs.</summary>
    public IEnumerable<ImportedValue> Inputs => Enumerable.Range(0, inputs.Count).Select(Input);

    /// <summary>An input that depends on the image.</summary>
    /// <exception cref="InvalidDataException">It is a constant.</exception>
    public ImportedTensor Tensor(int index) => Input(index).Tensor
        ?? throw new InvalidDataException($"its input {index}, '{NameOf(index)}', is a constant, which is not supported");

    /// <summary>An input that is known before running.</summary>
    /// <exception cref="InvalidDataException">It depends on the image.</exception>
    public KnownArray Known(int index) => Input(index).Known
        ?? throw new InvalidDataException($"its input {index}, '{NameOf(index)}', depends on the image; expected a constant");

    /// <summary>An input's numbers, or an attribute's, or nothing: what moved between operator sets.</summary>
    public long[]? IntegersOf(int input, string attribute) => Has(input) ? Known(input).ToIntegers()
        : Find(attribute) is { } a ? [.. a.Ints] : null;

    /// <summary>Whether there is an attribute.</summary>
    public bool HasAttribute(string name) => Find(name) is not null;

    /// <summary>An integer attribute.</summary>
    public long Int(string name, long otherwise) => Find(name)?.I ?? otherwise;

    /// <summary>A float attribute.</summary>
    public float Float(string name, float otherwise) => Find(name)?.F ?? otherwise;

    /// <summary>A text attribute.</summary>
    public string Text(string name, string otherwise) => Find(name)?.S.ToStringUtf8() ?? otherwise;

    /// <summary>A list of integers; null where it is not given.</summary>
    public long[]? Ints(string name) => Find(name) is { } a ? [.. a.Ints] : null;

    /// <summary>A list of floats; null where it is not given.</summary>
    public float[]? Floats(string name) => Find(name) is { } a ? [.. a.Floats] : null;

    /// <summary>A list of texts; null where it is not given.</summary>
    public string[]? Texts(string name) => Find(name) is { } a ? [.. a.Strings.Select(s => s.ToStringUtf8())] : null;

    /// <summary>A tensor attribute; null where it is not given.</summary>
    public KnownArray? Array(string name) => Find(name)?.T is { } t ? tensors.Read(t) : null;

    /// <summary>An axis counted from the front.</summary>
    /// <exception cref="InvalidDataException">The tensor has no such axis.</exception>
    public static int Axis(long axis, int rank) => axis < -rank || axis >= rank
        ? throw new InvalidDataException($"the axis {axis} is not one of {rank}")
        : (int)(axis < 0 ? axis + rank : axis);

    private AttributeProto? Find(string name)
    {
        AttributeProto? found = null;
        foreach (AttributeProto a in proto.Attribute)
            if (a.Name == name)
                found = a;
        return found;
    }
}
