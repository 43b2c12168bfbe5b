using System.CommandLine;
using System.Text.Json.Nodes;

namespace CnnZoo.Cli;

/// <summary>
/// A switch of a verb that trains, declared once: for the command line, its help, configuration files, their schema, and
/// the messages of the library.
/// </summary>
/// <param name="Option">Name, description and parser.</param>
/// <param name="Group">Where the help lists it.</param>
/// <param name="Schema">JSON schema of its value.</param>
/// <param name="Apply">Sets what it was given.</param>
internal sealed record TrainSwitch(Option Option, string Group, JsonObject Schema, Action<ParseResult, TrainingRequest> Apply)
{
    /// <summary>Key in configuration files.</summary>
    public string Key => Option.Name[2..];

    /// <summary>The field of the trainer's options that it sets; messages of the library name it.</summary>
    public string? Field { get; init; }

    /// <summary>Whether a value names a file or a folder.</summary>
    public Func<string, bool> IsPath { get; init; } = _ => false;

    /// <summary>Whether the switch is meant for the value, as <c>true</c>, or the value is a number.</summary>
    public bool Takes(string type) => Schema["type"] switch
    {
        JsonArray types => types.Any(t => t!.GetValue<string>() == type),
        { } single => single.GetValue<string>() == type,
        null => false,
    };
}
