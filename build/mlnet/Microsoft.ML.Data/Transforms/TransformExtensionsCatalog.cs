using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML;

/// <summary>Transforms of whole columns.</summary>
public static class TransformExtensionsCatalog
{
    public static ColumnCopyingEstimator CopyColumns(this TransformsCatalog catalog, string outputColumnName, string inputColumnName) =>
        new(catalog.GetEnvironment(), [(outputColumnName, inputColumnName)]);

    public static ColumnConcatenatingEstimator Concatenate(this TransformsCatalog catalog, string outputColumnName, params string[] inputColumnNames) =>
        new(catalog.GetEnvironment(), outputColumnName, inputColumnNames);

    public static ColumnSelectingEstimator DropColumns(this TransformsCatalog catalog, params string[] columnNames) =>
        Select(catalog, columnNames, drops: true, keepsHidden: false);

    public static ColumnSelectingEstimator SelectColumns(this TransformsCatalog catalog, params string[] columnNames) =>
        Select(catalog, columnNames, drops: false, keepsHidden: false);

    public static ColumnSelectingEstimator SelectColumns(this TransformsCatalog catalog, string[] columnNames, bool keepHidden) =>
        Select(catalog, columnNames, drops: false, keepHidden);

    private static ColumnSelectingEstimator Select(TransformsCatalog catalog, string[] names, bool drops, bool keepsHidden)
    {
        ArgumentNullException.ThrowIfNull(names);
        return new ColumnSelectingEstimator(catalog.GetEnvironment(), new ColumnSelection([.. names], drops, keepsHidden));
    }
}
