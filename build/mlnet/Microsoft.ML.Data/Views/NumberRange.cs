namespace Microsoft.ML.Data;

/// <summary>An interval of numbers, or its complement; NaN is in neither.</summary>
internal readonly record struct NumberRange(double Minimum, double Maximum, bool IncludeMaximum, bool Complement)
{
    public bool Contains(double value)
    {
        bool below = value < Minimum;
        bool above = IncludeMaximum ? value > Maximum : value >= Maximum;
        return !double.IsNaN(value) && (below || above) == Complement;
    }
}
