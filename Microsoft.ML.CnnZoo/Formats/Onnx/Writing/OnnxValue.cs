using System.Collections.Immutable;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Onnx;

/// <summary>A tensor of ours in an ONNX graph.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Shape">Its shape as ours: NHWC for images.</param>
/// <param name="Order">The order of our dimensions there.</param>
internal sealed record OnnxValue(string Name, TensorShape Shape, ImmutableArray<int> Order)
{
    /// <summary>
    /// Of a flattened image [N,H·W·C], the image's [H,W,C] where the features stand in the order C, H, W; else null.
    /// </summary>
    public TensorShape? Flattened { get; init; }

    /// <summary>How many times the batch its unknown dimension is: more than 1 where pixels were merged with it.</summary>
    public long Rows { get; init; } = 1;

    /// <summary>Its dimensions in ONNX.</summary>
    public int[] Dimensions => AxisOrder.Arrange(Shape, Order);

    /// <summary>The place there of a dimension of ours.</summary>
    public int Axis(int ours) => Order.IndexOf(ours);
}
