namespace Microsoft.ML.CnnZoo;

/// <summary>Rows of one class that were taken for another.</summary>
/// <param name="Label">The true class, from 0.</param>
/// <param name="Predicted">The class it was taken for, from 0.</param>
/// <param name="Count">How many rows.</param>
/// <param name="Share">Share of the true class's rows.</param>
public sealed record ConfusedPair(int Label, int Predicted, int Count, double Share);
