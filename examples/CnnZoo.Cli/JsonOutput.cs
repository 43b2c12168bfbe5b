using System.Text.Encodings.Web;
using System.Text.Json;

namespace CnnZoo.Cli;

/// <summary>Results for other programs: one JSON value on standard output, property names in camelCase.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // A class that no image belongs to has no recall, a perfect model no log-loss reduction: NaN, written as text.
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Writes a value.</summary>
    public static void Write<T>(T value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, Options));
}
