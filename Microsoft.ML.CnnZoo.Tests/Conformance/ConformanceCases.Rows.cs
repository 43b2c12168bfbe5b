using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class ConformanceCases
{
    private static void AddPooling()
    {
        foreach (int c in Widths)
            AddPool([2, 6, 7, c], new(2, 2, 2, 2, Padding.Valid));
        AddPool([2, 7, 7, 5], new(3, 3, 2, 2, Padding.Valid));
        AddPool([1, 8, 8, 20], new(3, 3, 2, 2, Padding.Same));
        AddPool([2, 6, 5, 9], new(3, 3, 1, 1, Padding.Same));
        AddPool([1, 9, 10, 3], new(3, 2, 2, 3, Padding.Same));
        AddPool([1, 4, 3, 70], new(4, 3, 1, 1, Padding.Valid));
        AddPool([2, 8, 8, 4], new(3, 3, 2, 2, Padding.Symmetric(1)));
        AddPool([1, 7, 8, 17], new(3, 3, 2, 2, Padding.Explicit(0, 1, 1, 2)));
    }

    private static void AddPool(int[] x, Pool2DAttributes attributes)
    {
        var shape = new TensorShape(x);
        TensorShape y = attributes.Geometry(shape).OutputShape;
        string geometry =
            $"x={shape} k={attributes.WindowHeight},{attributes.WindowWidth} " +
            $"s={attributes.StrideHeight},{attributes.StrideWidth} {attributes.Padding}";
        KeyValuePair<string, AttributeValue>[] list = [.. attributes.ToAttributes()];
        Add("MaxPool", geometry, [Fed(Values.Uniform(shape, -9, -1))], list, 0);
        Tensor tied = Values.Tied(shape);
        KernelRunOfNaive("MaxPool", tied, list, out Tensor maxima);
        Add("MaxPoolGrad", $"{geometry} with ties", [Fed(tied), Fed(maxima), Fed(Values.Uniform(y))], list, 1e-6);
        if (attributes.Padding.Kind == PaddingKind.Explicit)
            return;
        Add("AvgPool", geometry, [Fed(Values.Uniform(shape))], list, 1e-6);
        Add("AvgPoolGrad", geometry, [Ints(x), Fed(Values.Uniform(y))], list, 1e-6);
    }

    /// <summary>An op's naive result, as the input of another case.</summary>
    private static void KernelRunOfNaive(string op, Tensor x, KeyValuePair<string, AttributeValue>[] attributes,
        out Tensor result)
    {
        var builder = new GraphBuilder();
        NodeDef node = builder.AddNode(op, [builder.Placeholder("x", DataType.Float, x.Shape)], attributes);
        result = NaiveOps.Evaluate(node, [NaiveTensor.From(x)])[0].ToFloat();
    }

    private static void AddRows()
    {
        foreach (int classes in new[] { 1, 2, 7, 8, 9, 10, 16, 17, 1000 })
        {
            foreach (string op in new[] { "Softmax", "LogSoftmax" })
                Add(op, $"[5,{classes}]", [Fed(Values.Uniform(new(5, classes), -20, 20))], tolerance: 1e-6);
            Add("SparseSoftmaxCrossEntropyWithLogits", $"[5,{classes}]",
                [Fed(Values.Uniform(new(5, classes), -9, 9)), Fed(Values.Integers(new(5), classes))], tolerance: 1e-6);
            Add("SoftmaxCrossEntropyWithLogits", $"[5,{classes}]",
                [Fed(Values.Uniform(new(5, classes), -9, 9)), Fed(Distributions(5, classes))], tolerance: 2e-6);
            Add("BiasAddGrad", $"[3,4,5,{classes}]", [Fed(Values.Uniform(new(3, 4, 5, classes)))]);
            Add("ArgMax", $"[5,{classes}] axis 1", [Fed(Values.Tied(new(5, classes))), Int(1)], tolerance: 0);
        }
        foreach (string op in new[] { "Softmax", "LogSoftmax" })
            foreach (int[] shape in new int[][] { [7], [2, 3, 5], [2, 3, 4, 5], [1, 2, 3, 2, 17] })
                Add(op, $"{new TensorShape(shape)}", [Fed(Values.Uniform(new(shape), -9, 9))], tolerance: 1e-6);
        Add("Softmax", "[3,10] far from zero", [Fed(Values.Uniform(new(3, 10), 900, 1000))], tolerance: 1e-6);
        Add("BiasAddGrad", "[30000,3]", [Fed(Values.Uniform(new(30000, 3), 0, 1))], tolerance: 1e-6);
        Add("ArgMax", "[4,5,3] axis -2 Int32", [Fed(Values.Tied(new(4, 5, 3))), Int(-2)],
            [new("output_type", AttributeValue.Of(DataType.Int32))], 0);
        foreach (string op in new[] { "Sum", "Mean", "Max", "Min" })
        {
            (int[] Shape, int[] Axes)[] reductions =
            [
                ([7], [0]), ([30001], [0]), ([5, 17], [1]), ([5, 17], [0]), ([300, 200], [0]), ([300, 200], [-1]),
                ([2, 6, 5, 9], [1, 2]), ([2, 6, 5, 16], [0, 1, 2]), ([3, 4, 5], [0, 2]), ([3, 4, 5, 2], [1, 3]),
                ([4, 1, 3], [0, 2]), ([3, 4], []), ([2, 3], [0, 1]), ([2, 3, 1], [2]), ([24, 900, 3], [1]),
                ([2, 3, 4, 5], [1, 3]), ([2, 5, 6, 3, 9], [1, 2, 4]), ([2, 5, 6, 3, 9], [0, -2]), ([3, 1, 4, 5], [1, 3]),
                ([2, 3, 4, 5, 6], [0, 2, 4]), ([2, 3, 4, 5, 6], [1, 3]), ([2, 3, 4, 5, 6], [0, 1, 2, 3, 4]),
                ([40, 30, 7, 20], [1, 3]), ([1, 6, 5, 33], [1, 2]),
            ];
            foreach ((int[] shape, int[] axes) in reductions)
                foreach (bool keep in new[] { false, true })
                    Add(op, $"{new TensorShape(shape)} axes [{string.Join(',', axes)}]{(keep ? " keep_dims" : "")}",
                        [Fed(op is "Max" or "Min" ? Values.Distinct(new(shape)) : Values.Uniform(new(shape), 0, 1)),
                            Ints(axes)],
                        [new("keep_dims", AttributeValue.Of(keep))], 1e-6);
        }
        foreach (string op in new[] { "Max", "Min" })
            Add(op, "[3,4,5] axis 1 with ties", [Fed(Values.Tied(new(3, 4, 5))), Ints(1)], tolerance: 0);
        foreach (int n in new[] { 1, 7, 16, 33, 100003 })
            Add("L2Loss", $"[{n}]", [Fed(Values.Uniform(new(n)))], tolerance: 1e-6);
    }

    /// <summary>Rows of labels that sum to 1, which the op's gradient requires.</summary>
    private static Tensor Distributions(int rows, int classes)
    {
        Tensor labels = Values.Uniform(new(rows, classes), 0.1);
        for (int row = 0; row < rows; row++)
        {
            Span<float> values = labels.Values<float>().Slice(row * classes, classes);
            float sum = 0;
            foreach (float v in values)
                sum += v;
            foreach (ref float v in values)
                v /= sum;
        }
        return labels;
    }

    private static void AddNormalization()
    {
        foreach (int c in Widths)
        {
            AddBatchNorm([2, 5, 7, c], 0, 1);
            foreach (float beta in new[] { 0.75f, 0.5f, 1f, 0.6f })
                AddLrn([1, 2, 3, c], 2, beta);
        }
        foreach (int c in new[] { 3, 16, 37 })
            foreach (bool training in new[] { true, false })
                foreach (bool side in new[] { true, false })
                    foreach (string activation in new[] { "Relu", "Identity" })
                        AddFusedBatchNorm([2, 5, 7, c], training, side, activation);
        AddBatchNorm([1, 40, 60, 4], 300, 1);
        AddBatchNorm([4, 3, 3, 70], 1, 0.1f);
        AddLrn([2, 1, 3, 40], 5, 0.75f);
        AddLrn([1, 1, 2, 3], 7, 0.75f);
    }

    private static void AddBatchNorm(int[] x, double mean, float factor)
    {
        var shape = new TensorShape(x);
        var channel = new TensorShape(x[3]);
        foreach (bool training in new[] { true, false })
        {
            string geometry = $"{shape}{(training ? " training" : "")} mean {mean} factor {factor}";
            KeyValuePair<string, AttributeValue>[] attributes =
                [new("is_training", AttributeValue.Of(training)), new("epsilon", AttributeValue.Of(1e-3f))];
            Add("FusedBatchNormV3", geometry,
                [Fed(Values.Uniform(shape, mean - 1, mean + 1)), Fed(Values.Uniform(channel)),
                    Fed(Values.Uniform(channel)), Fed(Values.Uniform(channel)), Fed(Values.Uniform(channel, 0.5, 2))],
                [.. attributes, new("exponential_avg_factor", AttributeValue.Of(factor))], mean == 0 ? 1e-5 : 5e-5);
            Add("FusedBatchNormGradV3", geometry,
                [Fed(Values.Uniform(shape)), Fed(Values.Uniform(shape)), Fed(Values.Uniform(channel)),
                    Fed(Values.Uniform(channel)), Fed(Values.Uniform(channel, 0.5, 2)), Scalar(0)], attributes);
        }
    }

    private static void AddFusedBatchNorm(int[] x, bool training, bool side, string activation)
    {
        var shape = new TensorShape(x);
        var channel = new TensorShape(x[3]);
        string geometry = $"{shape}{(training ? " training" : "")}{(side ? " side" : "")} {activation}";
        KeyValuePair<string, AttributeValue>[] attributes =
        [
            new("is_training", AttributeValue.Of(training)), new("epsilon", AttributeValue.Of(1e-3f)),
            new("activation_mode", AttributeValue.Of(activation)),
            new("num_side_inputs", AttributeValue.Of(side ? 1L : 0L)),
        ];
        Tensor image = Values.Uniform(shape), scale = Values.Uniform(channel), offset = Values.Uniform(channel),
            mean = Values.Uniform(channel), variance = Values.Uniform(channel, 0.5, 2);
        Add("_FusedBatchNormEx", geometry, [Fed(image), Fed(scale), Fed(offset), Fed(mean), Fed(variance),
            .. side ? [Fed(Values.Uniform(shape))] : Array.Empty<KernelCaseInput>()],
            [.. attributes, new("exponential_avg_factor", AttributeValue.Of(0.1f))]);
        Tensor y = Values.Uniform(shape);
        if (!side) // then the kernel may compute y's sign from x
            for (int i = 0; i < image.Values<float>().Length; i++)
            {
                int c = i % x[3];
                y.Values<float>()[i] =
                    (float)(((image.Values<float>()[i] - mean.Values<float>()[c]) * scale.Values<float>()[c]
                    / Math.Sqrt(variance.Values<float>()[c] + 1e-3f)) + offset.Values<float>()[c]);
            }
        Add("_FusedBatchNormGradEx", geometry,
            [Fed(Values.Uniform(shape)), Fed(image), Fed(scale), Fed(mean), Fed(variance), Scalar(0), Fed(offset),
                Fed(y)], attributes);
    }

    private static void AddLrn(int[] x, int radius, float beta)
    {
        var shape = new TensorShape(x);
        KeyValuePair<string, AttributeValue>[] attributes =
            [new("depth_radius", AttributeValue.Of((long)radius)), new("alpha", AttributeValue.Of(0.01f)),
                new("beta", AttributeValue.Of(beta)), new("bias", AttributeValue.Of(2f))];
        Tensor image = Values.Uniform(shape, -9, 9);
        KernelRunOfNaive("LRN", image, attributes, out Tensor y);
        Add("LRN", $"{shape} r={radius} beta={beta}", [Fed(image)], attributes, 1e-6);
        Add("LRNGrad", $"{shape} r={radius} beta={beta}", [Fed(Values.Uniform(shape)), Fed(image), Fed(y)], attributes, 2e-6);
    }
}
