using System.Text.Json;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Microsoft.ML.CnnZoo.Tests.Documentation;

/// <summary>Checks YAML by a JSON schema: the keywords that mpijob.schema.json has.</summary>
internal sealed partial class YamlSchema(JsonElement root)
{
    /// <summary>What is wrong, each with its path; empty for nothing.</summary>
    public IReadOnlyList<string> Check(YamlNode node) => [.. Check(node, root, "")];

    private IEnumerable<string> Check(YamlNode node, JsonElement schema, string path)
    {
        if (schema.TryGetProperty("$ref", out JsonElement reference))
            return Check(node, root.GetProperty("$defs").GetProperty(reference.GetString()!.Split('/')[^1]), path);
        if (schema.TryGetProperty("enum", out JsonElement names))
            return node is YamlScalarNode { Value: { } value } && names.EnumerateArray().Any(n => n.GetString() == value) ? []
                : [$"{path} is {node}; expected one of {names}"];
        string type = schema.GetProperty("type").GetString()!;
        return TypeOf(node) != type ? [$"{path} is of type {TypeOf(node)}; expected {type}"] : node switch
        {
            YamlMappingNode map => CheckFields(map, schema, path),
            YamlSequenceNode list => list.SelectMany((item, i) => Check(item, schema.GetProperty("items"), $"{path}[{i}]")),
            _ => CheckText(((YamlScalarNode)node).Value!, schema, path),
        };
    }

    private IEnumerable<string> CheckFields(YamlMappingNode map, JsonElement schema, string path)
    {
        foreach (JsonElement name in Find(schema, "required")?.EnumerateArray() ?? default)
            if (!map.Children.ContainsKey(new YamlScalarNode(name.GetString())))
                yield return $"{path} has no '{name}'";
        foreach ((YamlNode key, YamlNode value) in map)
        {
            string own = $"{path}.{key}";
            JsonElement? known = Find(schema, "properties") is { } fields ? Find(fields, $"{key}") : null,
                others = Find(schema, "additionalProperties");
            if (known is null && others is { ValueKind: JsonValueKind.False })
                yield return $"{own} is not known";
            else if ((known ?? others) is { ValueKind: JsonValueKind.Object } rule)
                foreach (string problem in Check(value, rule, own))
                    yield return problem;
        }
    }

    private static IEnumerable<string> CheckText(string text, JsonElement schema, string path)
    {
        if (Find(schema, "pattern")?.GetString() is { } pattern && !Regex.IsMatch(text, pattern))
            yield return $"{path} is '{text}'; expected {pattern}";
        if (Find(schema, "minimum")?.GetInt32() is { } minimum && int.Parse(text) < minimum)
            yield return $"{path} is {text}; expected {minimum} or more";
    }

    private static JsonElement? Find(JsonElement schema, string name) =>
        schema.TryGetProperty(name, out JsonElement found) ? found : null;

    /// <summary>YAML knows a text from a number by its quotes.</summary>
    private static string TypeOf(YamlNode node) => node switch
    {
        YamlMappingNode => "object",
        YamlSequenceNode => "array",
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } => "boolean",
        YamlScalarNode { Style: ScalarStyle.Plain, Value: { } value } when Integer().IsMatch(value) => "integer",
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "" or "null" or "~" } => "null",
        _ => "string",
    };

    [GeneratedRegex(@"^-?\d+$")]
    private static partial Regex Integer();
}
