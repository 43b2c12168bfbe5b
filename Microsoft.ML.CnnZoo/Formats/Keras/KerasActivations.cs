using System.Text.Json;
using Microsoft.ML.CnnZoo.Formats.Import;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Keras;

/// <summary>Keras's activation functions.</summary>
/// <param name="arranger">The graph.</param>
/// <param name="isKeras3">Whether Keras 3 wrote the file: its hard_sigmoid is another.</param>
internal sealed class KerasActivations(TensorArranger arranger, bool isKeras3)
{
    private static readonly Dictionary<string, Func<KerasActivations, NodeOutput, NodeOutput>> Functions =
        new(StringComparer.Ordinal)
        {
            ["linear"] = (_, x) => x,
            ["relu"] = (a, x) => a.Apply("Relu", x), ["relu6"] = (a, x) => a.Apply("Relu6", x),
            ["sigmoid"] = (a, x) => a.Apply("Sigmoid", x), ["tanh"] = (a, x) => a.Apply("Tanh", x),
            ["softmax"] = (a, x) => a.Apply("Softmax", x), ["log_softmax"] = (a, x) => a.Apply("LogSoftmax", x),
            ["elu"] = (a, x) => a.Apply("Elu", x), ["celu"] = (a, x) => a.Apply("Elu", x),
            ["selu"] = (a, x) => a.Apply("Selu", x), ["exponential"] = (a, x) => a.Apply("Exp", x),
            ["softplus"] = (a, x) => a.Apply("Softplus", x), ["softsign"] = (a, x) => a.Apply("Softsign", x),
            ["swish"] = (a, x) => a.Apply("Mul", x, a.Apply("Sigmoid", x)),
            ["silu"] = (a, x) => a.Apply("Mul", x, a.Apply("Sigmoid", x)),
            ["mish"] = (a, x) => a.Apply("Mul", x, a.Apply("Tanh", a.Apply("Softplus", x))),
            ["gelu"] = (a, x) => a.Combine("Mul", a.Apply("Mul", x,
                a.Combine("AddV2", a.Apply("Erf", a.Combine("Mul", x, 0.70710678f)), 1)), 0.5f),
            ["hard_sigmoid"] = (a, x) => a.HardSigmoid(x),
            ["hard_swish"] = (a, x) => a.Apply("Mul", x, a.SixthOfRelu6(x)),
            ["hard_silu"] = (a, x) => a.Apply("Mul", x, a.SixthOfRelu6(x)),
            ["hard_tanh"] = (a, x) => a.Combine("Minimum", a.Combine("Maximum", x, -1), 1),
            ["leaky_relu"] = (a, x) => a.LeakyRelu(x, 0.2f),
            ["tanh_shrink"] = (a, x) => a.Apply("Sub", x, a.Apply("Tanh", x)),
            ["log_sigmoid"] = (a, x) => a.Apply("Neg", a.Apply("Softplus", a.Apply("Neg", x))),
        };

    private static readonly HashSet<string> Layers =
        ["ReLU", "LeakyReLU", "ELU", "Softmax", "ThresholdedReLU", "Activation"];

    private readonly ElementwiseImport _elementwise = new(arranger);

    /// <summary>Whether a function of that name is known.</summary>
    public static bool Knows(string name) => Functions.ContainsKey(name);

    /// <summary>
    /// Name of a layer's function, or the layer that is given instead of one; null name: none. What is not supported
    /// comes as its name, too.
    /// </summary>
    public static (string Name, KerasConfig? Layer) Of(KerasConfig config)
    {
        if (config.Find("activation") is not { } value)
            return ("linear", null);
        if (value.ValueKind == JsonValueKind.String)
            return (value.GetString()!, null);
        var given = new KerasConfig(value);
        string name = given.Text("class_name") ?? throw new InvalidDataException("its activation has no name");
        JsonElement? inner = given.Find("config");
        if (inner is { ValueKind: JsonValueKind.String } function)
            return (function.GetString()!, null);
        return (name, new KerasConfig(inner ?? default));
    }

    /// <summary>What is wrong with a layer's activation, or null.</summary>
    public static string? Problem(KerasConfig config)
    {
        (string name, KerasConfig? layer) = Of(config);
        return (layer is null ? Knows(name) : Layers.Contains(name) || Knows(name)) ? null : $"the activation '{name}'";
    }

    /// <summary>The function that a configuration names.</summary>
    public NodeOutput Activate(NodeOutput x, KerasConfig config)
    {
        (string name, KerasConfig? layer) = Of(config);
        return layer is { } inner && Layers.Contains(name) ? ActivateByLayer(x, name, inner)
            : Functions.TryGetValue(name, out Func<KerasActivations, NodeOutput, NodeOutput>? function)
                ? function(this, x)
            : throw new InvalidDataException($"its activation '{name}' is not supported");
    }

    /// <summary>A function by its name.</summary>
    public NodeOutput Activate(NodeOutput x, string name) => Functions[name](this, x);

    /// <summary>A layer that is an activation without weights.</summary>
    public NodeOutput ActivateByLayer(NodeOutput x, string className, KerasConfig config) => className switch
    {
        "Activation" => Activate(x, config),
        "Softmax" => Activate(x, "softmax"),
        "LeakyReLU" => LeakyRelu(x, config.Number("negative_slope") ?? config.Number("alpha") ?? 0.3f),
        "ELU" => Elu(x, config.Number("alpha") ?? 1),
        "ThresholdedReLU" => Threshold(x, config.Number("theta") ?? 1, 0),
        _ => Relu(x, config.Number("max_value"), config.Number("negative_slope") ?? 0, config.Number("threshold") ?? 0),
    };

    /// <summary>Adds a node.</summary>
    public NodeOutput Apply(string op, params ReadOnlySpan<NodeOutput> inputs) => arranger.Add(op, inputs);

    /// <summary>An operation with a number.</summary>
    public NodeOutput Combine(string op, NodeOutput x, float number) =>
        Combine(op, x, KnownArray.Of([], [number]));

    /// <summary>An operation with numbers that are broadcast to the tensor's shape.</summary>
    /// <param name="op">AddV2, Sub, Mul, RealDiv, Maximum, Minimum.</param>
    /// <param name="x">The tensor.</param>
    /// <param name="numbers">The numbers.</param>
    /// <param name="numbersFirst">Whether they are the first operand.</param>
    public NodeOutput Combine(string op, NodeOutput x, KnownArray numbers, bool numbersFirst = false)
    {
        ImportedTensor tensor = ImportedTensor.Of(x, x.Shape.Dimensions.ToArray()
            .Select(d => d == TensorShape.Unknown ? ImportedTensor.Batch : d));
        return (numbersFirst ? _elementwise.Combine(op, numbers, tensor)
            : _elementwise.Combine(op, tensor, numbers)).Tensor;
    }

    private NodeOutput LeakyRelu(NodeOutput x, float slope) => arranger.Add("LeakyRelu", [x],
        new KeyValuePair<string, AttributeValue>("alpha", AttributeValue.Of(slope)));

    /// <summary>max(x, 0) + alpha · elu(min(x, 0)).</summary>
    private NodeOutput Elu(NodeOutput x, float alpha) => alpha == 1 ? Apply("Elu", x)
        : Apply("AddV2", Apply("Relu", x), Combine("Mul", Apply("Elu", Combine("Minimum", x, 0)), alpha));

    private NodeOutput Relu(NodeOutput x, float? most, float slope, float threshold)
    {
        NodeOutput y;
        if (threshold != 0)
            y = Threshold(x, threshold, slope);
        else if (slope != 0)
            y = LeakyRelu(x, slope);
        else if (most == 6)
            return Apply("Relu6", x);
        else
            y = Apply("Relu", x);
        return most is { } limit ? Combine("Minimum", y, limit) : y;
    }

    /// <summary>x from a threshold on, below it slope · (x − threshold).</summary>
    private NodeOutput Threshold(NodeOutput x, float threshold, float slope)
    {
        NodeOutput below = slope == 0 ? arranger.Scalar(0) : Combine("Mul", Combine("Sub", x, threshold), slope);
        return Apply("SelectV2", Apply("GreaterEqual", x, arranger.Scalar(threshold)), x, below);
    }

    /// <summary>Keras 2: 0.2 x + 0.5, Keras 3: x / 6 + 0.5, between 0 and 1.</summary>
    private NodeOutput HardSigmoid(NodeOutput x) => isKeras3 ? SixthOfRelu6(x)
        : Combine("Minimum", Apply("Relu", Combine("AddV2", Combine("Mul", x, 0.2f), 0.5f)), 1);

    private NodeOutput SixthOfRelu6(NodeOutput x) =>
        Combine("Mul", Apply("Relu6", Combine("AddV2", x, 3)), 1f / 6);
}
