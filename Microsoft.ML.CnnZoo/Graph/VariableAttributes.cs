namespace Microsoft.ML.CnnZoo.Graph;

/// <summary>
/// Properties of a variable that <c>VarHandleOp</c> has no attributes for, as attributes that begin with an underscore.
/// </summary>
internal static class VariableAttributes
{
    private const string Role = "_role", Kind = "_initializer", Scale = "_initializer_scale",
        Count = "_parameter_count", Flatten = "_flatten_shape";

    public static IEnumerable<KeyValuePair<string, AttributeValue>> Of(VariableDefinition variable)
    {
        yield return new(Role, AttributeValue.Of(variable.Role.ToString()));
        yield return new(Kind, AttributeValue.Of(variable.Initializer.Kind.ToString()));
        yield return new(Scale, AttributeValue.Of(variable.Initializer.Scale));
        yield return new(Count, AttributeValue.Of(variable.ParameterCount));
        if (variable.FlattenShape is not null)
            yield return new(Flatten, AttributeValue.Of(variable.FlattenShape));
    }

    /// <summary>
    /// Removes them from a node's attributes and returns the variable. Graphs of other programs lack them: then the
    /// variable is a kernel, or a bias if it is a vector, initialized with zeros.
    /// </summary>
    public static VariableDefinition Take(string name, TensorSpec spec,
        SortedDictionary<string, AttributeValue> attributes)
    {
        VariableRole role = TakeEnum(attributes, Role, spec.Shape.Rank == 1 ? VariableRole.Bias : VariableRole.Kernel);
        InitializerKind kind = TakeEnum(attributes, Kind, InitializerKind.Constant);
        float scale = Take(attributes, Scale, AttributeKind.Float)?.Float ?? 0;
        long count = Take(attributes, Count, AttributeKind.Int)?.Int ?? spec.Shape.ElementCount;
        return new(name, spec, role, new Initializer(kind, scale))
            { ParameterCount = count, FlattenShape = Take(attributes, Flatten, AttributeKind.Shape)?.Shape };
    }

    private static T TakeEnum<T>(SortedDictionary<string, AttributeValue> attributes, string name, T otherwise)
        where T : struct, Enum =>
        Take(attributes, name, AttributeKind.String) is not AttributeValue value ? otherwise
            : Enum.TryParse(value.String, out T result) && Enum.IsDefined(result) ? result
            : throw new GraphException($"'{name}' has the unknown value '{value}'.");

    private static AttributeValue? Take(SortedDictionary<string, AttributeValue> attributes, string name,
        AttributeKind kind) =>
        !attributes.Remove(name, out AttributeValue? value) ? null
            : value.Kind == kind ? value
            : throw new GraphException($"'{name}' must be of kind {kind}, received {value.Kind}.");
}
