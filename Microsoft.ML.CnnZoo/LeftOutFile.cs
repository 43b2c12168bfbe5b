namespace Microsoft.ML.CnnZoo;

/// <summary>A file or folder that <see cref="ImageFolder"/> left out.</summary>
/// <param name="Path">Its path; a folder stands for all that it holds.</param>
/// <param name="Reason">Why, in a few words; equal for files left out for the same reason.</param>
public sealed record LeftOutFile(string Path, string Reason);
