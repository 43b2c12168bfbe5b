namespace CnnZoo.Cli.Doctor;

/// <summary>What deserves a person's look, the gravest first.</summary>
internal enum FindingKind
{
    /// <summary>The file cannot be decoded, or ends too early.</summary>
    Unreadable,
    /// <summary>A file or folder that training leaves out.</summary>
    LeftOut,
    /// <summary>The same picture is in the training and in the test set.</summary>
    Leak,
    /// <summary>The same picture is in two classes.</summary>
    Conflict,
    /// <summary>The same picture twice in one class.</summary>
    Duplicate,
    /// <summary>The label is likely wrong.</summary>
    Mislabeled,
    /// <summary>One color all over.</summary>
    Constant,
    /// <summary>Very few pixels.</summary>
    Tiny,
    /// <summary>Very long, or very much larger than the others.</summary>
    OddSize,
    /// <summary>Gray among colored ones or the other way round; transparent pixels.</summary>
    OddColors,
    /// <summary>A class with few images.</summary>
    Imbalance,
}

/// <summary>One thing that was found.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">The file; a class folder for <see cref="FindingKind.Imbalance"/>.</param>
/// <param name="Class">Its class; empty where it has none.</param>
/// <param name="Detail">In words.</param>
/// <param name="Other">The image that it is a duplicate of.</param>
/// <param name="OtherClass">Its class, or the class that a label is likely to be.</param>
/// <param name="Score">Of duplicates the correlation of their pixels, 1 for equal files; of wrong labels how much more
/// probable the other class is.</param>
internal sealed record Finding(FindingKind Kind, string Path, string Class, string Detail, string? Other = null,
    string? OtherClass = null, double? Score = null);
