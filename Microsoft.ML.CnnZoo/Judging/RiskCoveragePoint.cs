namespace Microsoft.ML.CnnZoo;

/// <summary>What a classifier would err if it answered its most confident rows only.</summary>
/// <param name="Coverage">Share of rows that are answered, above 0 to 1.</param>
/// <param name="Risk">Error rate among them.</param>
/// <param name="Confidence">Confidence of the least confident of them: the threshold that answers just these.</param>
public sealed record RiskCoveragePoint(double Coverage, double Risk, double Confidence);
