namespace Microsoft.ML.CnnZoo;

/// <summary>A class and how probable the network finds it.</summary>
/// <param name="Label">The class: the label's key value as text.</param>
/// <param name="Probability">In [0, 1]; those of all classes add up to 1.</param>
public sealed record ClassProbability(string Label, float Probability);
