using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Microsoft.ML.CnnZoo.Architectures;

namespace CnnZoo.Cli;

/// <summary>A number that may be left open: the parser takes a plain null for a failure.</summary>
/// <param name="Value">The number; null where it is open.</param>
internal sealed record OpenNumber<T>(T? Value) where T : struct;

/// <summary>Options that say in plain words what they accept.</summary>
internal static class CommandOptions
{
    /// <summary>A number within bounds, both included.</summary>
    public static Option<T> Number<T>(string name, string description, T defaultValue, T minimum, T maximum)
        where T : struct, INumber<T> => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => defaultValue,
        HelpName = "NUMBER",
        CustomParser = result => Parse(result, name, minimum, maximum, [])?.Value ?? defaultValue,
    };

    /// <summary>A number within bounds, both included, or one of some words in its place.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">What it is, and what it is without the option.</param>
    /// <param name="minimum">The smallest number.</param>
    /// <param name="maximum">The largest.</param>
    /// <param name="words">The words and the values that they stand for.</param>
    public static Option<OpenNumber<T>?> Number<T>(string name, string description, T minimum, T maximum,
        params (string Word, T? Value)[] words) where T : struct, INumber<T> => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words.Select(w => w.Word).Append("NUMBER")),
        CustomParser = result => Parse(result, name, minimum, maximum, words),
    };

    private static OpenNumber<T>? Parse<T>(ArgumentResult result, string name, T minimum, T maximum, (string Word, T? Value)[] words)
        where T : struct, INumber<T>
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (words.Any(w => w.Word == text))
            return new(words.First(w => w.Word == text).Value);
        // no thousands separators: 0,01 is no number, rather than 1
        if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out T value)
            && value >= minimum && value <= maximum)
            return new(value);
        string choices = string.Concat(words.Select(w => $"{w.Word}, ")) + (words.Length > 0 ? "or " : "");
        result.AddError(string.Create(CultureInfo.InvariantCulture,
            $"{name} needs {choices}a {(IsWhole<T>() ? "whole number" : "number")} from {minimum} to {maximum}, not '{text}'."));
        return null;
    }

    /// <summary>Whether a type of numbers has no fractions.</summary>
    public static bool IsWhole<T>() where T : struct, INumber<T> => T.One / (T.One + T.One) == T.Zero;

    /// <summary>One of some names.</summary>
    public static Option<string?> Name(string name, string description, params string[] names)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = string.Join('|', names) };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ } token] && !names.Contains(token.Value, StringComparer.Ordinal))
                result.AddError($"{name} {NeedsOneOf(names, token.Value)}");
        });
        option.CompletionSources.Add(names);
        return option;
    }

    /// <summary>The error for a text that is not one of the names, with the nearest.</summary>
    public static string NeedsOneOf(string[] names, string text) => $"needs one of {string.Join(", ", names)}, not '{text}'"
        + (ArchitectureNames.Near(text, names) is [var nearest, ..] ? $": did you mean {nearest}?" : ".");

    /// <summary>An exception's message without the parameter's name that .NET appends: nobody typed it.</summary>
    public static string WithoutParameter(string message) => message.Split(" (Parameter '")[0];

    /// <summary>Refuses an empty name, as an unset shell variable gives it.</summary>
    public static void RefuseEmpty(Option option, string expected) => option.Validators.Add(result =>
    {
        if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
            result.AddError($"{option.Name} needs {expected}, not an empty text.");
    });

    /// <summary>One of the values of an enumeration, in lower case; the enumeration's first is the default.</summary>
    public static Option<T> Choice<T>(string name, string description) where T : struct, Enum
    {
        string[] choices = [.. Enum.GetNames<T>().Select(choice => choice.ToLowerInvariant())];
        var option = new Option<T>(name)
        {
            Description = $"{description} [default: {default(T).ToString().ToLowerInvariant()}]",
            HelpName = string.Join('|', choices),
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (choices.Contains(text, StringComparer.Ordinal))
                    return Enum.Parse<T>(text, ignoreCase: true);
                result.AddError($"{name} needs one of {string.Join(", ", choices)}, not '{text}'.");
                return default;
            },
        };
        option.CompletionSources.Add(choices);
        return option;
    }
}
