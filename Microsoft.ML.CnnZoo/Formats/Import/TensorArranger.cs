using Microsoft.ML.CnnZoo.Graph;
using Microsoft.ML.CnnZoo.Graph.Ops;

namespace Microsoft.ML.CnnZoo.Formats.Import;

/// <summary>Adds nodes to a graph, and brings tensors to the shape and order of elements that they need.</summary>
internal sealed class TensorArranger
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>The graph.</summary>
    public GraphBuilder Graph { get; } = new();

    /// <summary>Name of the file's node that is being read: what is added is named after it.</summary>
    public string Scope { get; set; } = "";

    /// <summary>Adds a node.</summary>
    public NodeOutput Add(string op, ReadOnlySpan<NodeOutput> inputs,
        params IEnumerable<KeyValuePair<string, AttributeValue>> attributes) =>
        Graph.Add(OpCatalog.Get(op), UniqueName($"{Scope}/{op}"), inputs.ToArray(), attributes, []).Output();

    /// <summary>Adds a constant.</summary>
    /// <param name="value">The value.</param>
    /// <param name="name">Its name in the file; null: named after the node that needs it.</param>
    public NodeOutput Constant(TensorLiteral value, string? name = null) =>
        Graph.Add(OpCatalog.Get("Const"), UniqueName(name ?? $"{Scope}/Const"), [],
            [new("value", AttributeValue.Of(value)), new("dtype", AttributeValue.Of(value.Spec.Type))], []).Output();

    /// <summary>Adds a constant of floats.</summary>
    public NodeOutput Constant(KnownArray value, string? name = null) =>
        Constant(TensorLiteral.Of<float>(new TensorShape(value.Shape), value.ToFloats()), name);

    /// <summary>Adds a scalar.</summary>
    public NodeOutput Scalar(float value) => Constant(TensorLiteral.Scalar(value));

    /// <summary>Adds a vector of integers: axes, shapes.</summary>
    public NodeOutput Integers(params ReadOnlySpan<int> values) => Constant(TensorLiteral.Vector(values));

    /// <summary>Another shape of the same memory; the tensor itself if it has it.</summary>
    public NodeOutput Reshape(NodeOutput tensor, IEnumerable<int> shape)
    {
        int[] dimensions = [.. shape.Select(s => ImportedTensor.ToGraph(s))];
        return tensor.Shape.Dimensions.SequenceEqual(dimensions) ? tensor
            : Add("Reshape", [tensor, Integers(dimensions)]);
    }

    /// <summary>
    /// The tensor with its factors in a given order, each group one dimension. Nodes are added only where memory or
    /// shape differ.
    /// </summary>
    public NodeOutput Arrange(ImportedTensor tensor, params IEnumerable<IReadOnlyList<Factor>> groups)
    {
        IReadOnlyList<Factor>[] wanted = [.. groups];
        Factor[] order = [.. wanted.SelectMany(g => g).Where(f => f.Size != 1)];
        Factor[] memory = [.. tensor.Memory.Where(f => f.Size != 1)];
        NodeOutput result = tensor.Tensor;
        if (!order.SequenceEqual(memory))
        {
            // Factors that stay neighbors move as one dimension.
            List<List<Factor>> runs = [];
            foreach (Factor factor in order)
            {
                int at = Array.IndexOf(memory, factor);
                if (runs.Count > 0 && at > 0 && runs[^1][^1] == memory[at - 1])
                    runs[^1].Add(factor);
                else
                    runs.Add([factor]);
            }
            List<Factor>[] inMemory = [.. runs.OrderBy(r => Array.IndexOf(memory, r[0]))];
            result = Reshape(result, inMemory.Select(r => ImportedTensor.SizeOf(r)));
            result = Add("Transpose", [result, Integers([.. runs.Select(r => Array.IndexOf(inMemory, r))])]);
        }
        return Reshape(result, wanted.Select(ImportedTensor.SizeOf));
    }

    /// <summary>
    /// All factors of a tensor in the order of memory, those of size 1 where the tensor's own shape has its dimensions
    /// of 1.
    /// </summary>
    public static Factor[] InShapeOrder(ImportedTensor tensor)
    {
        var ones = new Queue<Factor>(tensor.Memory.Where(f => f.Size == 1));
        var others = new Queue<Factor>(tensor.Memory.Where(f => f.Size != 1));
        List<Factor> order = [];
        foreach (int dimension in tensor.Tensor.Shape.Dimensions)
            if (dimension == 1 && ones.Count > 0)
                order.Add(ones.Dequeue());
            else if (others.Count > 0 && dimension != 1)
                order.Add(others.Dequeue());
        return [.. order, .. others, .. ones];
    }

    /// <summary>The tensor as an image [N,H,W,C]; the file sees N, C, H, W.</summary>
    public NodeOutput Image(ImportedTensor tensor) => Arrange(tensor, tensor.Dimensions[0], tensor.Dimensions[2],
        tensor.Dimensions[3], tensor.Dimensions[1]);

    /// <summary>The tensor with one factor per dimension, memory in the file's order.</summary>
    public ImportedTensor InFileOrder(ImportedTensor tensor) =>
        ImportedTensor.Of(Arrange(tensor, tensor.Dimensions), tensor.Shape);

    /// <summary>
    /// The tensor with one dimension of the graph for each of the file's, in the order of memory where that can be, and
    /// that order.
    /// </summary>
    public (NodeOutput Tensor, int[] Order) ByDimension(ImportedTensor tensor)
    {
        Factor[] memory = InShapeOrder(tensor);
        int[] order = [.. Enumerable.Range(0, tensor.Rank)
            .OrderBy(i => Array.IndexOf(memory, tensor.Dimensions[i][0]))];
        return (Arrange(tensor, order.Select(i => tensor.Dimensions[i])), order);
    }

    /// <summary>The same elements, row-major in the file's order, seen with another shape.</summary>
    public ImportedTensor Reshape(ImportedTensor tensor, IReadOnlyList<int> shape)
    {
        if (TryRegroup(tensor, shape) is { } view)
            return view;
        ImportedTensor ordered = InFileOrder(tensor);
        int[] merged = shape[0] == ordered.Shape[0] && shape.Count > 1
            ? [shape[0], ImportedTensor.SizeOf(ordered.Dimensions.Skip(1).SelectMany(d => d))]
            : [ImportedTensor.SizeOf(ordered.Memory)];
        ordered = ImportedTensor.Of(Reshape(ordered.Tensor, merged), merged);
        return TryRegroup(ordered, shape)
            ?? ImportedTensor.Of(Reshape(ordered.Tensor, shape), shape);
    }

    /// <summary>Divides and joins factors so that they make a shape; null where no factor can be divided so.</summary>
    private static ImportedTensor? TryRegroup(ImportedTensor tensor, IReadOnlyList<int> shape)
    {
        var left = new LinkedList<Factor>(tensor.Dimensions.SelectMany(d => d).Where(f => f.Size != 1));
        List<Factor> memory = [.. tensor.Memory];
        List<IReadOnlyList<Factor>> dimensions = [];
        foreach (int size in shape)
        {
            List<Factor> group = [];
            int rest = size;
            while (rest > 1)
            {
                if (left.First is not { Value: { } next })
                    return null;
                left.RemoveFirst();
                if (rest % next.Size == 0)
                {
                    group.Add(next);
                    rest /= next.Size;
                    continue;
                }
                if (next.Size % rest != 0)
                    return null;
                Factor taken = new(rest), remaining = new(next.Size / rest);
                int at = memory.IndexOf(next);
                memory[at] = taken;
                memory.Insert(at + 1, remaining);
                left.AddFirst(remaining);
                group.Add(taken);
                rest = 1;
            }
            dimensions.Add(group);
        }
        if (left.Count > 0)
            return null;
        // Dimensions of 1 have a factor, too, so that broadcasting finds one everywhere.
        memory.RemoveAll(f => f.Size == 1);
        for (int i = 0; i < dimensions.Count; i++)
            if (dimensions[i].Count == 0)
            {
                var one = new Factor(1);
                dimensions[i] = [one];
                memory.Add(one);
            }
        return new(tensor.Tensor, dimensions, memory);
    }

    /// <summary>A name that no node has, of the characters that TensorFlow allows.</summary>
    private string UniqueName(string wanted)
    {
        char[] allowed = [.. wanted.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-' or '/' ? c : '_')];
        string name = new string(allowed).Trim('/');
        if (name.Length == 0 || !(char.IsAsciiLetterOrDigit(name[0]) || name[0] == '.'))
            name = $"n{name}";
        string unique = name;
        for (int i = 1; !_names.Add(unique); i++)
            unique = $"{name}_{i}";
        return unique;
    }
}
