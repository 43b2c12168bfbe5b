namespace Benchmarks;

/// <summary>
/// The geometric mean of the ratios to one peer over the networks and batch sizes of one kind of work.
/// </summary>
/// <param name="Peer">The peer's name.</param>
/// <param name="Kind">What was done.</param>
/// <param name="Precision">Numeric precision.</param>
/// <param name="Rows">Rows that have a ratio.</param>
/// <param name="Ratio">The mean.</param>
/// <param name="Lowest">The row of the lowest ratio.</param>
/// <param name="LowestRatio">That ratio.</param>
internal sealed record GeometricMean(
    string Peer, WorkKind Kind, WorkPrecision Precision, int Rows, double Ratio, ComparisonRow Lowest,
    double LowestRatio)
{
    /// <summary>The mean to be reached; null if there is no such goal.</summary>
    public double? Goal => Goals.Mean(Peer, Kind);

    /// <summary>The means of all peers and kinds that the rows have.</summary>
    public static IEnumerable<GeometricMean> Of(IEnumerable<ComparisonRow> rows) =>
        from row in rows
        from peer in row.Peers
        where peer.Ratio is not null
        group (Row: row, Ratio: peer.Ratio!.Value) by (row.Precision, row.Kind, peer.Name) into ratios
        let lowest = ratios.MinBy(r => r.Ratio)
        select new GeometricMean(
            ratios.Key.Name, ratios.Key.Kind, ratios.Key.Precision, ratios.Count(),
            Math.Exp(ratios.Average(r => Math.Log(r.Ratio))), lowest.Row, lowest.Ratio);
}
