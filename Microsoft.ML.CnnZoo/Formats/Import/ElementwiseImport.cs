using Microsoft.ML.CnnZoo.Graph;

namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>Elementwise operations on tensors and known arrays, with the broadcasting that all frameworks share.</summary>
internal sealed class ElementwiseImport(TensorArranger arranger)
{
    /// <summary>An operation on one tensor: it keeps order and view.</summary>
    public static ImportedTensor Keep(ImportedTensor x, NodeOutput result) => x with { Tensor = result };

    /// <summary>An operation of two values, one at least a tensor.</summary>
    /// <param name="op">AddV2, Sub, Mul, RealDiv, Maximum, Minimum, Pow.</param>
    /// <param name="a">The first.</param>
    /// <param name="b">The second.</param>
    /// <param name="name">The known one's name in the file, for its constant.</param>
    public ImportedTensor Combine(string op, ImportedValue a, ImportedValue b, string? name = null)
    {
        if (a.Tensor is { } first && b.Tensor is { } second)
            return Combine(op, first, second);
        ImportedTensor tensor = (a.Tensor ?? b.Tensor)!;
        KnownArray known = (a.Known ?? b.Known)!;
        bool knownFirst = a.Known is not null;
        int[] shape = KnownArray.BroadcastShape(tensor.Shape, known.Shape);
        if (!shape.SequenceEqual(tensor.Shape))
        {
            tensor = arranger.Reshape(tensor, [.. Enumerable.Repeat(1, shape.Length - tensor.Rank), .. tensor.Shape]);
            if (!shape.SequenceEqual(tensor.Shape))
                throw new InvalidDataException(
                    $"a constant {KnownArray.Text(known.Shape)} would enlarge the tensor {KnownArray.Text(tensor.Shape)}");
        }
        if (known.IsUniform)
        {
            float value = (float)known.Number(0);
            if (op is "AddV2" or "Sub" && value == 0 && !knownFirst)
                return tensor;
            if (op is "Mul" or "RealDiv" && value == 1 && !(knownFirst && op == "RealDiv"))
                return tensor;
            NodeOutput scalar = arranger.Constant(TensorLiteral.Scalar(value), name);
            return Keep(tensor, knownFirst ? arranger.Add(op, [scalar, tensor.Tensor])
                : arranger.Add(op, [tensor.Tensor, scalar]));
        }
        KnownArray placed = Place(known, tensor);
        bool perChannel = placed.Shape.Length == 1 && tensor.Tensor.Shape.Rank >= 2;
        switch (op)
        {
            case "AddV2" when perChannel:
                return Keep(tensor, arranger.Add("BiasAdd", [tensor.Tensor, arranger.Constant(placed, name)]));
            case "Sub" when perChannel && !knownFirst:
                return Keep(tensor, arranger.Add("BiasAdd",
                    [tensor.Tensor, arranger.Constant(placed.Map(v => -v), name)]));
            case "RealDiv" when !knownFirst:
                return Keep(tensor, arranger.Add("Mul", [tensor.Tensor, arranger.Constant(placed.Map(v => 1 / v), name)]));
        }
        NodeOutput constant = arranger.Constant(placed, name);
        return Keep(tensor, knownFirst ? arranger.Add(op, [constant, tensor.Tensor])
            : arranger.Add(op, [tensor.Tensor, constant]));
    }

    /// <summary>
    /// A known array of the file's shape (or one that is broadcast to it) as a constant that fits the tensor's memory,
    /// without leading dimensions of 1.
    /// </summary>
    public static KnownArray Place(KnownArray known, ImportedTensor tensor)
    {
        KnownArray array = known.Reshape([.. Enumerable.Repeat(1, tensor.Rank - known.Shape.Length), .. known.Shape]);
        Factor[] order = [.. tensor.Dimensions.SelectMany(d => d)];
        int[] sizes = [.. tensor.Dimensions.SelectMany((d, i) => d.Select(f => array.Shape[i] == 1 ? 1 : f.Size))];
        Factor[] memory = [.. tensor.Memory.Where(f => f.Size != 1)];
        array = array.Reshape(sizes).Transpose([.. memory.Select(f => Array.IndexOf(order, f)),
            .. order.Select((f, i) => (f, i)).Where(p => p.f.Size == 1).Select(p => p.i)]);
        // Dimensions of the tensor are runs of factors; in each the constant varies wholly or not at all.
        List<int> full = [], runs = [];
        int at = 0;
        foreach (int dimension in tensor.Tensor.Shape.Dimensions)
        {
            int start = at, product = 1;
            while (ImportedTensor.ToGraph(product) != dimension && at < memory.Length)
                product = checked(product * memory[at++].Size);
            bool varies = Enumerable.Range(start, at - start).Any(i => array.Shape[i] != 1);
            for (int i = start; i < at; i++)
                full.Add(varies ? memory[i].Size : 1);
            runs.Add(varies ? product : 1);
        }
        array = array.Reshape([.. array.Shape.Take(memory.Length)]).BroadcastTo(full);
        return array.Reshape([.. runs.SkipWhile(r => r == 1)]);
    }

    private ImportedTensor Combine(string op, ImportedTensor a, ImportedTensor b)
    {
        int rank = Math.Max(a.Rank, b.Rank);
        _ = KnownArray.BroadcastShape(a.Shape, b.Shape); // refuses what does not fit
        a = WithRank(a, rank);
        b = WithRank(b, rank);
        if (!Corresponds(a, b))
            (a, b) = (arranger.InFileOrder(a), arranger.InFileOrder(b));
        // A dimension of 1 stands for as many factors as the other tensor's has.
        (a, b) = (Spread(a, b), Spread(b, a));
        bool aLeads = a.Memory.Aggregate(1L, (s, f) => s * f.Size) >= b.Memory.Aggregate(1L, (s, f) => s * f.Size);
        ImportedTensor leader = aLeads ? a : b, other = aLeads ? b : a;
        Dictionary<Factor, Factor> partner = leader.Dimensions.SelectMany(d => d)
            .Zip(other.Dimensions.SelectMany(d => d)).ToDictionary(p => p.First, p => p.Second);
        Factor[] memory = TensorArranger.InShapeOrder(leader);
        Factor[] result = [.. memory.Select(f => f.Size >= partner[f].Size ? f : partner[f])];
        NodeOutput x, y;
        if (leader.Shape.SequenceEqual(other.Shape)
            && other.Memory.Where(f => f.Size != 1).SequenceEqual(memory.Where(f => f.Size != 1).Select(f => partner[f])))
        {
            x = leader.Tensor;
            y = arranger.Reshape(other.Tensor, x.Shape.Dimensions.ToArray().Select(
                d => d == TensorShape.Unknown ? ImportedTensor.Batch : d));
        }
        else
        {
            x = arranger.Arrange(leader, memory.Select(f => new[] { f }));
            y = arranger.Arrange(other, memory.Select(f => new[] { partner[f] }));
        }
        NodeOutput value = arranger.Add(op, aLeads ? [x, y] : [y, x]);
        return new(value,
            [.. leader.Dimensions.Select(d => (IReadOnlyList<Factor>)[.. d.Select(f => result[Array.IndexOf(memory, f)])])],
            result);
    }

    private ImportedTensor WithRank(ImportedTensor tensor, int rank) => tensor.Rank == rank ? tensor
        : arranger.Reshape(tensor, [.. Enumerable.Repeat(1, rank - tensor.Rank), .. tensor.Shape]);

    private static bool Corresponds(ImportedTensor a, ImportedTensor b) => a.Dimensions.Zip(b.Dimensions).All(p =>
        p.First.Select(f => f.Size).SequenceEqual(p.Second.Select(f => f.Size))
        || ImportedTensor.SizeOf(p.First) == 1 || ImportedTensor.SizeOf(p.Second) == 1);

    private static ImportedTensor Spread(ImportedTensor tensor, ImportedTensor model)
    {
        List<Factor> memory = [.. tensor.Memory];
        List<IReadOnlyList<Factor>> dimensions = [];
        for (int i = 0; i < tensor.Rank; i++)
        {
            List<Factor> factors = [.. tensor.Dimensions[i]];
            while (factors.Count < model.Dimensions[i].Count)
            {
                var one = new Factor(1);
                factors.Add(one);
                memory.Add(one);
            }
            dimensions.Add(factors);
        }
        return tensor with { Dimensions = dimensions, Memory = memory };
    }
}
