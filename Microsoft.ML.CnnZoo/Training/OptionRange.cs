namespace Microsoft.ML.CnnZoo.Training;

/// <summary>Refuses options that are out of their range.</summary>
internal static class OptionRange
{
    /// <summary>Throws unless a condition holds.</summary>
    /// <param name="holds">The condition.</param>
    /// <param name="option">Name of the option as people write it: <c>Options.Epochs</c>,
    /// <c>AdamOptimizer.Beta1</c>.</param>
    /// <param name="value">Its value.</param>
    /// <param name="expected">What it may be: <c>1 or more</c>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The condition does not hold.</exception>
    public static void Require(bool holds, string option, object? value, string expected)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(null,
                FormattableString.Invariant($"{option} is {value ?? "null"}; expected {expected}."));
    }

    /// <summary>Throws unless the value is one of its enum.</summary>
    public static void RequireDefined<T>(T value, string option) where T : struct, Enum =>
        Require(Enum.IsDefined(value), option, value, $"one of {string.Join(", ", Enum.GetNames<T>())}");

    /// <summary>Throws unless 0 ≤ value &lt; 1.</summary>
    public static void RequireShare(float value, string option) =>
        Require(value is >= 0 and < 1, option, value, "at least 0 and less than 1");

    /// <summary>Throws unless the value is a number greater than 0.</summary>
    public static void RequirePositive(float value, string option) =>
        Require(value > 0 && float.IsFinite(value), option, value, "a number greater than 0");

    /// <summary>Throws unless the value is a number of at least 0.</summary>
    public static void RequireNotNegative(double value, string option) =>
        Require(value >= 0 && double.IsFinite(value), option, value, "a number, 0 or more");
}
