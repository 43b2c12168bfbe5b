using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML;

/// <summary>Transforms by a function of the user's.</summary>
public static class CustomMappingCatalog
{
    /// <summary>Adds the columns of <typeparamref name="TDst"/>, computed from those of <typeparamref name="TSrc"/>.</summary>
    /// <param name="catalog">Where transforms are found.</param>
    /// <param name="mapAction">Fills the second object from the first; must give the same every time.</param>
    /// <param name="contractName">The name of the factory that makes the mapping again on loading; null for a transform that cannot be saved.</param>
    /// <param name="inputSchemaDefinition">How members are columns; not saved.</param>
    /// <param name="outputSchemaDefinition">How members are columns; not saved.</param>
    public static CustomMappingEstimator<TSrc, TDst> CustomMapping<TSrc, TDst>(this TransformsCatalog catalog, Action<TSrc, TDst> mapAction, string contractName,
        SchemaDefinition inputSchemaDefinition = null, SchemaDefinition outputSchemaDefinition = null)
        where TSrc : class, new()
        where TDst : class, new() =>
        new(catalog.GetEnvironment(), mapAction, contractName, inputSchemaDefinition, outputSchemaDefinition);
}
