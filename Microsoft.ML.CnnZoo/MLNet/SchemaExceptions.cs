namespace Microsoft.ML.CnnZoo.MLNet;

/// <summary>Exceptions for columns, in ML.NET's words and types.</summary>
internal static class SchemaExceptions
{
    /// <summary>The parameter that ML.NET names in such messages, whatever method it was given to.</summary>
    private const string Parameter = "inputSchema";

    /// <summary>"Could not find feature column 'x' (Parameter 'inputSchema')".</summary>
    public static ArgumentOutOfRangeException NotFound(string role, string name) => Of($"Could not find {role} column '{name}'");

    /// <summary>"Schema mismatch for label column 'x': expected Key, got String (Parameter 'inputSchema')".</summary>
    public static ArgumentOutOfRangeException Mismatch(string role, string name, string expected, string actual) =>
        Of($"Schema mismatch for {role} column '{name}': expected {expected}, got {actual}");

    /// <summary>Something else is wrong with a schema.</summary>
    public static ArgumentOutOfRangeException Of(string message, string parameter = Parameter) => new(parameter, message);

    /// <summary>A getter was asked for a column that is not active.</summary>
    public static ArgumentOutOfRangeException NotActive() => Of("requested column not active", "column");

    /// <summary>The getter as one of the asked type.</summary>
    /// <exception cref="InvalidOperationException">It is of another type.</exception>
    public static ValueGetter<TValue> Cast<TValue>(Delegate getter, DataViewSchema.Column column) => getter as ValueGetter<TValue>
        ?? throw new InvalidOperationException($"Invalid TValue in GetGetter for column #{column.Index}: {column.Name}: {column.Type}: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
}
