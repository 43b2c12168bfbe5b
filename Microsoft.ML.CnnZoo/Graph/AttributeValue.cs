using System.Collections.Immutable;

namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>The kinds of attribute that a TensorFlow node can carry (attr_value.proto).</summary>
internal enum AttributeKind
{
    /// <summary>64-bit integer (<c>i</c>).</summary>
    Int,
    /// <summary>32-bit float (<c>f</c>).</summary>
    Float,
    /// <summary>Boolean (<c>b</c>).</summary>
    Bool,
    /// <summary>String (<c>s</c>).</summary>
    String,
    /// <summary>Element type (<c>type</c>).</summary>
    Type,
    /// <summary>Shape (<c>shape</c>).</summary>
    Shape,
    /// <summary>Constant (<c>tensor</c>).</summary>
    Tensor,
    /// <summary>List of integers (<c>list.i</c>).</summary>
    IntList,
    /// <summary>List of floats (<c>list.f</c>).</summary>
    FloatList,
    /// <summary>List of strings (<c>list.s</c>).</summary>
    StringList,
    /// <summary>List of element types (<c>list.type</c>).</summary>
    TypeList,
    /// <summary>List of shapes (<c>list.shape</c>).</summary>
    ShapeList,
}

/// <summary>One attribute of a node; equality is by content.</summary>
internal sealed class AttributeValue : IEquatable<AttributeValue>
{
    private readonly object _value;

    private AttributeValue(AttributeKind kind, object value) => (Kind, _value) = (kind, value);

    /// <summary>Which of the accessors below applies.</summary>
    public AttributeKind Kind { get; }

    /// <summary>The integer.</summary>
    public long Int => Get<long>(AttributeKind.Int);
    /// <summary>The float.</summary>
    public float Float => Get<float>(AttributeKind.Float);
    /// <summary>The Boolean.</summary>
    public bool Bool => Get<bool>(AttributeKind.Bool);
    /// <summary>The string.</summary>
    public string String => Get<string>(AttributeKind.String);
    /// <summary>The element type.</summary>
    public DataType Type => Get<DataType>(AttributeKind.Type);
    /// <summary>The shape.</summary>
    public TensorShape Shape => Get<TensorShape>(AttributeKind.Shape);
    /// <summary>The constant.</summary>
    public TensorLiteral Tensor => Get<TensorLiteral>(AttributeKind.Tensor);
    /// <summary>The integers.</summary>
    public ImmutableArray<long> Ints => Get<ImmutableArray<long>>(AttributeKind.IntList);
    /// <summary>The floats.</summary>
    public ImmutableArray<float> Floats => Get<ImmutableArray<float>>(AttributeKind.FloatList);
    /// <summary>The strings.</summary>
    public ImmutableArray<string> Strings => Get<ImmutableArray<string>>(AttributeKind.StringList);
    /// <summary>The element types.</summary>
    public ImmutableArray<DataType> Types => Get<ImmutableArray<DataType>>(AttributeKind.TypeList);
    /// <summary>The shapes.</summary>
    public ImmutableArray<TensorShape> Shapes => Get<ImmutableArray<TensorShape>>(AttributeKind.ShapeList);

    /// <summary>An integer attribute.</summary>
    public static AttributeValue Of(long value) => new(AttributeKind.Int, value);
    /// <summary>A float attribute.</summary>
    public static AttributeValue Of(float value) => new(AttributeKind.Float, value);
    /// <summary>A Boolean attribute.</summary>
    public static AttributeValue Of(bool value) => new(AttributeKind.Bool, value);
    /// <summary>A string attribute.</summary>
    public static AttributeValue Of(string value) => new(AttributeKind.String, value);
    /// <summary>An element-type attribute.</summary>
    public static AttributeValue Of(DataType value) => new(AttributeKind.Type, value);
    /// <summary>A shape attribute.</summary>
    public static AttributeValue Of(TensorShape value) => new(AttributeKind.Shape, value);
    /// <summary>A constant.</summary>
    public static AttributeValue Of(TensorLiteral value) => new(AttributeKind.Tensor, value);
    /// <summary>A list of integers.</summary>
    public static AttributeValue OfInts(params ReadOnlySpan<long> values) =>
        new(AttributeKind.IntList, ImmutableArray.Create(values));
    /// <summary>A list of integers.</summary>
    public static AttributeValue OfInts(IEnumerable<int> values) =>
        new(AttributeKind.IntList, values.Select(v => (long)v).ToImmutableArray());
    /// <summary>A list of floats.</summary>
    public static AttributeValue OfFloats(params ReadOnlySpan<float> values) =>
        new(AttributeKind.FloatList, ImmutableArray.Create(values));
    /// <summary>A list of strings.</summary>
    public static AttributeValue OfStrings(params ReadOnlySpan<string> values) =>
        new(AttributeKind.StringList, ImmutableArray.Create(values));
    /// <summary>A list of element types.</summary>
    public static AttributeValue OfTypes(params ReadOnlySpan<DataType> values) =>
        new(AttributeKind.TypeList, ImmutableArray.Create(values));
    /// <summary>A list of shapes.</summary>
    public static AttributeValue OfShapes(params ReadOnlySpan<TensorShape> values) =>
        new(AttributeKind.ShapeList, ImmutableArray.Create(values));

    /// <inheritdoc/>
    public bool Equals(AttributeValue? other) => other is not null && Kind == other.Kind && Kind switch
    {
        AttributeKind.IntList => Ints.SequenceEqual(other.Ints),
        AttributeKind.FloatList => Floats.SequenceEqual(other.Floats),
        AttributeKind.StringList => Strings.SequenceEqual(other.Strings),
        AttributeKind.TypeList => Types.SequenceEqual(other.Types),
        AttributeKind.ShapeList => Shapes.SequenceEqual(other.Shapes),
        _ => _value.Equals(other._value),
    };

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AttributeValue);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Kind, ToString());

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        AttributeKind.IntList => $"[{string.Join(',', Ints)}]",
        AttributeKind.FloatList => $"[{string.Join(',', Floats)}]",
        AttributeKind.StringList => $"[{string.Join(',', Strings)}]",
        AttributeKind.TypeList => $"[{string.Join(',', Types)}]",
        AttributeKind.ShapeList => $"[{string.Join(',', Shapes)}]",
        AttributeKind.Tensor => Tensor.Spec.ToString(),
        _ => _value.ToString()!,
    };

    private T Get<T>(AttributeKind kind) => Kind == kind ? (T)_value
        : throw new InvalidOperationException($"The attribute is of kind {Kind}, not {kind}.");
}
