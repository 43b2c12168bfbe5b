// Internal: the exceptions that ML.NET throws for columns, with its wording. They are returned, for the caller to throw.
using System;

namespace Microsoft.ML.Data;

internal static class SchemaErrors
{
    /// <summary>"Could not find input column 'x' (Parameter 'inputSchema')".</summary>
    public static ArgumentOutOfRangeException NotFound(string parameter, string role, string name) =>
        new(parameter, $"Could not find {role} column '{name}'");

    /// <summary>"Schema mismatch for input column 'x': expected Single, got Int32 (Parameter 'inputSchema')".</summary>
    public static ArgumentOutOfRangeException Mismatch(string parameter, string role, string name, string expected, string actual) =>
        new(parameter, $"Schema mismatch for {role} column '{name}': expected {expected}, got {actual}");

    /// <summary>The column of a shape.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none of that name.</exception>
    public static SchemaShape.Column Require(this SchemaShape inputSchema, string name, string role = "input") =>
        inputSchema.TryFindColumn(name, out SchemaShape.Column column) ? column : throw NotFound(nameof(inputSchema), role, name);

    /// <summary>The column of a schema.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none of that name.</exception>
    public static DataViewSchema.Column Require(this DataViewSchema inputSchema, string name, string role = "input") =>
        inputSchema.GetColumnOrNull(name) ?? throw NotFound(nameof(inputSchema), role, name);

    /// <summary>A getter of an inactive column was asked for.</summary>
    public static ArgumentOutOfRangeException Inactive() => new("column", "requested column not active");

    /// <summary>A getter of the wrong type was asked for.</summary>
    public static InvalidOperationException WrongGetter(DataViewSchema.Column column, Type asked) =>
        new($"Invalid TValue in GetGetter for column #{column}: '{asked}', expected type: '{column.Type.RawType}'.");

    /// <summary>The delegate as a getter of the asked type.</summary>
    public static ValueGetter<TValue> AsGetter<TValue>(this Delegate getter, DataViewSchema.Column column) =>
        getter as ValueGetter<TValue> ?? throw WrongGetter(column, typeof(TValue));
}
