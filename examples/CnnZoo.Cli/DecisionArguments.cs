using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>Switches that change what becomes of a model's probabilities, for one command.</summary>
internal sealed class DecisionArguments
{
    private readonly Option<OpenNumber<double>?> _abstain = CommandOptions.Number("--abstain-below",
        "Confidence below which there is no answer; 0 for always one [default: auto, the model's own]", 0.0, 1.0, ("auto", null));

    private readonly Option<Dictionary<string, float>?> _shares = Shares("--class-shares",
        "Shares of the classes in these images, where they are others than in training: cat=0.2,dog=0.8");

    /// <summary>Declares them for a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_abstain);
        command.Add(_shares);
    }

    /// <summary>Sets a model's decision rule as the switches say.</summary>
    /// <exception cref="CommandException">The shares do not fit the model.</exception>
    public void Apply(ParseResult parsed, CnnClassificationTransformer network)
    {
        DecisionRule rule = network.Decision;
        if (parsed.GetValue(_shares) is { } shares)
            rule = Correct(rule, shares, network);
        if (parsed.GetValue(_abstain)?.Value is { } threshold)
            rule = rule with { AbstainBelow = threshold };
        network.Decision = rule;
    }

    /// <summary>Shares of classes, by name.</summary>
    public static Option<Dictionary<string, float>?> Shares(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "CLASS=SHARE,…",
        CustomParser = result =>
        {
            var shares = new Dictionary<string, float>(StringComparer.Ordinal);
            foreach (string part in (result.Tokens is [{ } token] ? token.Value : "").Split(','))
            {
                int equals = part.LastIndexOf('=');
                if (equals > 0 && float.TryParse(part[(equals + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture,
                    out float share) && share >= 0 && float.IsFinite(share) && shares.TryAdd(part[..equals], share))
                    continue;
                result.AddError($"{name} needs classes with shares of 0 or more, such as cat=0.2,dog=0.8, not '{part}'.");
                return null;
            }
            return shares;
        },
    };

    private static DecisionRule Correct(DecisionRule rule, Dictionary<string, float> shares, CnnClassificationTransformer network)
    {
        if (!shares.Keys.ToHashSet().SetEquals(network.ClassNames))
            throw new CommandException($"--class-shares names {string.Join(", ", shares.Keys)}; expected one share for each class: "
                + $"{string.Join(", ", network.ClassNames)}.", ExitCode.WrongUsage);
        if (network.Model.TrainingShares.Count == 0)
            throw new CommandException("--class-shares: the model does not know the shares of its training; models do that were "
                + "trained by this version.");
        return rule.ForClassShares(network.Model.TrainingShares, [.. network.ClassNames.Select(c => (double)shares[c])])
            with { AbstainBelow = rule.AbstainBelow };
    }
}
