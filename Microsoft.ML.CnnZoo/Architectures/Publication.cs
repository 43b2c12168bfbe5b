namespace Microsoft.ML.CnnZoo;

/// <summary>The paper that a network comes from.</summary>
/// <param name="Authors">Family names, in the paper's order.</param>
/// <param name="Year">Year of the first publication.</param>
/// <param name="Title">Title.</param>
/// <param name="Url">Where to read it.</param>
public sealed record Publication(string Authors, int Year, string Title, Uri Url);
