using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance;

internal static partial class ConformanceCases
{
    private static void AddLayout()
    {
        KernelCaseInput paddings = new(Tensor.Of<int>(new(4, 2), 0, 0, 1, 2, 3, 0, 0, 5), InputKind.Constant);
        Add("Pad", "[2,3,4,5]", [Fed(Values.Uniform(new(2, 3, 4, 5))), paddings], tolerance: 0);
        Add("PadV2", "[2,3,4,5] with -7", [Fed(Values.Uniform(new(2, 3, 4, 5))), paddings, Scalar(-7)], tolerance: 0);
        Add("Slice", "[4,5,6]", [Fed(Values.Uniform(new(4, 5, 6))), Ints(1, 0, 2), Ints(2, 5, 3)], tolerance: 0);
        foreach (int axis in new[] { 0, 1, -1 })
            Add("ConcatV2", $"axis {axis}", [.. Enumerable.Range(1, 3).Select(i =>
            {
                int[] dims = [2, 3, 4];
                dims[axis < 0 ? 3 + axis : axis] = i == 2 ? 9 : i;
                return Fed(Values.Uniform(new(dims)));
            }), Int(axis)], [new("N", AttributeValue.Of(3L))], 0);
        foreach ((int[] from, int[] to) in new[] { (new[] { 1, 3, 1 }, new[] { 4, 3, 5 }), ([5], [2, 3, 5]),
            ([2, 1], [2, 17]), ([], [3, 3]), ([2, 1, 1, 8], [2, 3, 4, 8]) })
            Add("BroadcastTo", $"{new TensorShape(from)} to {new TensorShape(to)}",
                [Fed(Values.Uniform(new(from))), Ints(to)], tolerance: 0);
        Add("Tile", "[2,3] by 3,2", [Fed(Values.Uniform(new(2, 3))), Ints(3, 2)], tolerance: 0);
        Add("Tile", "[2,1,3] by 1,4,1", [Fed(Values.Uniform(new(2, 1, 3))), Ints(1, 4, 1)], tolerance: 0);
        foreach (int[] order in new int[][] { [0, 1, 2, 3], [0, 3, 1, 2], [0, 2, 3, 1], [3, 2, 1, 0], [1, 0, 2, 3] })
            Add("Transpose", $"[2,3,4,5] by {string.Join(',', order)}", [Fed(Values.Uniform(new(2, 3, 4, 5))), Ints(order)], tolerance: 0);
        foreach (int[] order in new int[][] { [0, 1, 2, 4, 3], [4, 3, 2, 1, 0], [0, 4, 1, 2, 3], [2, 0, 4, 1, 3] })
            Add("Transpose", $"[2,3,4,5,6] by {string.Join(',', order)}",
                [Fed(Values.Uniform(new(2, 3, 4, 5, 6))), Ints(order)], tolerance: 0);
        foreach (int[] shape in new int[][] { [2, 70, 9, 130], [1, 130, 131], [3, 66, 3, 8] })
        {
            int[] order = [.. Enumerable.Range(0, shape.Length - 2), shape.Length - 1, shape.Length - 2];
            Add("Transpose", $"{new TensorShape(shape)} by {string.Join(',', order)}",
                [Fed(Values.Uniform(new(shape))), Ints(order)], tolerance: 0);
        }
        foreach (int[] axes in new int[][] { [-1], [0], [1, 2], [3, 0], [0, 1, 2, 3], [] })
            Add("ReverseV2", $"[2,3,4,5] axes {string.Join(',', axes)}",
                [Fed(Values.Uniform(new(2, 3, 4, 5))), Ints(axes)], tolerance: 0);
        AddMirrorPads();
        AddStridedSlices();
        foreach (long axis in new[] { -1L, 0L, 1L })
            Add("OneHot", $"axis {axis}", [Fed(Values.Integers(new(3, 4), 9)), Int(7), Scalar(2), Scalar(-1)],
                [new("axis", AttributeValue.Of(axis))], 0);
    }

    private static void AddMirrorPads()
    {
        (int[] Shape, int[] Paddings)[] cases =
        [
            ([7], [3, 2]), ([2, 4, 5, 9], [0, 0, 1, 2, 3, 0, 0, 0]), ([4, 5, 3], [3, 1, 0, 4, 2, 2]),
            ([1, 30, 40, 16], [0, 0, 3, 3, 3, 3, 0, 0]), ([2, 3], [0, 0, 0, 0]),
        ];
        foreach ((int[] shape, int[] paddings) in cases)
            foreach (string mode in new[] { "REFLECT", "SYMMETRIC" })
            {
                KernelCaseInput pads = new(Tensor.Of<int>(new(shape.Length, 2), paddings), InputKind.Constant);
                KeyValuePair<string, AttributeValue>[] attributes = [new("mode", AttributeValue.Of(mode))];
                string geometry = $"{new TensorShape(shape)} by {string.Join(',', paddings)} {mode}";
                int[] padded = [.. shape.Select((length, d) => length + paddings[2 * d] + paddings[(2 * d) + 1])];
                Add("MirrorPad", geometry, [Fed(Values.Uniform(new(shape))), pads], attributes, 0);
                Add("MirrorPadGrad", geometry, [Fed(Values.Uniform(new(padded))), pads], attributes, 1e-6);
            }
    }

    private static void AddStridedSlices()
    {
        (int[] Begin, int[] End, int[] Strides, long BeginMask, long EndMask, long Shrink, int[] Result)[] slices =
        [
            ([1, 0, 2], [3, 5, 6], [1, 2, 3], 0, 0, 0, [2, 3, 2]),
            ([0, 0, 0], [0, 0, 0], [2, 1, -1], 7, 7, 0, [2, 5, 6]),
            ([2, -1, 1], [3, 0, 4], [1, -2, 1], 0, 0, 1, [2, 3]),
            ([1], [3], [1], 0, 0, 0, [2, 5, 6]), ([-3, -1, -4], [-1, -4, -1], [1, -1, 2], 0, 0, 0, [2, 3, 2]),
            ([-1, 0, -2], [0, 5, -6], [-2, 2, -3], 2, 3, 0, [2, 3, 2]),
        ];
        foreach ((int[] begin, int[] end, int[] strides, long beginMask, long endMask, long shrink,
            int[] result) in slices)
        {
            KeyValuePair<string, AttributeValue>[] masks =
                [new("begin_mask", AttributeValue.Of(beginMask)), new("end_mask", AttributeValue.Of(endMask)),
                    new("shrink_axis_mask", AttributeValue.Of(shrink))];
            string name = $"[4,5,6] from {string.Join(',', begin)} step {string.Join(',', strides)}";
            Add("StridedSlice", name, [Fed(Values.Uniform(new(4, 5, 6))), Ints(begin), Ints(end), Ints(strides)], masks, 0);
            Add("StridedSliceGrad", name,
                [Ints(4, 5, 6), Ints(begin), Ints(end), Ints(strides), Fed(Values.Uniform(new(result)))], masks, 0);
        }
    }

    private static void AddUpdates()
    {
        foreach (int n in new[] { 1, 7, 8, 9, 17, 20001 })
        {
            var shape = new TensorShape(n);
            Add("AssignVariableOp", $"[{n}]", [Handle(shape), Fed(Values.Uniform(shape))], tolerance: 0);
            Add("AssignAddVariableOp", $"[{n}]", [Handle(shape), Fed(Values.Uniform(shape))], tolerance: 1e-6);
            Add("ResourceApplyGradientDescent", $"[{n}]", [Handle(shape), Scalar(0.3f), Fed(Values.Uniform(shape))], tolerance: 1e-6);
            foreach (bool nesterov in new[] { false, true })
            {
                KeyValuePair<string, AttributeValue>[] attributes = [new("use_nesterov", AttributeValue.Of(nesterov))];
                string name = $"[{n}]{(nesterov ? " Nesterov" : "")}";
                foreach (string op in new[] { "ResourceApplyMomentum", "ResourceApplyKerasMomentum" })
                    Add(op, name, [Handle(shape), Handle(shape), Scalar(0.3f), Fed(Values.Uniform(shape)), Scalar(0.9f)], attributes, 1e-6);
                Add("ResourceApplyAdam", name,
                    [Handle(shape), Handle(shape), Handle(shape, 0.1), Scalar(0.9f), Scalar(0.999f), Scalar(0.1f),
                    Scalar(0.9f), Scalar(0.999f), Scalar(0.01f), Fed(Values.Uniform(shape))],
                    attributes, 5e-6);
            }
            Add("ResourceApplyRMSProp", $"[{n}]",
                [Handle(shape), Handle(shape, 0.1), Handle(shape), Scalar(0.1f), Scalar(0.9f), Scalar(0.8f),
                Scalar(0.01f), Fed(Values.Uniform(shape))], tolerance: 1e-5);
        }
    }

    private static KernelCaseInput Handle(TensorShape shape, double low = -1) =>
        new(Values.Uniform(shape, low), InputKind.Handle);
}
