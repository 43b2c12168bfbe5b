using System.CommandLine;
using System.Numerics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>Kinds of switches, each with the schema of its values.</summary>
internal abstract partial class SwitchTable
{
    private readonly List<TrainSwitch> _all = [];

    /// <summary>The switches, in the order of the help.</summary>
    public IReadOnlyList<TrainSwitch> All => _all;

    /// <summary>The group of the switches that follow.</summary>
    protected string Group { get; set; } = "";

    /// <summary>
    /// A message of the library in the words of the command line: <c>Options.ImageFit = Letterbox</c> is <c>--fit
    /// letterbox</c> there. What has no switch keeps its name.
    /// </summary>
    public string InSwitches(string message) => Fields().Replace(message, match =>
    {
        (string owner, string field, Group value) = (match.Groups["owner"].Value, match.Groups["field"].Value, match.Groups["value"]);
        string? name = owner.Length == 0 && _all.FirstOrDefault(s => s.Field == field) is { } one ? one.Option.Name
            : Others.GetValueOrDefault($"{owner}.{field}");
        return name is null ? match.Value : value.Success ? $"{name} {value.Value.ToLowerInvariant()}" : name;
    });

    /// <summary>Switches that stand for several fields, or for one of other options, by class and field.</summary>
    internal static IReadOnlyDictionary<string, string> Others { get; } = new Dictionary<string, string>
    {
        [$".{nameof(CnnClassificationTrainer.Options.FindLearningRate)}"] = "--lr find",
        [$"{nameof(CnnImportOptions)}.{nameof(CnnImportOptions.Image)}"] = "--size",
        [$"{nameof(CnnImportOptions)}.{nameof(CnnImportOptions.Labels)}"] = "--labels",
        [$"{nameof(CnnImportOptions)}.{nameof(CnnImportOptions.Preprocessing)}"] = "--preprocessing",
        [$"{nameof(CnnExplanationOptions)}.{nameof(CnnExplanationOptions.ClassName)}"] = "--class",
        [$"{nameof(CnnExperimentOptions)}.{nameof(CnnExperimentOptions.Time)}"] = "--time",
        [$"{nameof(CnnExperimentOptions)}.{nameof(CnnExperimentOptions.ValidationSetFraction)}"] = "--validation",
    };

    /// <summary>A switch whose value is set where there is one.</summary>
    protected void Add<T>(Option<T> option, JsonObject schema, Action<TrainingRequest, T> set, string? field = null,
        Func<string, bool>? isPath = null) =>
        AddRead(option, schema, (parsed, request) =>
        {
            if (parsed.GetValue(option) is { } value)
                set(request, value);
        }, field, isPath);

    /// <summary>A switch that is read in some way.</summary>
    protected void AddRead(Option option, JsonObject schema, Action<ParseResult, TrainingRequest> apply, string? field,
        Func<string, bool>? isPath)
    {
        schema.Insert(0, "description", option.Description);
        _all.Add(new(option, Group, schema, apply) { Field = field, IsPath = isPath ?? (_ => false) });
    }

    /// <summary>A number, or "auto".</summary>
    protected void Number<T>(string name, string description, T minimum, T maximum, Action<TrainingRequest, T> set,
        string? field, params (string Word, T? Value)[] words) where T : struct, INumber<T>
    {
        words = [("auto", null), .. words];
        JsonObject schema = NumberSchema(minimum, maximum);
        schema["type"] = new JsonArray(CommandOptions.IsWhole<T>() ? "integer" : "number", "string");
        schema["pattern"] = $"^({string.Join('|', words.Select(w => w.Word))})$";
        Add(CommandOptions.Number(name, description, minimum, maximum, words), schema, (r, v) =>
        {
            if (v!.Value is { } number)
                set(r, number);
        }, field);
    }

    /// <summary>A number with a default.</summary>
    protected void Number<T>(string name, string description, T byDefault, T minimum, T maximum,
        Action<TrainingRequest, T> set, string? field = null) where T : struct, INumber<T>
    {
        JsonObject schema = NumberSchema(minimum, maximum);
        schema["default"] = JsonNode.Parse(Literal(byDefault));
        Add(CommandOptions.Number(name, description, byDefault, minimum, maximum), schema, set, field);
    }

    /// <summary>One of the values of an enumeration.</summary>
    protected void Choice<T>(string name, string description, Action<TrainingRequest, T> set, string? field = null)
        where T : struct, Enum =>
        Add(CommandOptions.Choice<T>(name, description), Choices(Enum.GetNames<T>().Select(n => n.ToLowerInvariant())), set,
            field);

    /// <summary>One of some names.</summary>
    protected void Name(string name, string description, string[] names, Action<TrainingRequest, string> set,
        string? field = null) =>
        Add(CommandOptions.Name(name, description, names), Choices(names), (r, v) => set(r, v!), field);

    /// <summary>A text that is not empty.</summary>
    protected void Text(string name, string description, string helpName, Action<TrainingRequest, string> set,
        string? field = null, Func<string, bool>? isPath = null)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = helpName };
        CommandOptions.RefuseEmpty(option, "a name");
        Add(option, Texts(), (r, v) => set(r, v!), field, isPath);
    }

    /// <summary>A file or a folder.</summary>
    protected void File(string name, string description, string helpName, Action<TrainingRequest, string> set,
        string? field = null) => Text(name, description, helpName, set, field, _ => true);

    /// <summary>Yes or no.</summary>
    protected void Flag(string name, string description, Action<TrainingRequest, bool> set, string? field = null,
        bool byDefault = false) =>
        Add(new Option<bool>(name) { Description = description, DefaultValueFactory = _ => byDefault },
            new JsonObject { ["type"] = "boolean", ["default"] = byDefault }, set, field);

    /// <summary>Schema of texts.</summary>
    protected static JsonObject Texts() => new() { ["type"] = "string" };

    /// <summary>Schema of names.</summary>
    protected static JsonObject Choices(IEnumerable<string> names) =>
        new() { ["enum"] = new JsonArray([.. names.Select(n => JsonValue.Create(n))]) };

    private static JsonObject NumberSchema<T>(T minimum, T maximum) where T : struct, INumber<T> => new()
    {
        ["type"] = CommandOptions.IsWhole<T>() ? "integer" : "number",
        ["minimum"] = JsonNode.Parse(Literal(minimum)),
        ["maximum"] = JsonNode.Parse(Literal(maximum)),
    };

    private static string Literal<T>(T number) where T : struct, INumber<T> =>
        number.ToString(null, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\b(?:(?<owner>Cnn\w+)|Options)\.(?<field>\w+)(?: = (?<value>\w+))?")]
    private static partial Regex Fields();
}
