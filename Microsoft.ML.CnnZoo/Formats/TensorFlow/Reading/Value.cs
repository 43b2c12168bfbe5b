using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>What an output of a node in the file is while the file is read.</summary>
internal abstract class Value
{
    /// <summary>On a branch that inference does not take.</summary>
    public static Value Dead { get; } = new MarkerValue();

    /// <summary>Depends on something unsupported, which is reported elsewhere.</summary>
    public static Value Unreadable { get; } = new MarkerValue();

    /// <summary>Text, or something else that no number of the network depends on.</summary>
    public static Value Opaque { get; } = new MarkerValue();
}

/// <summary>A value of which only the kind matters.</summary>
internal sealed class MarkerValue : Value;

/// <summary>A tensor of our graph: it depends on the image.</summary>
internal sealed class TensorValue(NodeOutput tensor) : Value
{
    public NodeOutput Tensor { get; } = tensor;
}

/// <summary>A handle of a variable.</summary>
/// <param name="name">The variable's node.</param>
internal sealed class VariableValue(string name) : Value
{
    public string Name { get; } = name;
}

/// <summary>Random numbers, uniform in [low, high): dropout's masks are constant where that decides them.</summary>
internal sealed class RandomValue(double low, double high) : Value
{
    public double Low { get; } = low;
    public double High { get; } = high;
}

/// <summary>
/// The image before the network: bytes, a picture file or pixels, and what decoding, casting and resizing make of them.
/// It becomes the graph's input where the first other op reads it.
/// </summary>
/// <param name="tensor">Its name in the file: <c>node:port</c>.</param>
/// <param name="dimensions">Its dimensions, -1 where unknown; null for an unknown rank.</param>
/// <param name="channelsFirst">Whether the file's tensor is [N,C,H,W], and was transposed to the dimensions.</param>
internal sealed class ImageValue(string tensor, int[]? dimensions, bool channelsFirst = false) : Value
{
    public string Tensor { get; } = tensor;
    public int[]? Dimensions { get; } = dimensions;
    public bool ChannelsFirst { get; } = channelsFirst;
}

/// <summary>
/// An image cut into interleaved blocks by <c>SpaceToBatchND</c>, and perhaps convolved: joined again it is a dilated
/// convolution.
/// </summary>
internal sealed class BlocksValue(NodeOutput image, int[] block, int[] paddings) : Value
{
    public NodeOutput Image { get; } = image;
    public int[] Block { get; } = block;
    /// <summary>Top, bottom, left, right.</summary>
    public int[] Paddings { get; } = paddings;
    /// <summary>The convolution's op, once there is one.</summary>
    public string? Convolution { get; init; }
    /// <summary>Its filter.</summary>
    public ConstantValue? Filter { get; init; }
}
