// Internal: fills objects of a user's class from a row.
using System;
using System.Collections.Generic;
using System.Linq;

namespace Microsoft.ML.Data;

internal sealed class TypedRowReader<TRow>
    where TRow : class
{
    private readonly MemberBinding[] _bindings;

    /// <summary>Binds the members of the class to a schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A member has no column, and missing ones are not ignored.</exception>
    /// <exception cref="InvalidOperationException">A column's type does not fit its member.</exception>
    public TypedRowReader(DataViewSchema schema, bool ignoreMissingColumns, SchemaDefinition definition)
    {
        definition ??= SchemaDefinition.Create(typeof(TRow), SchemaDefinition.Direction.Write);
        var found = new List<MemberBinding>();
        var columns = new List<DataViewSchema.Column>();
        foreach (MemberBinding binding in MemberBinding.Bind(typeof(TRow), definition, SchemaDefinition.Direction.Write))
        {
            if (schema.GetColumnOrNull(binding.ColumnName) is not { } column)
            {
                if (ignoreMissingColumns)
                    continue;
                throw SchemaErrors.NotFound("Schema", "", binding.ColumnName);
            }
            if (!MemberBinding.CanHold(binding.MemberType, column.Type))
                throw new InvalidOperationException($"Can't bind the IDataView column '{column.Name}' of type '{column.Type}' to field or property '{binding.Member.Name}' of type '{binding.MemberType}'.");
            found.Add(binding);
            columns.Add(column);
        }
        _bindings = [.. found];
        Columns = columns;
    }

    /// <summary>The columns that are read.</summary>
    public IReadOnlyList<DataViewSchema.Column> Columns { get; }

    /// <summary>Fills an object with the row's current values.</summary>
    public Action<TRow> CreateFiller(DataViewRow row)
    {
        Action<TRow>[] setters = _bindings.Select((b, i) => MemberSetters.Create<TRow>(b.Member, b.MemberType, row, Columns[i])).ToArray();
        return target =>
        {
            foreach (Action<TRow> setter in setters)
                setter(target);
        };
    }
}
