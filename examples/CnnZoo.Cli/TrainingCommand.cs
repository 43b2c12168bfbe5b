using System.CommandLine;

namespace CnnZoo.Cli;

/// <summary>A verb with many switches: they may stand in a configuration file, and the help groups them.</summary>
internal sealed class TrainingCommand : Command
{
    private const int NameWidth = 32, Width = 110;

    private readonly Option<string?> _config = new("--config")
    {
        Description = "JSON file with any of these switches as keys (without the dashes); switches on the command line win",
        HelpName = "FILE.json",
    };

    /// <summary>A verb.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="switches">What it takes.</param>
    public TrainingCommand(string name, string description, IReadOnlyList<TrainSwitch> switches) : base(name, description)
    {
        Switches = switches;
        foreach (TrainSwitch one in switches)
            Add(one.Option);
        CommandOptions.RefuseEmpty(_config, "the name of a file");
        Add(_config);
    }

    /// <summary>What it takes.</summary>
    public IReadOnlyList<TrainSwitch> Switches { get; }

    /// <summary>What the configuration file that a command line names adds to it.</summary>
    /// <exception cref="CommandException">It cannot be read, or not understood.</exception>
    public IReadOnlyList<string> Configured(ParseResult parsed) =>
        parsed.GetResult(_config) is not { Tokens: [{ Value: { Length: > 0 } file }] } ? []
            : [.. ConfigFile.Read(file, [.. Switches.Where(s => s.Option != _config)])
                .Where(s => !IsGiven(parsed, s.Switch.Option)).Select(s => $"{s.Switch.Option.Name}={s.Value}")];

    /// <summary>Whether a command line has a switch.</summary>
    public static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Writes the help.</summary>
    public void WriteHelp(TextWriter writer)
    {
        writer.WriteLine($"{Description}\n\nUsage:\n  cnnzoo {Name} [switches]");
        foreach (IGrouping<string, TrainSwitch> group in Switches.GroupBy(s => s.Group))
        {
            writer.WriteLine($"\n{group.Key}:");
            foreach (TrainSwitch one in group)
                WriteSwitch(writer, one.Option, one.Schema["default"]?.ToJsonString());
        }
        writer.WriteLine();
        WriteSwitch(writer, _config, null);
    }

    private static void WriteSwitch(TextWriter writer, Option option, string? byDefault)
    {
        string name = $"  {option.Name}{(option.ValueType == typeof(bool) ? "" : $" {option.HelpName ?? "NAME"}")}",
            text = option.Description + (byDefault is null ? "" : $" [default: {byDefault}]")
                + (option.Required ? " (required)" : "");
        string line = name.Length < NameWidth ? name.PadRight(NameWidth) : name + "\n" + new string(' ', NameWidth);
        int width = NameWidth;
        foreach (string word in text.Split(' '))
        {
            if (width + word.Length > Width)
            {
                line = $"{line.TrimEnd(' ')}\n{new string(' ', NameWidth)}";
                width = NameWidth;
            }
            line += word + " ";
            width += word.Length + 1;
        }
        writer.WriteLine(line.TrimEnd());
    }
}
