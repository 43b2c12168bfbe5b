using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.CnnZoo.Architectures;
using Microsoft.ML.CnnZoo.Files;

namespace CnnZoo.Cli;

/// <summary>Switches in a JSON file: their names without dashes are its keys.</summary>
internal static class ConfigFile
{
    private const string SchemaKey = "$schema";

    private static readonly JsonSerializerOptions Format =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a file.</summary>
    /// <returns>The switches that it holds, with their values as a command line has them.</returns>
    /// <exception cref="CommandException">It cannot be read, or not understood.</exception>
    public static IEnumerable<(TrainSwitch Switch, string Value)> Read(string path, IReadOnlyList<TrainSwitch> switches)
    {
        var found = new List<(TrainSwitch, string)>();
        using JsonDocument document = Parse(path);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw Refused(path, "it must be a JSON object: { \"epochs\": 20 }");
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            if (property.Name == SchemaKey || property.Value.ValueKind == JsonValueKind.Null)
                continue;
            TrainSwitch one = switches.FirstOrDefault(s => s.Key == property.Name) ?? throw Refused(path,
                $"the key '{property.Name}' is not understood{(ArchitectureNames.Near(property.Name,
                    switches.Select(s => s.Key)) is [var near, ..] ? $": did you mean '{near}'?" : ".")}");
            found.Add((one, property.Value.ValueKind switch
            {
                JsonValueKind.Object or JsonValueKind.Array => throw Refused(path,
                    $"'{property.Name}' must be a number, a text, true or false."),
                JsonValueKind.String => property.Value.GetString()!,
                _ => property.Value.GetRawText(),
            }));
        }
        return found;
    }

    /// <summary>Writes the switches of a command line, with full paths.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="switches">The switches to write, where they were given.</param>
    public static void Write(string path, ParseResult parsed, IEnumerable<TrainSwitch> switches)
    {
        var values = new JsonObject();
        foreach (TrainSwitch one in switches)
        {
            if (parsed.GetResult(one.Option) is { Implicit: false } result)
                values[one.Key] = Value(one, result.Tokens is [{ } token, ..] ? token.Value : "true");
        }
        CompleteFile.Write(path, stream => JsonSerializer.Serialize(stream, values, Format));
    }

    /// <summary>A JSON schema of such files.</summary>
    public static string Schema(IEnumerable<TrainSwitch> switches) => new JsonObject
    {
        ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
        ["title"] = "cnnzoo train --config",
        ["description"] = "The switches of 'cnnzoo train' without their dashes; null is the default. Those on the command line win.",
        ["type"] = "object",
        ["properties"] = new JsonObject([new(SchemaKey, new JsonObject { ["type"] = "string" }),
            .. switches.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Schema.DeepClone()))]),
        ["additionalProperties"] = false,
    }.ToJsonString(Format);

    private static JsonNode? Value(TrainSwitch one, string text)
    {
        bool isPlain = one.Takes("boolean") || ((one.Takes("integer") || one.Takes("number")) && IsNumber(text));
        return isPlain ? JsonNode.Parse(text.ToLowerInvariant())
            : JsonValue.Create(one.IsPath(text) ? Path.GetFullPath(text) : text);
    }

    private static bool IsNumber(string text)
    {
        try
        {
            return JsonNode.Parse(text) is JsonValue value && value.GetValueKind() == JsonValueKind.Number;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static JsonDocument Parse(string path)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions
            {
                CommentHandling = JsonCommentHandling.Skip, AllowDuplicateProperties = false,
            });
        }
        catch (JsonException e) when (e.Message.Contains("trailing comma", StringComparison.Ordinal))
        {
            throw Refused(path, $"line {e.LineNumber + 1} follows a comma behind the last entry: remove it.");
        }
        catch (JsonException e)
        {
            throw Refused(path, $"{(e.LineNumber is { } line ? $"line {line + 1}: " : "")}"
                + e.Message.Split(" LineNumber:")[0].Split(" Path:")[0]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused(path, e is FileNotFoundException or DirectoryNotFoundException ? "the file does not exist."
                : e.Message);
        }
    }

    private static CommandException Refused(string path, string problem) =>
        new($"--config '{path}': {problem}", ExitCode.WrongUsage);
}
