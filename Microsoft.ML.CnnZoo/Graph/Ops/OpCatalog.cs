using System.Collections.Frozen;

namespace Microsoft.ML.CnnZoo.Graph.Ops;

/// <summary>The ops that graphs may hold: an explicit list; an op named twice throws at start-up.</summary>
public static class OpCatalog
{
    private static readonly FrozenDictionary<string, OpDefinition> ByName = Build().ToFrozenDictionary(o => o.Name, StringComparer.Ordinal);

    /// <summary>All ops, by name.</summary>
    public static IEnumerable<OpDefinition> All => ByName.Values.OrderBy(o => o.Name, StringComparer.Ordinal);

    /// <summary>The op of TensorFlow's name.</summary>
    /// <exception cref="GraphException">The op is not known here.</exception>
    public static OpDefinition Get(string name) => ByName.TryGetValue(name, out OpDefinition? op) ? op
        : throw new GraphException($"The op '{name}' is not known; known are {string.Join(", ", ByName.Keys.Order(StringComparer.Ordinal))}.");

    private static OpDefinition[] Build() =>
    [
        new AddN(), new AddV2(), new Const(), new Placeholder(), new ReadVariableOp(), new Relu(), new ReluGrad(), new Shape(), new VarHandleOp(),
    ];
}
