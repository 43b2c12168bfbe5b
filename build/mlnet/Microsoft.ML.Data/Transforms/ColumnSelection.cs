namespace Microsoft.ML.Data;

/// <summary>Which columns are kept: the named ones in the order of their names, or all others in their own order.</summary>
/// <param name="Names">The names; every one must exist.</param>
/// <param name="Drops">Whether the named columns are dropped rather than kept.</param>
/// <param name="KeepsHidden">Whether hidden columns are kept too.</param>
internal sealed record ColumnSelection(string[] Names, bool Drops, bool KeepsHidden)
{
    public ColumnSubset Bind(DataViewSchema inputSchema)
    {
        foreach (string name in Names)
            inputSchema.Require(name);
        IEnumerable<DataViewSchema.Column> kept = Drops
            ? inputSchema.Where(column => !Names.Contains(column.Name))
            : Names.SelectMany(name => inputSchema.Where(column => column.Name == name));
        return new ColumnSubset(inputSchema, kept.Where(column => KeepsHidden || !column.IsHidden).Select(column => column.Index));
    }
}
