using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace CnnZoo.Cli;

/// <summary>Options that say in plain words what they accept.</summary>
internal static class CommandOptions
{
    /// <summary>A number within bounds, both included.</summary>
    public static Option<T> Number<T>(string name, string description, T defaultValue, T minimum, T maximum) where T : struct, INumber<T> => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (T.TryParse(text, CultureInfo.InvariantCulture, out T value) && value >= minimum && value <= maximum)
                return value;
            bool whole = T.One / (T.One + T.One) == T.Zero;
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} takes a {(whole ? "whole number" : "number")} from {minimum} to {maximum}, not '{text}'."));
            return defaultValue;
        },
    };

    /// <summary>One of the values of an enumeration, in lower case; the default is "auto".</summary>
    public static Option<T> Choice<T>(string name, string description, string value = "auto") where T : struct, Enum
    {
        var option = new Option<T>(name)
        {
            Description = description,
            DefaultValueFactory = _ => Enum.Parse<T>(value, ignoreCase: true),
            CustomParser = result => Enum.Parse<T>(result.Tokens[0].Value, ignoreCase: true),
        };
        option.AcceptOnlyFromAmong([.. Enum.GetNames<T>().Select(choice => choice.ToLowerInvariant())]);
        return option;
    }
}
