using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace CnnZoo.Cli;

/// <summary>Options that say in plain words what they accept.</summary>
internal static class CommandOptions
{
    /// <summary>A number within bounds, both included.</summary>
    public static Option<T> Number<T>(string name, string description, T defaultValue, T minimum, T maximum)
        where T : struct, INumber<T> => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            // no thousands separators: 0,01 is no number, rather than 1
            if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out T value)
                && value >= minimum && value <= maximum)
                return value;
            bool whole = T.One / (T.One + T.One) == T.Zero;
            result.AddError(string.Create(CultureInfo.InvariantCulture,
                $"{name} needs a {(whole ? "whole number" : "number")} from {minimum} to {maximum}, not '{text}'."));
            return defaultValue;
        },
    };

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
