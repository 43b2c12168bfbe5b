using System.CommandLine;
using System.Globalization;
using Microsoft.ML.CnnZoo;

namespace CnnZoo.Cli;

/// <summary>The switches that say what <c>cnnzoo experiment</c> tries: networks, what they start from, augmentations, rates.</summary>
internal sealed class CandidateArguments
{
    private readonly Option<string[]> _networks = List("--candidates", "Networks to try, with commas between: architectures "
        + "('cnnzoo list' names them), NAME=FILE to start from a file of weights, or files of other frameworks "
        + $"({NetworkFile.Foreign}) [default: those that suit the images' size]", "NAME,NAME=FILE", NetworkProblem);

    private readonly Option<string[]> _augmentations = List("--augment", "How training images are changed at random, with commas "
        + $"between: each way is tried with each network. {string.Join(", ", AugmentationArguments.Names)} [default: auto]",
        "NAME,NAME", AugmentationProblem);

    private readonly Option<string[]> _rates = List("--lr", "Learning rates, with commas between: each is tried with each network "
        + "[default: some that suit the networks]", "NUMBER,NUMBER",
        text => Rate(text) is > 0 and <= 1000 ? null : $"needs numbers greater than 0, 1000 at most, not '{text}'.");

    /// <summary>Declares them for a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_networks);
        command.Add(_augmentations);
        command.Add(_rates);
    }

    /// <summary>Sets what is tried.</summary>
    /// <exception cref="CommandException">A file cannot be used.</exception>
    public CnnExperimentOptions Apply(ParseResult parsed, CnnExperimentOptions options) => options with
    {
        Candidates = parsed.GetValue(_networks) is { Length: > 0 } networks ? [.. networks.Select(Open)] : null,
        Augmentations = parsed.GetValue(_augmentations) is { Length: > 0 } names
            ? [.. names.Select(n => AugmentationArguments.Find(n))] : null,
        LearningRates = parsed.GetValue(_rates) is { Length: > 0 } rates ? [.. rates.Select(Rate)] : null,
    };

    private static CnnExperimentCandidate Open(string text)
    {
        (string network, string? weights) = Split(text);
        return new()
        {
            Architecture = NetworkFile.FindOrImport(network, new()),
            InitialWeights = weights is null ? null : new CnnWeights(WeightsFile.Open(weights)),
        };
    }

    /// <summary><c>NAME=FILE</c>, or a network alone; a file's own name may have an equals sign.</summary>
    private static (string Network, string? Weights) Split(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && CnnArchitectures.IsKnown(text[..at])
            ? (text[..at], text[(at + 1)..]) : (text, null);

    private static string? NetworkProblem(string text)
    {
        (string network, string? weights) = Split(text);
        if (weights is "")
            return $"needs a file of weights after '{text}'.";
        try
        {
            if (!NetworkFile.IsForeign(network))
                CnnArchitectures.Find(network);
            return null;
        }
        catch (ArgumentException e)
        {
            return $"cannot use '{text}': {CommandOptions.WithoutParameter(e.Message)}";
        }
    }

    private static string? AugmentationProblem(string text)
    {
        string[] names = AugmentationArguments.Names;
        return names.Contains(text, StringComparer.Ordinal) ? null : CommandOptions.NeedsOneOf(names, text);
    }

    /// <summary>A number; 0 for what is none.</summary>
    private static float Rate(string text) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float rate) ? rate : 0;

    /// <summary>Texts with commas between.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">What it is.</param>
    /// <param name="helpName">What the texts look like.</param>
    /// <param name="problem">What is wrong with a text; null for nothing.</param>
    private static Option<string[]> List(string name, string description, string helpName, Func<string, string?> problem) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            const StringSplitOptions Trimmed = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
            string[] texts = [.. result.Tokens.SelectMany(t => t.Value.Split(',', Trimmed)).Distinct()];
            if (texts.Length == 0)
                result.AddError($"{name} needs {helpName}, not an empty text.");
            foreach (string text in texts)
                if (problem(text) is { } wrong)
                    result.AddError($"{name} {wrong}");
            return texts;
        },
    };
}
