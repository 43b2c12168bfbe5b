using Microsoft.ML.CnnZoo.Execution;
using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Tests.Conformance.RandomGeometries;

internal sealed partial class RandomCases
{
    private ConformanceCase Movement()
    {
        TensorShape shape = Chance(0.3) ? Image(1000).With(0, 2) : AnyShape(1000, leastRank: 1);
        int rank = shape.Rank;
        int[] dims = shape.Dimensions.ToArray();
        string op = Pick("Pad", "PadV2", "Slice", "StridedSlice", "StridedSliceGrad", "ConcatV2", "BroadcastTo", "Tile",
            "Transpose", "OneHot", "ReverseV2", "MirrorPad", "MirrorPadGrad");
        switch (op)
        {
            case "Pad" or "PadV2":
                int[] paddings = [.. Enumerable.Range(0, 2 * rank).Select(_ => Chance(0.4) ? _random.Next(4) : 0)];
                KernelCaseInput pads = new(Tensor.Of<int>(new(rank, 2), paddings), InputKind.Constant);
                return new(op, op, [Floats(shape), pads, .. op == "PadV2" ? [Floats(TensorShape.Scalar)]
                    : Array.Empty<KernelCaseInput>()], []);
            case "ReverseV2":
                return new(op, op, [Floats(shape), Ints([.. Enumerable.Range(0, rank).Where(_ => Chance(0.5))
                    .Select(d => Chance(0.5) ? d : d - rank)])], []);
            case "MirrorPad" or "MirrorPadGrad":
                return MirrorPad(op, shape);
            case "Slice":
                int[] begins = Array.ConvertAll(dims, d => _random.Next(d));
                return new(op, op, [Floats(shape), Ints(begins),
                    Ints([.. dims.Select((d, i) => Chance(0.2) ? -1 : _random.Next(1, d - begins[i] + 1))])], []);
            case "StridedSlice" or "StridedSliceGrad":
                return StridedSlice(op, shape);
            case "ConcatV2":
                int count = _random.Next(1, 5), axis = rank == 4 && Chance(0.5) ? 3 : _random.Next(rank);
                return new(op, op, [.. Enumerable.Range(0, count)
                    .Select(_ => Floats(shape.With(axis, Chance(0.5) ? dims[axis] : _random.Next(1, 40)))), Int(axis)],
                    [Attribute("N", AttributeValue.Of((long)count))]);
            case "BroadcastTo":
                return new(op, op, [Floats(Part(shape)), Ints(dims)], []);
            case "Tile":
                return new(op, op, [Floats(shape), Ints(Array.ConvertAll(dims, _ => _random.Next(1, 4)))], []);
            case "Transpose":
                int[] order = [.. Enumerable.Range(0, rank)];
                _random.Shuffle(order);
                return new(op, op, [Floats(shape), Ints(order)], []);
            default:
                int depth = _random.Next(1, 20);
                return new(op, op, [Integers(shape, depth + 2), Int(depth), Floats(TensorShape.Scalar),
                    Floats(TensorShape.Scalar)], [Attribute("axis", AttributeValue.Of((long)_random.Next(-1, rank)))]);
        }
    }

    private ConformanceCase MirrorPad(string op, TensorShape shape)
    {
        string mode = Pick("REFLECT", "SYMMETRIC");
        int border = mode == "REFLECT" ? 1 : 0;
        int[] paddings = [.. shape.Dimensions.ToArray().SelectMany(d => new[] { d, d })
            .Select(d => Chance(0.4) ? _random.Next(Math.Min(4, d - border + 1)) : 0)];
        int[] padded = [.. Enumerable.Range(0, shape.Rank).Select(d =>
            shape[d] + paddings[2 * d] + paddings[(2 * d) + 1])];
        return new(op, op, [Floats(op == "MirrorPad" ? shape : new(padded)),
            new(Tensor.Of<int>(new(shape.Rank, 2), paddings), InputKind.Constant)],
            [Attribute("mode", AttributeValue.Of(mode))]);
    }

    private ConformanceCase StridedSlice(string op, TensorShape shape)
    {
        int items = _random.Next(1, shape.Rank + 1);
        int[] begin = new int[items], end = new int[items], strides = new int[items];
        long beginMask = Chance(0.5) ? _random.Next(16) : 0, endMask = Chance(0.5) ? _random.Next(16) : 0,
            shrinkMask = Chance(0.3) ? _random.Next(16) : 0;
        for (int d = 0; d < items; d++)
        {
            strides[d] = (shrinkMask >> d & 1) != 0 ? 1 : Pick(1, 1, 2, 3, -1, -2);
            int a = _random.Next(shape[d]), b = _random.Next(shape[d]);
            (begin[d], end[d]) = (shrinkMask >> d & 1) != 0 ? (a, a + 1)
                : strides[d] > 0 ? (Math.Min(a, b), Math.Max(a, b) + 1) : (Math.Max(a, b), Math.Min(a, b) - 1);
            if (end[d] < 0)
                endMask |= 1L << d;
        }
        beginMask &= ~shrinkMask;
        KeyValuePair<string, AttributeValue>[] masks =
            [Attribute("begin_mask", AttributeValue.Of(beginMask)), Attribute("end_mask", AttributeValue.Of(endMask)),
            Attribute("shrink_axis_mask", AttributeValue.Of(shrinkMask))];
        ConformanceCase slice = new("StridedSlice", "StridedSlice",
            [Floats(shape), Ints(begin), Ints(end), Ints(strides)], masks);
        return op == "StridedSlice" ? slice : new(op, op, [Ints(shape.Dimensions), .. slice.Inputs[1..],
            Floats(OperandRun.Build(slice, OperandTypes.Float32).Outputs[0].Shape)], masks);
    }

    private ConformanceCase Optimizer()
    {
        TensorShape shape = AnyShape(Chance(0.05) ? 60_000 : 2000);
        KernelCaseInput gradient = Floats(shape);
        KernelCaseInput Handle(float low = -1) => Floats(shape, low) with { Kind = InputKind.Handle };
        KernelCaseInput Scalar(float value) => new(Tensor.Of<float>(TensorShape.Scalar, value));
        KeyValuePair<string, AttributeValue>[] nesterov = [Attribute("use_nesterov", AttributeValue.Of(Chance(0.5)))];
        float rate = Pick(0.3f, 0.01f);
        string op = Pick("AssignVariableOp", "AssignAddVariableOp", "ResourceApplyGradientDescent",
            "ResourceApplyMomentum", "ResourceApplyKerasMomentum", "ResourceApplyAdam", "ResourceApplyRMSProp");
        return op switch
        {
            "ResourceApplyGradientDescent" => new(op, op, [Handle(), Scalar(rate), gradient], []),
            "ResourceApplyMomentum" or "ResourceApplyKerasMomentum" =>
                new(op, op, [Handle(), Handle(), Scalar(rate), gradient, Scalar(0.9f)], nesterov),
            "ResourceApplyAdam" => new(op, op, [Handle(), Handle(), Handle(0.1f), Scalar(0.9f), Scalar(0.999f),
                Scalar(rate), Scalar(0.9f), Scalar(0.999f), Scalar(0.01f), gradient], nesterov),
            "ResourceApplyRMSProp" => new(op, op, [Handle(), Handle(0.1f), Handle(), Scalar(rate), Scalar(0.9f),
                Scalar(0.8f), Scalar(0.01f), gradient], []),
            _ => new(op, op, [Handle(), gradient], []),
        };
    }
}
