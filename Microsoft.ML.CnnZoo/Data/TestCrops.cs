namespace Microsoft.ML.CnnZoo;

/// <summary>Which crops of an image a trained network scores.</summary>
public enum TestCrops
{
    /// <summary>Its center. The default.</summary>
    Center,
    /// <summary>
    /// Its four corners and its center, and all five mirrored; the probabilities are averaged. Ten times the work.
    /// Krizhevsky, Sutskever, Hinton 2012, section 4.1.
    /// </summary>
    Ten,
}
