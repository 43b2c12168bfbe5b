using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.TensorFlow.Reading;

/// <summary>Sums, means and extremes over axes.</summary>
internal static class ReductionRules
{
    private static readonly string[] Ops = ["Mean", "Sum", "Max", "Min", "Prod", "All", "Any"];

    public static Dictionary<string, LoweringRule> Rules { get; } =
        Ops.ToDictionary(op => op, _ => (LoweringRule)(c => [Reduce(c)]), StringComparer.Ordinal);

    private static Value Reduce(NodeContext c)
    {
        bool keep = c.Flag("keep_dims");
        if (c.Input(0) is ConstantValue constant)
        {
            var reduced = new bool[constant.Shape.Rank];
            foreach (int axis in c.Sizes(1))
                reduced[NodeContext.Axis(axis, reduced.Length)] = true;
            return ConstantMath.Reduce(c.Op, constant, reduced, keep);
        }
        NodeOutput x = c.Tensor(0);
        int[] axes = [.. c.Sizes(1).Select(a => NodeContext.Axis(a, x.Shape.Rank)).Order()];
        return axes.Length == 0 ? new TensorValue(x)
            : c.Emit(c.Op, [x, c.Ints("axes", axes)], new KeyValuePair<string, AttributeValue>("keep_dims",
                AttributeValue.Of(keep)));
    }
}
