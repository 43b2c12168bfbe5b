namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>Shared by op schemas and shape rules.</summary>
internal static class OpSchema
{
    private static readonly AttributeValue[] Floating =
        [AttributeValue.Of(DataType.Float), AttributeValue.Of(DataType.Double), AttributeValue.Of(DataType.BFloat16),
            AttributeValue.Of(DataType.Half)];
    private static readonly AttributeValue[] Integers =
        [AttributeValue.Of(DataType.Int32), AttributeValue.Of(DataType.Int64)];

    /// <summary>The element type attribute <c>T</c>: a floating type, that of the first input.</summary>
    public static AttributeSpec FloatingT { get; } = FloatingTOf(0);

    /// <summary>The element type attribute <c>T</c>: any type, that of the first input.</summary>
    public static AttributeSpec AnyT { get; } = new("T", AttributeKind.Type, FromInput: 0);

    /// <summary>The attribute <c>T</c>: a floating type, that of the given input.</summary>
    public static AttributeSpec FloatingTOf(Index input) => new("T", AttributeKind.Type, null, Floating, input);

    /// <summary>The type of an index input: Int32 or Int64.</summary>
    public static AttributeSpec IndexType(string name, Index input) =>
        new(name, AttributeKind.Type, AttributeValue.Of(DataType.Int32), Integers, input);

    /// <summary>A Boolean attribute with a default.</summary>
    public static AttributeSpec Flag(string name, bool value = false) =>
        new(name, AttributeKind.Bool, AttributeValue.Of(value));

    /// <summary>The output of an op that preserves its first input's type and shape.</summary>
    public static TensorSpec[] SameAsFirst(in ShapeContext c) => [c.Inputs[0]];

    /// <summary>
    /// The attribute of this engine, not TensorFlow's, with which an op that sums many bfloat16 terms returns the sum
    /// in float32, unrounded. TensorFlow, which ignores attributes with an underscore, would round it to T: only plans
    /// hold such nodes.
    /// </summary>
    public const string OutputType = "_output_type";

    /// <summary>The type in <see cref="OutputType"/>, or <paramref name="otherwise"/>.</summary>
    public static DataType OutputTypeOr(this in ShapeContext c, DataType otherwise) =>
        c.Attributes.TryGetValue(OutputType, out AttributeValue? type) ? type.Type : otherwise;

    /// <summary>The integers of an input that must be known before running.</summary>
    public static long[] RequireConstant(this in ShapeContext c, int input, string meaning) =>
        c.Constant(input) ?? throw c.Error($"input {input} ({meaning}) must be a constant or the Shape of a tensor");

    /// <summary>The integers of a constant input of a node.</summary>
    public static long[] ConstantInput(this NodeDef node, int input) =>
        ConstantValues.TryGet(node.Inputs[input])
        ?? throw new GraphException($"{node}: input {input} is not known before running.");

    /// <summary>A shape from integers, -1 for unknown.</summary>
    public static TensorShape ToShape(this in ShapeContext c, long[] dimensions)
    {
        foreach (long d in dimensions)
            if (d is < -1 or > int.MaxValue)
                throw c.Error($"[{string.Join(',', dimensions)}] is not a shape");
        return new TensorShape(Array.ConvertAll(dimensions, d => (int)d));
    }

    /// <summary>An axis counted from the front; negative ones count from the back.</summary>
    public static int Axis(this in ShapeContext c, long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw c.Error($"axis {axis} does not exist in a tensor of rank {rank}");

    /// <summary>Throws if two inputs differ in type or shape.</summary>
    public static void RequireAlike(this in ShapeContext c, int a, int b)
    {
        if (c.Inputs[a].Type != c.Inputs[b].Type || !c.Inputs[a].Shape.IsCompatibleWith(c.Inputs[b].Shape))
            throw c.Error($"inputs {a} and {b} must be alike, received {c.Inputs[a]} and {c.Inputs[b]}");
    }

    /// <summary>Throws if an input's shape differs from the expected one.</summary>
    public static void RequireShape(this in ShapeContext c, int input, TensorShape expected)
    {
        if (!c.Inputs[input].Shape.IsCompatibleWith(expected))
            throw c.Error($"input {input} must have shape {expected}, received {c.Inputs[input].Shape}");
    }

    /// <summary>Throws if an input is not a variable's handle.</summary>
    public static void RequireHandle(this in ShapeContext c, int input)
    {
        if (c.Inputs[input].Type != DataType.Resource)
            throw c.Error($"input {input} must be a variable's handle, received {c.Inputs[input]}");
    }
}
